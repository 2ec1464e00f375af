"""Migrations of clusters, and of the log of decisions."""

from typing import TYPE_CHECKING

from familiar.store.migrations.statements import run

if TYPE_CHECKING:
    from sqlite_utils import Database


def add_clusters(db: "Database") -> None:
    """Add groups of faces that nobody has named, what a person decided about them, and the log of those decisions."""
    run(db, _CLUSTERS)


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
