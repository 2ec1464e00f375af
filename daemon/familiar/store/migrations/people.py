"""Migrations of people, their references, and the models of embeddings."""

from typing import TYPE_CHECKING

from familiar.store.migrations.statements import loosen, run

if TYPE_CHECKING:
    from sqlite_utils import Database


def keep_removed_references(db: "Database") -> None:
    """Add the references of people who were removed; and never give the id of a person or a reference again."""
    run(db, _REMOVED_REFERENCES)


def add_models(db: "Database") -> None:
    """Let a face have embeddings of several models, of any dimension, and remember which model is in use."""
    run(db, _MODELS)
    loosen(
        db,
        ("faces", "face_references"),
        "length(embedding) = 512",
        "length(embedding) > 0 AND length(embedding) % 4 = 0",
    )


def keep_covers_and_hidden_people(db: "Database") -> None:
    """Keep which face stands for a person, and which people are hidden; so far none are."""
    run(db, "ALTER TABLE people ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0")
    run(db, "ALTER TABLE people ADD COLUMN cover INTEGER")


def index_matches(db: "Database") -> None:
    """Find the nearest faces of a person, photos by their verdicts, and damaged ones, in large stores, too."""
    run(db, _NEAREST)


def look_up_kept_embeddings_of_references(db: "Database") -> None:
    """Find the embeddings of references by the references, of which there are few, not by all that are kept."""
    run(db, _KEPT_OF_REFERENCES)


def note_what_faces_are_matched_with(db: "Database") -> None:
    """Keep with which references of each person all faces are matched, and which faces were decided on since.

    So only faces that a change of people can concern are matched again.
    """
    run(db, _MATCHED_PEOPLE)
    for name, (event, faces) in _UNMATCHED.items():
        # Not `OR IGNORE`: a foreign key's action that fires the trigger has a policy of its own.
        new = f"SELECT face_id FROM ({faces}) WHERE face_id NOT IN (SELECT face_id FROM unmatched_faces)"
        db.conn.execute(f"CREATE TRIGGER {name} {event} BEGIN INSERT INTO unmatched_faces (face_id) {new}; END")


def go_on_with_matching(db: "Database") -> None:
    """Keep how faces are matched with the people who are noted: matching that was interrupted goes on where it was."""
    run(db, _MATCHED_AS)


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

_NEAREST = """
CREATE INDEX matches_nearest ON matches (person_id, accepted, distance);
DROP INDEX matches_person;
CREATE INDEX photos_verdict ON photos (verdict);
CREATE INDEX photos_damaged ON photos (id) WHERE missing IS NOT NULL
"""

_KEPT_OF_REFERENCES = """
DROP VIEW encoded_references;
CREATE VIEW encoded_references AS SELECT id, person_id, face_id, origin, engine AS model, embedding FROM face_references
    UNION ALL SELECT face_references.id, person_id, face_references.face_id, origin, model, kept.embedding
    FROM face_references CROSS JOIN face_embeddings AS kept ON kept.face_id = face_references.face_id
"""

_MATCHED_PEOPLE = """
CREATE TABLE matched_people (name TEXT PRIMARY KEY, threshold REAL, embeddings BLOB NOT NULL);
CREATE TABLE unmatched_faces (face_id INTEGER PRIMARY KEY);
INSERT INTO facts (name, value) VALUES ('matching', '')
"""

_MATCHED_AS = """
INSERT INTO facts (name, value) SELECT 'matched as', substr(value, instr(value, '{'))
    FROM facts WHERE name = 'matched with';
DELETE FROM matched_people WHERE EXISTS (SELECT 1 FROM facts WHERE name = 'matching' AND value != '');
DELETE FROM facts WHERE name = 'matching'
"""

_OF_CLUSTER = """
SELECT face_id FROM cluster_faces WHERE cluster_id IN (
    SELECT {id} UNION SELECT other_id FROM refusals WHERE cluster_id = {id}
    UNION SELECT cluster_id FROM refusals WHERE other_id = {id}
) UNION SELECT face_id FROM refusals WHERE other_id = {id} AND face_id IS NOT NULL
"""
"""Faces of which a decision about a cluster says who they are, or who they are not."""

_OF_REFUSAL = """
SELECT {row}.face_id AS face_id WHERE {row}.face_id IS NOT NULL
UNION SELECT face_id FROM cluster_faces WHERE cluster_id IN ({row}.cluster_id, {row}.other_id)
"""

_IS_DECIDED = """
EXISTS (SELECT 1 FROM clusters WHERE id = {row}.cluster_id AND (person_id IS NOT NULL OR ignored))
OR EXISTS (SELECT 1 FROM refusals WHERE cluster_id = {row}.cluster_id)
OR EXISTS (SELECT 1 FROM refusals WHERE other_id = {row}.cluster_id)
"""
_INTO, _OUT_OF = _IS_DECIDED.format(row="NEW"), _IS_DECIDED.format(row="OLD")

_UNMATCHED = {
    "decided_by_joining": (f"AFTER INSERT ON cluster_faces WHEN {_INTO}", "SELECT NEW.face_id AS face_id"),
    "decided_by_leaving": (f"AFTER DELETE ON cluster_faces WHEN {_OUT_OF}", "SELECT OLD.face_id AS face_id"),
    "decided_by_moving": (
        f"AFTER UPDATE OF cluster_id ON cluster_faces WHEN {_INTO} OR {_OUT_OF}",
        "SELECT NEW.face_id AS face_id",
    ),
    "decided_by_naming": ("AFTER UPDATE OF person_id, ignored ON clusters", _OF_CLUSTER.format(id="NEW.id")),
    "decided_by_refusing": ("AFTER INSERT ON refusals", _OF_REFUSAL.format(row="NEW")),
    "decided_by_admitting": ("AFTER DELETE ON refusals", _OF_REFUSAL.format(row="OLD")),
    "decided_by_refusing_others": (
        "AFTER UPDATE ON refusals",
        f"{_OF_REFUSAL.format(row='NEW')} UNION {_OF_REFUSAL.format(row='OLD')}",
    ),
    "decided_by_merging": ("AFTER UPDATE OF person_id ON matches", "SELECT NEW.face_id AS face_id"),
    "decided_by_removing": ("BEFORE DELETE ON people", "SELECT face_id FROM matches WHERE person_id = OLD.id"),
    "decided_to_be_a_face": ("AFTER DELETE ON no_faces", "SELECT OLD.face_id AS face_id"),
    "decided_to_be_no_clip": ("AFTER DELETE ON clip_faces", "SELECT OLD.face_id AS face_id"),
}
"""What decides who faces are, or who they are not, and the faces, by the names of the triggers."""
