"""Migrations of photos, tags and albums on Flickr."""

from typing import TYPE_CHECKING

from familiar.store.migrations.statements import run
from familiar.tags import clean_tag

if TYPE_CHECKING:
    from sqlite_utils import Database


def add_flickr(db: "Database") -> None:
    """Add the photos of an account on Flickr, the tags that go there, and the calls that were made."""
    run(db, _FLICKR)


def keep_punctuation_of_tags(db: "Database") -> None:
    """Keep punctuation beyond ASCII in the cleaned forms of tags, as Flickr does; so far it was dropped."""
    rows = db.conn.execute("SELECT id, text, clean FROM flickr_tags").fetchall()
    db.conn.executemany(
        "UPDATE flickr_tags SET clean = ? WHERE id = ?",
        [(clean_tag(text), id_) for id_, text, clean in rows if clean_tag(text) != clean],
    )


def keep_what_flickr_says(db: "Database") -> None:
    """Keep who can see each photo on Flickr, and its tags there; the account is listed anew for that."""
    for column in ("visibility", "tags"):
        run(db, f"ALTER TABLE flickr_photos ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    run(db, "DELETE FROM facts WHERE name = 'flickr listed at'")


def keep_details_of_flickr_photos(db: "Database") -> None:
    """Keep what owners say of their photos on Flickr; the account is listed anew for that.

    A title that is NULL was never told: what follows it is then no change.
    """
    run(db, _FLICKR_DETAILS)


def keep_albums_of_flickr(db: "Database") -> None:
    """Keep the albums of the account; that of a photo is kept before the photo is listed."""
    run(db, _FLICKR_ALBUMS)


def tell_accounts_apart(db: "Database") -> None:
    """Keep the account of each photo and album on Flickr; so far there was one."""
    for table in ("flickr_photos", "flickr_albums"):
        run(db, f"ALTER TABLE {table} ADD COLUMN account TEXT NOT NULL DEFAULT 'flickr'")
    run(db, "CREATE INDEX flickr_photos_account ON flickr_photos (account, state)")


def keep_wordings_of_flickr(db: "Database") -> None:
    """Keep how tags on Flickr were written, and what licences are called."""
    run(db, _FLICKR_WORDINGS)


def keep_marked_people(db: "Database") -> None:
    """Keep who is marked on photos on Flickr; so far Flickr was not asked."""
    run(db, "ALTER TABLE flickr_photos ADD COLUMN marked TEXT NOT NULL DEFAULT ''")
    run(db, "ALTER TABLE flickr_photos ADD COLUMN marked_at INTEGER")


def decide_again_on_tags_of_the_same_content(db: "Database") -> None:
    """Let rules decide again on uploads of one content: so far each got the tags that rules gave any of them."""
    run(
        db,
        "UPDATE flickr_photos SET decided = NULL WHERE photo_id IN "
        "(SELECT photo_id FROM flickr_photos GROUP BY photo_id HAVING count(*) > 1)",
    )


def keep_dates_of_deleted_photos(db: "Database") -> None:
    """Let a photo that was deleted on Flickr keep the date that its owner gave it."""
    run(db, _DATES_OF_DELETED_PHOTOS)


def keep_albums_of_deleted_photos(db: "Database") -> None:
    """Keep albums that are gone for photos that were deleted; so far both were forgotten."""
    run(db, "ALTER TABLE flickr_albums ADD COLUMN gone INTEGER NOT NULL DEFAULT 0")


def keep_failures_of_tags(db: "Database") -> None:
    """Add why a tag could not be sent the last time."""
    run(db, "ALTER TABLE flickr_tags ADD COLUMN failure TEXT")


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
