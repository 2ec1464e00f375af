"""Migrations of files, folders and disks."""

from typing import TYPE_CHECKING

from familiar.store.migrations.statements import run

if TYPE_CHECKING:
    from sqlite_utils import Database


def add_sightings(db: "Database") -> None:
    """Add the files that a command looked at, wherever they are."""
    run(db, _SIGHTINGS)


def add_disks(db: "Database") -> None:
    """Add the disks of folders and operations, and the order in which operations were done, whatever the clock said."""
    run(db, _DISKS)


def keep_times_of_changes(db: "Database") -> None:
    """Keep when each file was changed in any way: edits can hide themselves from size and modification time.

    Of files that are known so far, the time that is found first counts, so that none is read again.
    """
    for table in ("files", "sightings", "sidecars"):
        run(db, f"ALTER TABLE {table} ADD COLUMN ctime_ns INTEGER")


def count_files_passed_by(db: "Database") -> None:
    """Keep how many files in each root are no photos by their names."""
    run(db, "ALTER TABLE roots ADD COLUMN passed_by TEXT")


def tell_arrivals_from_the_backlog(db: "Database") -> None:
    """Add which files the first scan of a root found: those that come later are handled before them."""
    run(db, _BACKLOG)


def settle_arrivals_before_the_backlog(db: "Database") -> None:
    """Let files that arrive settle without going through a backlog that settles, too."""
    run(db, _SETTLING)


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

_BACKLOG = """
ALTER TABLE files ADD COLUMN in_backlog INTEGER NOT NULL DEFAULT 0;
UPDATE files SET in_backlog = 1 WHERE state IN ('settling', 'pending', 'failed');
DROP INDEX files_pending;
CREATE INDEX files_pending ON files (in_backlog, id) WHERE state = 'pending'
"""

_SETTLING = """
DROP INDEX files_settling;
CREATE INDEX files_settling ON files (in_backlog, due) WHERE state = 'settling'
"""
