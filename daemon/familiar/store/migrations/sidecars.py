"""Migrations of what is known of sidecars."""

from typing import TYPE_CHECKING

from familiar.store.migrations.statements import run

if TYPE_CHECKING:
    from sqlite_utils import Database


def add_sidecars(db: "Database") -> None:
    """Add what is known of sidecars: what familiar wrote into them, and what it took from them."""
    run(db, _SIDECARS)


def keep_turns_of_sidecars(db: "Database") -> None:
    """Keep how sidecars turn photos; so far none did."""
    run(db, "ALTER TABLE photos ADD COLUMN turn INTEGER")


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
