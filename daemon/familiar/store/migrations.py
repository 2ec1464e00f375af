"""The shape of the store, one migration a change; a released migration is never edited.

Paths are BLOBs: a Linux path is bytes, and not all of them are UTF-8. Times of events are UTC text (ISO 8601).
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from familiar.tags import clean_tag

if TYPE_CHECKING:
    from sqlite_utils import Database

Migration: TypeAlias = "Callable[[Database], None]"

_SET = "familiar"
"""What sqlite-utils records each migration with."""


class StoreMigrations:
    """All migrations in their order, each of which is applied once, by sqlite-utils.

    Most stores have all of them when they are opened, and then sqlite-utils is not imported: it takes longer than many
    a command.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._migrations: dict[str, Migration] = {}

    def __call__(self) -> "Callable[[Migration], Migration]":
        """Return the decorator of a migration; its name is that of the function."""

        def register(migration: "Migration") -> "Migration":
            assert migration.__name__ not in self._migrations
            self._migrations[migration.__name__] = migration
            return migration

        return register

    @property
    def names(self) -> list[str]:
        """The names of all migrations."""
        return list(self._migrations)

    def applied(self, connection: sqlite3.Connection) -> list[str]:
        """Return the names of the migrations that a store has, in the order in which they were applied."""
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone():
            return []
        rows = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY rowid", (_SET,))
        return [str(name) for (name,) in rows]

    def pending(self, connection: sqlite3.Connection) -> list[str]:
        """Return the names of the migrations that a store lacks."""
        applied = self.applied(connection)
        return [name for name in self.names if name not in applied]

    def apply(self, connection: sqlite3.Connection, *, stop_before: str | None = None) -> None:
        """Apply the migrations that a store lacks, each in a transaction; with `stop_before`, those before that one."""
        from sqlite_utils import Database, Migrations  # noqa: PLC0415 - see above

        wanted = Migrations(_SET)
        for migration in self._migrations.values():
            wanted()(migration)
        wanted.apply(Database(connection, execute_plugins=False), stop_before=stop_before)


migrations = StoreMigrations()


@migrations()
def create_store(db: "Database") -> None:
    """Create the tables of photos and people."""
    _run(db, _PHOTOS)


@migrations()
def create_journal(db: "Database") -> None:
    """Create the tables of plans and their operations."""
    _run(db, _JOURNAL)


@migrations()
def add_videos(db: "Database") -> None:
    """Add what is known of videos: the kind of a photo, its length, when a face is seen; and what a plan follows."""
    _run(db, _VIDEOS)


@migrations()
def add_clusters(db: "Database") -> None:
    """Add groups of faces that nobody has named, what a person decided about them, and the log of those decisions."""
    _run(db, _CLUSTERS)


@migrations()
def widen_journal(db: "Database") -> None:
    """Let the journal know sidecars and tags, and what was there before an operation."""
    _run(db, _WIDER_JOURNAL)


@migrations()
def add_sightings(db: "Database") -> None:
    """Add the files that a command looked at, wherever they are."""
    _run(db, _SIGHTINGS)


@migrations()
def add_batches(db: "Database") -> None:
    """Add what belongs together in the journal: all that one command did."""
    _run(db, "ALTER TABLE plans ADD COLUMN batch INTEGER; CREATE INDEX plans_batch ON plans (batch)")


@migrations()
def add_sidecars(db: "Database") -> None:
    """Add what is known of sidecars: what familiar wrote into them, and what it took from them."""
    _run(db, _SIDECARS)


@migrations()
def add_flickr(db: "Database") -> None:
    """Add the photos of an account on Flickr, the tags that go there, and the calls that were made."""
    _run(db, _FLICKR)


@migrations()
def add_disks(db: "Database") -> None:
    """Add the disks of folders and operations, and the order in which operations were done, whatever the clock said."""
    _run(db, _DISKS)


@migrations()
def add_views_of_faces(db: "Database") -> None:
    """Add what is left of faces, matches and members of clusters without what somebody called no face."""
    _run(db, _REAL_FACES)


@migrations()
def name_kinds(db: "Database") -> None:
    """Give the two operations on sidecars a kind each, and list the kinds that the journal knows in a table."""
    _run(db, _KINDS)


@migrations()
def keep_removed_references(db: "Database") -> None:
    """Add the references of people who were removed; and never give the id of a person or a reference again."""
    _run(db, _REMOVED_REFERENCES)


@migrations()
def add_models(db: "Database") -> None:
    """Let a face have embeddings of several models, of any dimension, and remember which model is in use."""
    _run(db, _MODELS)
    _loosen(
        db,
        ("faces", "face_references"),
        "length(embedding) = 512",
        "length(embedding) > 0 AND length(embedding) % 4 = 0",
    )


@migrations()
def keep_scores_of_detectors(db: "Database") -> None:
    """Keep how sure the detector was of each face; of those that were found before, nobody knows."""
    _run(db, "ALTER TABLE faces ADD COLUMN score REAL")


@migrations()
def keep_quality(db: "Database") -> None:
    """Keep how good the picture of each face is; faces that were found before are rated one by one."""
    _run(db, _QUALITY)


@migrations()
def keep_sources_of_dates(db: "Database") -> None:
    """Keep where the date of each photo was found; so far it came from the camera."""
    _run(db, _SOURCES_OF_DATES)


@migrations()
def keep_times_of_changes(db: "Database") -> None:
    """Keep when each file was changed in any way: edits can hide themselves from size and modification time.

    Of files that are known so far, the time that is found first counts, so that none is read again.
    """
    for table in ("files", "sightings", "sidecars"):
        _run(db, f"ALTER TABLE {table} ADD COLUMN ctime_ns INTEGER")


@migrations()
def count_files_passed_by(db: "Database") -> None:
    """Keep how many files in each root are no photos by their names."""
    _run(db, "ALTER TABLE roots ADD COLUMN passed_by TEXT")


@migrations()
def keep_damage(db: "Database") -> None:
    """Keep the share of each photo that is missing in its file; so far such photos were set aside."""
    _run(db, "ALTER TABLE photos ADD COLUMN missing REAL")


@migrations()
def keep_punctuation_of_tags(db: "Database") -> None:
    """Keep punctuation beyond ASCII in the cleaned forms of tags, as Flickr does; so far it was dropped."""
    rows = db.conn.execute("SELECT id, text, clean FROM flickr_tags").fetchall()
    db.conn.executemany(
        "UPDATE flickr_tags SET clean = ? WHERE id = ?",
        [(clean_tag(text), id_) for id_, text, clean in rows if clean_tag(text) != clean],
    )


@migrations()
def keep_faces_of_clips(db: "Database") -> None:
    """Keep the faces of a video while it is the clip of a live photo, and what tells which still it belongs to.

    The engine of a photo is the one that looked for faces: none in a clip that never was a video of its own.
    """
    _run(db, _CLIPS)


@migrations()
def keep_turns_of_sidecars(db: "Database") -> None:
    """Keep how sidecars turn photos; so far none did."""
    _run(db, "ALTER TABLE photos ADD COLUMN turn INTEGER")


@migrations()
def look_again_at_damaged_photos(db: "Database") -> None:
    """Have photos that were set aside as damaged looked at once more: of most of them, something can be decoded now.

    Photos of Flickr stay refused; those that operations are about, and those that were seen before, whose faces would
    be lost, stay as they are.
    """
    _run(db, _DAMAGED_PHOTOS)


@migrations()
def keep_what_flickr_says(db: "Database") -> None:
    """Keep who can see each photo on Flickr, and its tags there; the account is listed anew for that."""
    for column in ("visibility", "tags"):
        _run(db, f"ALTER TABLE flickr_photos ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    _run(db, "DELETE FROM facts WHERE name = 'flickr listed at'")


@migrations()
def keep_details_of_flickr_photos(db: "Database") -> None:
    """Keep what owners say of their photos on Flickr; the account is listed anew for that.

    A title that is NULL was never told: what follows it is then no change.
    """
    _run(db, _FLICKR_DETAILS)


@migrations()
def keep_albums_of_flickr(db: "Database") -> None:
    """Keep the albums of the account; that of a photo is kept before the photo is listed."""
    _run(db, _FLICKR_ALBUMS)


@migrations()
def keep_covers_and_hidden_people(db: "Database") -> None:
    """Keep which face stands for a person, and which people are hidden; so far none are."""
    _run(db, "ALTER TABLE people ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0")
    _run(db, "ALTER TABLE people ADD COLUMN cover INTEGER")


@migrations()
def tell_accounts_apart(db: "Database") -> None:
    """Keep the account of each photo and album on Flickr; so far there was one."""
    for table in ("flickr_photos", "flickr_albums"):
        _run(db, f"ALTER TABLE {table} ADD COLUMN account TEXT NOT NULL DEFAULT 'flickr'")
    _run(db, "CREATE INDEX flickr_photos_account ON flickr_photos (account, state)")


@migrations()
def keep_wordings_of_flickr(db: "Database") -> None:
    """Keep how tags on Flickr were written, and what licences are called."""
    _run(db, _FLICKR_WORDINGS)


@migrations()
def index_timeline(db: "Database") -> None:
    """Find photos by their dates, and what is known of a face without its embedding.

    The date of a photo is that of the view `photo_dates`, which no index can have: triggers keep it beside the photo.
    """
    _run(db, _TIMELINE)
    for name, event in _CHANGES_OF_DATES.items():
        db.conn.execute(f"CREATE TRIGGER {name} AFTER {event}")


@migrations()
def keep_marked_people(db: "Database") -> None:
    """Keep who is marked on photos on Flickr; so far Flickr was not asked."""
    _run(db, "ALTER TABLE flickr_photos ADD COLUMN marked TEXT NOT NULL DEFAULT ''")
    _run(db, "ALTER TABLE flickr_photos ADD COLUMN marked_at INTEGER")


@migrations()
def tell_arrivals_from_the_backlog(db: "Database") -> None:
    """Add which files the first scan of a root found: those that come later are handled before them."""
    _run(db, _BACKLOG)


@migrations()
def index_matches(db: "Database") -> None:
    """Find the nearest faces of a person, photos by their verdicts, and damaged ones, in large stores, too."""
    _run(db, _NEAREST)


@migrations()
def decide_again_on_tags_of_the_same_content(db: "Database") -> None:
    """Let rules decide again on uploads of one content: so far each got the tags that rules gave any of them."""
    _run(
        db,
        "UPDATE flickr_photos SET decided = NULL WHERE photo_id IN "
        "(SELECT photo_id FROM flickr_photos GROUP BY photo_id HAVING count(*) > 1)",
    )


@migrations()
def keep_dates_of_deleted_photos(db: "Database") -> None:
    """Let a photo that was deleted on Flickr keep the date that its owner gave it."""
    _run(db, _DATES_OF_DELETED_PHOTOS)


@migrations()
def keep_albums_of_deleted_photos(db: "Database") -> None:
    """Keep albums that are gone for photos that were deleted; so far both were forgotten."""
    _run(db, "ALTER TABLE flickr_albums ADD COLUMN gone INTEGER NOT NULL DEFAULT 0")


def _loosen(db: "Database", tables: Sequence[str], check: str, looser: str) -> None:
    """Give tables a check that lets more pass, in the text of their definitions: rows are not touched.

    This is the way that SQLite describes for it (https://sqlite.org/lang_altertable.html, 7). To make the tables anew
    would delete their rows at first, and with them all that refers to them.
    """
    (version,) = db.conn.execute("PRAGMA schema_version").fetchone()
    db.conn.execute("PRAGMA writable_schema = ON")
    for table in tables:
        db.conn.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
            (check, looser, table),
        )
    db.conn.execute(f"PRAGMA schema_version = {version + 1}")
    db.conn.execute("PRAGMA writable_schema = RESET")


def _run(db: "Database", script: str) -> None:
    """Run each statement inside the migration's transaction; `executescript` would commit it."""
    for statement in script.split(";"):
        if statement.strip():
            db.conn.execute(statement)


_PHOTOS = """
CREATE TABLE roots (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,
    device INTEGER,
    state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'online', 'offline')),
    reason TEXT,
    scanned_at TEXT
);

CREATE TABLE folders (
    id INTEGER PRIMARY KEY,
    root_id INTEGER REFERENCES roots (id),
    path BLOB NOT NULL UNIQUE,
    device INTEGER
);
CREATE INDEX folders_root ON folders (root_id);

CREATE TABLE photos (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64),
    verdict TEXT NOT NULL CHECK (verdict IN ('seen', 'set aside', 'output')),
    reason TEXT,
    format TEXT,
    width INTEGER,
    height INTEGER,
    taken TEXT,
    engine TEXT,
    seen_at TEXT NOT NULL,
    handled_at TEXT
);

CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    folder_id INTEGER NOT NULL REFERENCES folders (id),
    name BLOB NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('settling', 'pending', 'done', 'failed', 'gone')),
    due REAL,
    photo_id INTEGER REFERENCES photos (id),
    attempts INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    found_at TEXT NOT NULL,
    UNIQUE (folder_id, name)
);
CREATE INDEX files_photo ON files (photo_id);
CREATE INDEX files_settling ON files (due) WHERE state = 'settling';
CREATE INDEX files_failed ON files (due) WHERE state = 'failed';
CREATE INDEX files_pending ON files (id) WHERE state = 'pending';

CREATE TABLE faces (
    id INTEGER PRIMARY KEY,
    photo_id INTEGER NOT NULL REFERENCES photos (id) ON DELETE CASCADE,
    box_left INTEGER NOT NULL,
    box_top INTEGER NOT NULL,
    box_right INTEGER NOT NULL,
    box_bottom INTEGER NOT NULL,
    landmarks TEXT NOT NULL,
    embedding BLOB NOT NULL CHECK (length(embedding) = 512),
    size INTEGER NOT NULL,
    sharpness REAL NOT NULL,
    engine TEXT NOT NULL
);
CREATE INDEX faces_photo ON faces (photo_id);

CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL UNIQUE,
    threshold REAL,
    added_at TEXT NOT NULL
);

CREATE TABLE face_references (
    id INTEGER PRIMARY KEY,
    person_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    face_id INTEGER REFERENCES faces (id),
    embedding BLOB NOT NULL CHECK (length(embedding) = 512),
    engine TEXT NOT NULL,
    origin BLOB,
    taken TEXT,
    added_at TEXT NOT NULL,
    UNIQUE (person_id, face_id)
);
CREATE INDEX face_references_face ON face_references (face_id);

CREATE TABLE matches (
    face_id INTEGER PRIMARY KEY REFERENCES faces (id) ON DELETE CASCADE,
    person_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    distance REAL NOT NULL,
    ambiguous INTEGER NOT NULL,
    accepted INTEGER NOT NULL
);
CREATE INDEX matches_person ON matches (person_id, accepted);

CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
INSERT INTO facts (name, value) VALUES ('people version', '0'), ('matched with', '')
"""

_JOURNAL = """
CREATE TABLE plans (
    id INTEGER PRIMARY KEY,
    photo_id INTEGER NOT NULL REFERENCES photos (id),
    path BLOB NOT NULL,
    made_at TEXT NOT NULL
);
CREATE INDEX plans_photo ON plans (photo_id);

CREATE TABLE operations (
    id INTEGER PRIMARY KEY,
    plan_id INTEGER NOT NULL REFERENCES plans (id),
    position INTEGER NOT NULL,
    rule TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('move', 'copy', 'link', 'crop')),
    wish BLOB NOT NULL,
    parameters TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'planned'
        CHECK (state IN ('planned', 'doing', 'done', 'kept', 'failed', 'refused', 'undo', 'undoing', 'undone')),
    source BLOB,
    target BLOB,
    temporary BLOB,
    hash TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    retry_at TEXT,
    error TEXT,
    started_at TEXT,
    finished_at TEXT,
    UNIQUE (plan_id, position)
);
CREATE INDEX operations_open ON operations (state, plan_id)
    WHERE state IN ('planned', 'doing', 'failed', 'undo', 'undoing');
CREATE INDEX operations_finished ON operations (finished_at);
CREATE INDEX operations_hash ON operations (hash)
"""

_VIDEOS = """
ALTER TABLE photos ADD COLUMN kind TEXT NOT NULL DEFAULT 'photo' CHECK (kind IN ('photo', 'video', 'clip'));
ALTER TABLE photos ADD COLUMN duration REAL;
ALTER TABLE faces ADD COLUMN time REAL;
ALTER TABLE faces ADD COLUMN times TEXT NOT NULL DEFAULT '[]';
ALTER TABLE plans ADD COLUMN follows INTEGER REFERENCES plans (id);
CREATE INDEX faces_engine ON faces (engine, photo_id)
"""

_CLUSTERS = """
CREATE TABLE clusters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id INTEGER REFERENCES people (id) ON DELETE SET NULL,
    kept INTEGER NOT NULL DEFAULT 0,
    ignored INTEGER NOT NULL DEFAULT 0,
    absorbed_by INTEGER REFERENCES clusters (id),
    made_at TEXT NOT NULL
);
CREATE INDEX clusters_person ON clusters (person_id) WHERE person_id IS NOT NULL;

CREATE TABLE cluster_faces (
    face_id INTEGER PRIMARY KEY REFERENCES faces (id) ON DELETE CASCADE,
    cluster_id INTEGER NOT NULL REFERENCES clusters (id),
    by TEXT NOT NULL CHECK (by IN ('program', 'person')),
    distance REAL,
    model TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX cluster_faces_cluster ON cluster_faces (cluster_id);

CREATE TABLE refusals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    face_id INTEGER REFERENCES faces (id) ON DELETE CASCADE,
    cluster_id INTEGER REFERENCES clusters (id),
    person_id INTEGER REFERENCES people (id) ON DELETE CASCADE,
    other_id INTEGER REFERENCES clusters (id),
    at TEXT NOT NULL,
    CHECK ((face_id IS NULL) != (cluster_id IS NULL)),
    CHECK ((person_id IS NULL) != (other_id IS NULL))
);
CREATE INDEX refusals_face ON refusals (face_id) WHERE face_id IS NOT NULL;
CREATE INDEX refusals_cluster ON refusals (cluster_id) WHERE cluster_id IS NOT NULL;
CREATE INDEX refusals_other ON refusals (other_id) WHERE other_id IS NOT NULL;

CREATE TABLE no_faces (
    face_id INTEGER PRIMARY KEY REFERENCES faces (id) ON DELETE CASCADE,
    at TEXT NOT NULL
);

CREATE TABLE alike (
    face_id INTEGER NOT NULL REFERENCES faces (id) ON DELETE CASCADE,
    other_id INTEGER NOT NULL REFERENCES faces (id) ON DELETE CASCADE,
    distance REAL NOT NULL,
    PRIMARY KEY (face_id, other_id)
);
CREATE INDEX alike_other ON alike (other_id);

CREATE TABLE cluster_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    by TEXT NOT NULL CHECK (by IN ('program', 'person')),
    summary TEXT NOT NULL,
    changes TEXT NOT NULL,
    at TEXT NOT NULL,
    undone_at TEXT
);

INSERT INTO facts (name, value) VALUES ('clustered', '')
"""

_WIDER_JOURNAL = """
CREATE TABLE wider_operations (
    id INTEGER PRIMARY KEY,
    plan_id INTEGER NOT NULL REFERENCES plans (id),
    position INTEGER NOT NULL,
    rule TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('move', 'copy', 'link', 'crop', 'sidecar', 'tag')),
    wish BLOB NOT NULL,
    parameters TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'planned'
        CHECK (state IN ('planned', 'doing', 'done', 'kept', 'failed', 'refused', 'undo', 'undoing', 'undone')),
    source BLOB,
    target BLOB,
    temporary BLOB,
    hash TEXT,
    before BLOB,
    attempts INTEGER NOT NULL DEFAULT 0,
    retry_at TEXT,
    error TEXT,
    started_at TEXT,
    finished_at TEXT,
    UNIQUE (plan_id, position)
);
INSERT INTO wider_operations (id, plan_id, position, rule, kind, wish, parameters, state, source, target,
    temporary, hash, attempts, retry_at, error, started_at, finished_at)
    SELECT id, plan_id, position, rule, kind, wish, parameters, state, source, target,
    temporary, hash, attempts, retry_at, error, started_at, finished_at FROM operations;
DROP TABLE operations;
ALTER TABLE wider_operations RENAME TO operations;
CREATE INDEX operations_open ON operations (state, plan_id)
    WHERE state IN ('planned', 'doing', 'failed', 'undo', 'undoing');
CREATE INDEX operations_finished ON operations (finished_at);
CREATE INDEX operations_hash ON operations (hash)
"""

_SIGHTINGS = """
CREATE TABLE sightings (
    id INTEGER PRIMARY KEY,
    folder_id INTEGER NOT NULL REFERENCES folders (id),
    name BLOB NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    photo_id INTEGER NOT NULL REFERENCES photos (id) ON DELETE CASCADE,
    UNIQUE (folder_id, name)
);
CREATE INDEX sightings_photo ON sightings (photo_id)
"""

_SIDECARS = """
CREATE TABLE sidecars (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,
    photo_id INTEGER NOT NULL REFERENCES photos (id) ON DELETE CASCADE,
    wanted TEXT,
    wrote TEXT,
    size INTEGER,
    mtime_ns INTEGER
);
CREATE INDEX sidecars_photo ON sidecars (photo_id);

CREATE TABLE sidecar_regions (
    id INTEGER PRIMARY KEY,
    photo_id INTEGER NOT NULL REFERENCES photos (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    x REAL NOT NULL,
    y REAL NOT NULL,
    width REAL NOT NULL,
    height REAL NOT NULL,
    taken_at TEXT NOT NULL
);
CREATE INDEX sidecar_regions_photo ON sidecar_regions (photo_id)
"""

_FLICKR = """
CREATE TABLE flickr_photos (
    id TEXT PRIMARY KEY,
    secret TEXT NOT NULL,
    media TEXT NOT NULL CHECK (media IN ('photo', 'video')),
    updated INTEGER NOT NULL,
    uploaded INTEGER NOT NULL,
    taken TEXT,
    url TEXT,
    width INTEGER NOT NULL DEFAULT 0,
    height INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL CHECK (state IN ('listed', 'fetched', 'done', 'left', 'refused', 'gone')),
    attempts INTEGER NOT NULL DEFAULT 0,
    retry_at TEXT,
    reason TEXT,
    file_id INTEGER REFERENCES files (id),
    photo_id INTEGER REFERENCES photos (id),
    walk INTEGER NOT NULL,
    decided TEXT
);
CREATE INDEX flickr_photos_waiting ON flickr_photos (uploaded, id) WHERE state = 'listed';
CREATE INDEX flickr_photos_fetched ON flickr_photos (file_id) WHERE state = 'fetched';
CREATE INDEX flickr_photos_photo ON flickr_photos (photo_id);
CREATE INDEX flickr_photos_file ON flickr_photos (file_id);
CREATE INDEX flickr_photos_walk ON flickr_photos (walk);

CREATE TABLE flickr_tags (
    id INTEGER PRIMARY KEY,
    flickr_id TEXT NOT NULL REFERENCES flickr_photos (id),
    text TEXT NOT NULL,
    clean TEXT NOT NULL,
    rule TEXT NOT NULL,
    wanted INTEGER NOT NULL,
    present INTEGER NOT NULL DEFAULT 0,
    ours INTEGER NOT NULL DEFAULT 0,
    sending INTEGER NOT NULL DEFAULT 0,
    vetoed INTEGER NOT NULL DEFAULT 0,
    refused TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    retry_at TEXT,
    at TEXT NOT NULL,
    UNIQUE (flickr_id, clean)
);
CREATE INDEX flickr_tags_open ON flickr_tags (id) WHERE refused IS NULL AND (sending OR wanted != present);

CREATE TABLE flickr_calls (
    kind TEXT NOT NULL,
    minute INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (kind, minute)
)
"""

_DISKS = """
CREATE TABLE disks (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE
);

CREATE TABLE places (
    path BLOB PRIMARY KEY,
    real BLOB NOT NULL,
    disk_id INTEGER NOT NULL REFERENCES disks (id),
    trusted INTEGER NOT NULL DEFAULT 0,
    seen_at TEXT NOT NULL
);

ALTER TABLE operations ADD COLUMN source_real BLOB;
ALTER TABLE operations ADD COLUMN target_real BLOB;
ALTER TABLE operations ADD COLUMN source_disk INTEGER REFERENCES disks (id);
ALTER TABLE operations ADD COLUMN target_disk INTEGER REFERENCES disks (id);
ALTER TABLE operations ADD COLUMN waits_for BLOB;
ALTER TABLE operations ADD COLUMN done_order INTEGER;
UPDATE operations SET done_order = ranked.place FROM (
    SELECT id, row_number() OVER (ORDER BY finished_at, plan_id, position) AS place FROM operations
    WHERE state IN ('done', 'undo', 'undoing', 'undone')
) AS ranked WHERE ranked.id = operations.id;
CREATE INDEX operations_done ON operations (done_order);
CREATE INDEX operations_left ON operations (id) WHERE temporary IS NOT NULL;
CREATE INDEX operations_waiting ON operations (waits_for) WHERE waits_for IS NOT NULL
"""

_REAL_FACES = """
CREATE VIEW real_faces AS SELECT * FROM faces WHERE id NOT IN (SELECT face_id FROM no_faces);
CREATE VIEW real_matches AS SELECT * FROM matches WHERE face_id NOT IN (SELECT face_id FROM no_faces);
CREATE VIEW real_cluster_faces AS SELECT * FROM cluster_faces WHERE face_id NOT IN (SELECT face_id FROM no_faces)
"""

_KINDS = """
CREATE TABLE operation_kinds (
    name TEXT PRIMARY KEY
);
INSERT INTO operation_kinds (name)
    VALUES ('move'), ('copy'), ('link'), ('crop'), ('tag'), ('move_sidecar'), ('write_sidecar');

CREATE TABLE named_operations (
    id INTEGER PRIMARY KEY,
    plan_id INTEGER NOT NULL REFERENCES plans (id),
    position INTEGER NOT NULL,
    rule TEXT NOT NULL,
    kind TEXT NOT NULL REFERENCES operation_kinds (name),
    wish BLOB NOT NULL,
    parameters TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'planned'
        CHECK (state IN ('planned', 'doing', 'done', 'kept', 'failed', 'refused', 'undo', 'undoing', 'undone')),
    source BLOB,
    target BLOB,
    temporary BLOB,
    hash TEXT,
    before BLOB,
    attempts INTEGER NOT NULL DEFAULT 0,
    retry_at TEXT,
    error TEXT,
    started_at TEXT,
    finished_at TEXT,
    source_real BLOB,
    target_real BLOB,
    source_disk INTEGER REFERENCES disks (id),
    target_disk INTEGER REFERENCES disks (id),
    waits_for BLOB,
    done_order INTEGER,
    UNIQUE (plan_id, position)
);
INSERT INTO named_operations (id, plan_id, position, rule, kind, wish, parameters, state, source, target, temporary,
    hash, before, attempts, retry_at, error, started_at, finished_at, source_real, target_real, source_disk,
    target_disk, waits_for, done_order)
    SELECT id, plan_id, position, rule, CASE WHEN kind != 'sidecar' THEN kind
    WHEN json_type(parameters, '$.wanted') IS NULL THEN 'move_sidecar' ELSE 'write_sidecar' END,
    wish, parameters, state, source, target, temporary,
    hash, before, attempts, retry_at, error, started_at, finished_at, source_real, target_real, source_disk,
    target_disk, waits_for, done_order FROM operations;
DROP TABLE operations;
ALTER TABLE named_operations RENAME TO operations;
CREATE INDEX operations_open ON operations (state, plan_id)
    WHERE state IN ('planned', 'doing', 'failed', 'undo', 'undoing');
CREATE INDEX operations_finished ON operations (finished_at);
CREATE INDEX operations_hash ON operations (hash);
CREATE INDEX operations_done ON operations (done_order);
CREATE INDEX operations_left ON operations (id) WHERE temporary IS NOT NULL;
CREATE INDEX operations_waiting ON operations (waits_for) WHERE waits_for IS NOT NULL
"""

_REMOVED_REFERENCES = """
CREATE TABLE removed_references (
    event_id INTEGER NOT NULL REFERENCES cluster_events (id),
    id INTEGER NOT NULL,
    person_id INTEGER NOT NULL,
    face_id INTEGER,
    embedding BLOB NOT NULL,
    engine TEXT NOT NULL,
    origin BLOB,
    taken TEXT,
    added_at TEXT NOT NULL,
    PRIMARY KEY (event_id, id)
);

CREATE TABLE numbered_references (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    face_id INTEGER REFERENCES faces (id),
    embedding BLOB NOT NULL CHECK (length(embedding) = 512),
    engine TEXT NOT NULL,
    origin BLOB,
    taken TEXT,
    added_at TEXT NOT NULL,
    UNIQUE (person_id, face_id)
);
INSERT INTO numbered_references (id, person_id, face_id, embedding, engine, origin, taken, added_at)
    SELECT id, person_id, face_id, embedding, engine, origin, taken, added_at FROM face_references ORDER BY id;
DROP TABLE face_references;
ALTER TABLE numbered_references RENAME TO face_references;
CREATE INDEX face_references_face ON face_references (face_id);

INSERT INTO facts (name, value) SELECT 'last person', COALESCE(max(id), 0) FROM people
"""

_MODELS = """
CREATE TABLE face_embeddings (
    model TEXT NOT NULL,
    face_id INTEGER NOT NULL REFERENCES faces (id) ON DELETE CASCADE,
    embedding BLOB NOT NULL CHECK (length(embedding) > 0 AND length(embedding) % 4 = 0),
    PRIMARY KEY (model, face_id)
);
CREATE INDEX face_embeddings_face ON face_embeddings (face_id);

CREATE VIEW encoded_references AS SELECT id, person_id, face_id, origin, engine AS model, embedding FROM face_references
    UNION ALL SELECT id, person_id, face_id, origin, model, kept.embedding FROM face_embeddings AS kept
    JOIN face_references USING (face_id);

INSERT INTO facts (name, value) VALUES ('model', COALESCE((SELECT engine FROM (
    SELECT engine FROM faces UNION ALL SELECT engine FROM face_references
) GROUP BY engine ORDER BY count(*) DESC, engine DESC LIMIT 1), '')), ('model carried', '')
"""
"""The model in use is that of most faces and references; in a store without any it is chosen with the first ones."""

_QUALITY = """
ALTER TABLE faces ADD COLUMN quality REAL;
CREATE INDEX faces_quality ON faces (quality)
"""

_SOURCES_OF_DATES = """
ALTER TABLE photos ADD COLUMN taken_source TEXT;
UPDATE photos SET taken_source = 'camera' WHERE taken IS NOT NULL
"""

_CLIPS = """
ALTER TABLE photos ADD COLUMN content_id TEXT;

CREATE TABLE clip_faces (
    face_id INTEGER PRIMARY KEY REFERENCES faces (id) ON DELETE CASCADE
);
INSERT INTO clip_faces (face_id) SELECT faces.id FROM photos JOIN faces ON photo_id = photos.id WHERE kind = 'clip';
DELETE FROM matches WHERE face_id IN (SELECT face_id FROM clip_faces);
UPDATE photos SET engine = NULL WHERE kind = 'clip' AND id NOT IN (SELECT photo_id FROM faces);

DROP VIEW real_faces;
DROP VIEW real_matches;
DROP VIEW real_cluster_faces;
CREATE VIEW real_faces AS SELECT * FROM faces
    WHERE id NOT IN (SELECT face_id FROM no_faces) AND id NOT IN (SELECT face_id FROM clip_faces);
CREATE VIEW real_matches AS SELECT * FROM matches
    WHERE face_id NOT IN (SELECT face_id FROM no_faces) AND face_id NOT IN (SELECT face_id FROM clip_faces);
CREATE VIEW real_cluster_faces AS SELECT * FROM cluster_faces
    WHERE face_id NOT IN (SELECT face_id FROM no_faces) AND face_id NOT IN (SELECT face_id FROM clip_faces);

ALTER TABLE files ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0;
CREATE INDEX files_in_lower_case ON files (folder_id, lower(CAST(name AS TEXT)))
"""

_FLICKR_ALBUMS = """
CREATE TABLE flickr_albums (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    updated INTEGER NOT NULL,
    photos INTEGER NOT NULL,
    known_updated INTEGER,
    known_photos INTEGER,
    known_members INTEGER
);

CREATE TABLE flickr_album_photos (
    album_id TEXT NOT NULL,
    flickr_id TEXT NOT NULL,
    PRIMARY KEY (album_id, flickr_id)
) WITHOUT ROWID;
CREATE INDEX flickr_album_photos_photo ON flickr_album_photos (flickr_id)
"""

_FLICKR_WORDINGS = """
CREATE TABLE flickr_wordings (
    clean TEXT PRIMARY KEY,
    raw TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE flickr_licenses (
    license TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    url TEXT NOT NULL
) WITHOUT ROWID
"""

_FLICKR_DETAILS = """
ALTER TABLE flickr_photos ADD COLUMN title TEXT;
ALTER TABLE flickr_photos ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE flickr_photos ADD COLUMN granularity TEXT NOT NULL DEFAULT 'second';
ALTER TABLE flickr_photos ADD COLUMN latitude REAL;
ALTER TABLE flickr_photos ADD COLUMN longitude REAL;
ALTER TABLE flickr_photos ADD COLUMN license TEXT NOT NULL DEFAULT '';
ALTER TABLE flickr_photos ADD COLUMN news TEXT;
CREATE INDEX flickr_photos_news ON flickr_photos (news) WHERE news IS NOT NULL;

CREATE VIEW photo_dates AS SELECT photos.id AS photo, COALESCE(own.taken, photos.taken) AS date,
    CASE WHEN own.taken IS NULL THEN taken_source ELSE 'flickr' END AS date_source
    FROM photos LEFT JOIN flickr_photos AS own ON own.rowid = (
        SELECT rowid FROM flickr_photos
        WHERE photo_id = photos.id AND taken IS NOT NULL AND state != 'gone' ORDER BY uploaded, id LIMIT 1
    );

DELETE FROM facts WHERE name = 'flickr listed at'
"""

_DAMAGED_PHOTOS = """
CREATE TEMPORARY TABLE damaged AS SELECT id FROM photos
    WHERE verdict = 'set aside' AND reason LIKE 'damaged or not a picture: %' AND width IS NULL
    AND NOT EXISTS (SELECT 1 FROM plans WHERE photo_id = photos.id)
    AND NOT EXISTS (SELECT 1 FROM flickr_photos WHERE photo_id = photos.id);
UPDATE files SET state = 'pending', photo_id = NULL WHERE state = 'done' AND photo_id IN (SELECT id FROM damaged);
UPDATE files SET photo_id = NULL WHERE photo_id IN (SELECT id FROM damaged);
DELETE FROM photos WHERE id IN (SELECT id FROM damaged);
DROP TABLE damaged
"""

_TIMELINE = """
ALTER TABLE photos ADD COLUMN timeline_date TEXT;
UPDATE photos SET timeline_date = (SELECT date FROM photo_dates WHERE photo = photos.id);
CREATE INDEX photos_timeline ON photos (timeline_date, id, kind) WHERE verdict = 'seen' AND kind != 'clip';
CREATE INDEX photos_set_aside ON photos (id) WHERE verdict = 'set aside';
CREATE INDEX faces_glance ON faces (id, photo_id, quality)
"""
"""A row of a face has a thousand bytes, most of them its embedding; an entry of this index has twenty."""

_KEEP_DATE = "UPDATE photos SET timeline_date = (SELECT date FROM photo_dates WHERE photo = photos.id) WHERE id IN"
_CHANGES_OF_DATES = {
    "date_of_new_photo": f"INSERT ON photos WHEN NEW.taken IS NOT NULL BEGIN {_KEEP_DATE} (NEW.id); END",
    "date_of_photo": f"UPDATE OF taken ON photos BEGIN {_KEEP_DATE} (NEW.id); END",
    "date_from_flickr": f"INSERT ON flickr_photos WHEN NEW.taken IS NOT NULL BEGIN {_KEEP_DATE} (NEW.photo_id); END",
    "date_changed_on_flickr": "UPDATE OF taken, state, photo_id, uploaded ON flickr_photos "
    "WHEN NEW.taken IS NOT NULL OR OLD.taken IS NOT NULL "
    f"BEGIN {_KEEP_DATE} (NEW.photo_id, OLD.photo_id); END",
    "date_gone_from_flickr": "DELETE ON flickr_photos WHEN OLD.taken IS NOT NULL "
    f"BEGIN {_KEEP_DATE} (OLD.photo_id); END",
}
"""What changes the dates of photos, by the names of the triggers."""

_BACKLOG = """
ALTER TABLE files ADD COLUMN in_backlog INTEGER NOT NULL DEFAULT 0;
UPDATE files SET in_backlog = 1 WHERE state IN ('settling', 'pending', 'failed');
DROP INDEX files_pending;
CREATE INDEX files_pending ON files (in_backlog, id) WHERE state = 'pending'
"""

_NEAREST = """
CREATE INDEX matches_nearest ON matches (person_id, accepted, distance);
DROP INDEX matches_person;
CREATE INDEX photos_verdict ON photos (verdict);
CREATE INDEX photos_damaged ON photos (id) WHERE missing IS NOT NULL
"""

_DATES_OF_DELETED_PHOTOS = """
DROP VIEW photo_dates;
CREATE VIEW photo_dates AS SELECT photos.id AS photo, COALESCE(own.taken, photos.taken) AS date,
    CASE WHEN own.taken IS NULL THEN taken_source ELSE 'flickr' END AS date_source
    FROM photos LEFT JOIN flickr_photos AS own ON own.rowid = (
        SELECT rowid FROM flickr_photos
        WHERE photo_id = photos.id AND taken IS NOT NULL ORDER BY state = 'gone', uploaded, id LIMIT 1
    );
UPDATE photos SET timeline_date = (SELECT date FROM photo_dates WHERE photo = photos.id)
    WHERE id IN (SELECT photo_id FROM flickr_photos WHERE state = 'gone')
"""
