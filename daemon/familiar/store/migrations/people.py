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
