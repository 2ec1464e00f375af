"""Migrations of photos and faces."""

from typing import TYPE_CHECKING

from familiar.store.migrations.statements import run

if TYPE_CHECKING:
    from sqlite_utils import Database


def create_store(db: "Database") -> None:
    """Create the tables of photos and people."""
    run(db, _PHOTOS)


def add_videos(db: "Database") -> None:
    """Add what is known of videos: the kind of a photo, its length, when a face is seen; and what a plan follows."""
    run(db, _VIDEOS)


def add_views_of_faces(db: "Database") -> None:
    """Add what is left of faces, matches and members of clusters without what somebody called no face."""
    run(db, _REAL_FACES)


def keep_scores_of_detectors(db: "Database") -> None:
    """Keep how sure the detector was of each face; of those that were found before, nobody knows."""
    run(db, "ALTER TABLE faces ADD COLUMN score REAL")


def keep_quality(db: "Database") -> None:
    """Keep how good the picture of each face is; faces that were found before are rated one by one."""
    run(db, _QUALITY)


def keep_sources_of_dates(db: "Database") -> None:
    """Keep where the date of each photo was found; so far it came from the camera."""
    run(db, _SOURCES_OF_DATES)


def keep_damage(db: "Database") -> None:
    """Keep the share of each photo that is missing in its file; so far such photos were set aside."""
    run(db, "ALTER TABLE photos ADD COLUMN missing REAL")


def keep_faces_of_clips(db: "Database") -> None:
    """Keep the faces of a video while it is the clip of a live photo, and what tells which still it belongs to.

    The engine of a photo is the one that looked for faces: none in a clip that never was a video of its own.
    """
    run(db, _CLIPS)


def look_again_at_damaged_photos(db: "Database") -> None:
    """Have photos that were set aside as damaged looked at once more: of most of them, something can be decoded now.

    Photos of Flickr stay refused; those that operations are about, and those that were seen before, whose faces would
    be lost, stay as they are.
    """
    run(db, _DAMAGED_PHOTOS)


def index_timeline(db: "Database") -> None:
    """Find photos by their dates, and what is known of a face without its embedding.

    The date of a photo is that of the view `photo_dates`, which no index can have: triggers keep it beside the photo.
    """
    run(db, _TIMELINE)
    for name, event in _CHANGES_OF_DATES.items():
        db.conn.execute(f"CREATE TRIGGER {name} AFTER {event}")


def mark_changed_embeddings(db: "Database") -> None:
    """Keep the mark by which a file with the embeddings of all faces is known to have what the store has.

    Changes of faces that the file may have take it back.
    """
    run(db, "INSERT INTO facts (name, value) VALUES ('matrix', '')")
    for name, event in _CHANGES_OF_EMBEDDINGS.items():
        db.conn.execute(f"CREATE TRIGGER {name} AFTER {event} BEGIN {_TAKE_MARK_BACK}; END")


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

_VIDEOS = """
ALTER TABLE photos ADD COLUMN kind TEXT NOT NULL DEFAULT 'photo' CHECK (kind IN ('photo', 'video', 'clip'));
ALTER TABLE photos ADD COLUMN duration REAL;
ALTER TABLE faces ADD COLUMN time REAL;
ALTER TABLE faces ADD COLUMN times TEXT NOT NULL DEFAULT '[]';
ALTER TABLE plans ADD COLUMN follows INTEGER REFERENCES plans (id);
CREATE INDEX faces_engine ON faces (engine, photo_id)
"""

_REAL_FACES = """
CREATE VIEW real_faces AS SELECT * FROM faces WHERE id NOT IN (SELECT face_id FROM no_faces);
CREATE VIEW real_matches AS SELECT * FROM matches WHERE face_id NOT IN (SELECT face_id FROM no_faces);
CREATE VIEW real_cluster_faces AS SELECT * FROM cluster_faces WHERE face_id NOT IN (SELECT face_id FROM no_faces)
"""

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

_TAKE_MARK_BACK = "UPDATE facts SET value = '' WHERE name = 'matrix' AND value != ''"

_CHANGES_OF_EMBEDDINGS = {
    "embedding_changed": "UPDATE OF id, photo_id, embedding, engine ON faces",
    "embedding_deleted": "DELETE ON faces",
    "embedding_between": "INSERT ON faces WHEN NEW.id < (SELECT max(id) FROM faces)",
}
"""What changes embeddings of faces other than by adding new ones, by the names of the triggers."""
