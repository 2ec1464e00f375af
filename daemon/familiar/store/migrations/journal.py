"""Migrations of the journal of operations."""

from typing import TYPE_CHECKING

from familiar.store.migrations.statements import run

if TYPE_CHECKING:
    from sqlite_utils import Database


def create_journal(db: "Database") -> None:
    """Create the tables of plans and their operations."""
    run(db, _JOURNAL)


def widen_journal(db: "Database") -> None:
    """Let the journal know sidecars and tags, and what was there before an operation."""
    run(db, _WIDER_JOURNAL)


def add_batches(db: "Database") -> None:
    """Add what belongs together in the journal: all that one command did."""
    run(db, "ALTER TABLE plans ADD COLUMN batch INTEGER; CREATE INDEX plans_batch ON plans (batch)")


def name_kinds(db: "Database") -> None:
    """Give the two operations on sidecars a kind each, and list the kinds that the journal knows in a table."""
    run(db, _KINDS)


def tell_outdated_operations(db: "Database") -> None:
    """Tell operations that were refused because somebody took the photo away or changed it from all others."""
    run(db, "ALTER TABLE operations ADD COLUMN is_outdated INTEGER NOT NULL DEFAULT 0")


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
