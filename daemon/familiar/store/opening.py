"""Open the store's file: create, check, back up, migrate.

A new store is made under a temporary name and renamed when it is whole, so that a file under the final name is always
a store, and whatever else is found there is damage to report, never something to write over.
"""

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import familiar
from familiar.errors import NoStoreError, OlderStoreError, StoreError, StoreUnavailableError
from familiar.filesystem.anchors import Anchor
from familiar.state import is_without_room, keep_owner_of
from familiar.store.check import StoreCheck
from familiar.store.connection import BUSY_SECONDS, LOGS, connect, damage_message
from familiar.store.database import Database
from familiar.store.migrations import migrations

_LEAST_ROOM = 1 << 16
"""Bytes without which a disk counts as full: SQLite has 32 KiB beside an open store, and its log."""


def open_database(
    path: Path,
    *,
    now: datetime,
    create: bool = True,
    migrate: bool = True,
    check: StoreCheck | None = None,
    kinds: AbstractSet[str] | None = None,
) -> tuple[Database, Path | None]:
    """Open the store at `path`, migrating it as needed; return it, and the backup if it was migrated.

    Args:
        path: the SQLite file; its folder must exist.
        now: used in the name of a backup that precedes a migration.
        create: create a missing store.
        migrate: migrate an older store; only the one who holds the state folder may.
        check: what looks for damage in the whole file; before a migration it is waited for.
        kinds: the kinds of operations that this version knows; None if no operation is to be read.

    Raises:
        NoStoreError: it does not exist, and is not to be created.
        OlderStoreError: it is of an older version, and is not to be migrated.
        StoreError: the file is damaged, of a newer version, or may not be written.
    """
    with _translated(path):
        if not os.path.lexists(path):
            if not create:
                raise NoStoreError(f"{path}: no store exists.")
            _create(path)
        _check_file(path)
        anchor = Anchor.at(path)
        connection = connect(path)
        db = Database(connection)
        try:
            _refuse_newer(db, path, kinds)
            if check is not None:
                check.begin()
            if not migrate:
                _refuse_older(db, path)
            if check is not None and migrations.pending(connection):
                check.finish(is_in_use=False)
            backup = _migrate(db, path, now)
            connection.watch(path, anchor)
        except BaseException:
            db.close()
            raise
        return db, backup


def _check_file(path: Path) -> None:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise StoreError(
            f"{path}: is not a regular file, so it is not a store; move it away, or choose another --state."
        )
    if found.st_size == 0:
        raise StoreError(damage_message(path, "the file is empty"))


def _create(path: Path) -> None:
    _check_no_log(path)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    db = Database(connect(fresh, create=True))
    try:
        _migrate_tables(db)
        db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.close()
    _give_to_owner(fresh)
    try:
        os.link(fresh, path)  # unlike a rename it never replaces a store that another process has just made
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _give_to_owner(fresh: Path) -> None:
    """Make a new store private to the owner of its folder, also if root makes it."""
    fresh.chmod(0o600)
    keep_owner_of(fresh, fresh.parent)


def _check_no_log(path: Path) -> None:
    """Refuse to create a store next to the log of another one, which SQLite would apply to it."""
    log = path.with_name(path.name + LOGS[0])
    if os.path.lexists(log) and not path.exists():
        raise StoreError(
            f"{path}: the store is gone, but its {log.name} still exists. Put the store back next to it. Before you "
            f"restore a backup or start a new store, move {path.name}-wal and {path.name}-shm away."
        )


def _refuse_newer(db: Database, path: Path, kinds: AbstractSet[str] | None) -> None:
    applied = migrations.applied(db.conn)
    if not applied:
        raise StoreError(damage_message(path, "it is an SQLite file, but not a store of familiar"))
    newer = [name for name in applied if name not in migrations.names] or _unknown_kinds(db, kinds)
    if newer:
        version = _version_of(db)
        wanted = "that version" if version is None else f"familiar {version}"
        raise StoreError(
            f"{path}: the store was written by a newer version of familiar (it has {', '.join(newer)}); "
            f"install {wanted} or a later one. Nothing was changed."
        )


def _version_of(db: Database) -> str | None:
    """Return the version of familiar that made the tables of a store; None if it is this one, or not known."""
    row = db.conn.execute("SELECT value FROM facts WHERE name = 'version'").fetchone()
    return None if row is None or row[0] == familiar.__version__ else str(row[0])


def _migrate_tables(db: Database) -> None:
    """Apply the migrations that a store lacks, and record the version that has done so."""
    migrations.apply(db.conn)
    db.conn.execute(
        "INSERT INTO facts (name, value) VALUES ('version', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (familiar.__version__,),
    )


def _unknown_kinds(db: Database, kinds: AbstractSet[str] | None) -> list[str]:
    """Return the kinds of operations that the journal has and this version does not know."""
    table = db.conn.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'operation_kinds'")
    if kinds is None or table.fetchone() is None:
        return []
    names = [str(row[0]) for row in db.conn.execute("SELECT name FROM operation_kinds ORDER BY name")]
    return [f"operations of the kind {name}" for name in names if name not in kinds]


def _refuse_older(db: Database, path: Path) -> None:
    lacks = migrations.pending(db.conn)
    if lacks:
        raise OlderStoreError(path, lacks, "Run `familiar migrate`, which keeps a backup.")


def _migrate(db: Database, path: Path, now: datetime) -> Path | None:
    if not migrations.pending(db.conn):
        return None
    backup = path.with_name(f"{path.name}.backup-{now:%Y%m%dT%H%M%S}")
    if shutil.disk_usage(path.parent).free < 2 * path.stat().st_size:
        raise StoreUnavailableError(
            f"{path}: not enough disk space for the backup before a migration; free disk space first."
        )
    with sqlite3.connect(backup) as target:
        db.conn.backup(target)
    target.close()
    _give_rights_of(path, backup)
    _migrate_tables(db)
    return backup


def _give_rights_of(path: Path, copy: Path) -> None:
    """Give a copy the owner and the mode of a file, so that whoever uses the file can put the copy in its place."""
    found, made = path.stat(), copy.stat()
    if (found.st_uid, found.st_gid) != (made.st_uid, made.st_gid):
        os.chown(copy, found.st_uid, found.st_gid)
    copy.chmod(stat.S_IMODE(found.st_mode))


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StoreUnavailableError(
                f"{path}: the store has been locked by another program for over {BUSY_SECONDS:.0f} s."
            ) from error
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL or _is_full(path.parent):
            raise StoreUnavailableError(
                f"{path}: the store can't be opened for now, as its disk is full; free disk space."
            ) from error
        raise StoreError(f"{path}: the store can't be opened ({error}); {_likely_cause(path)}") from error
    except sqlite3.DatabaseError as error:
        raise StoreError(damage_message(path, str(error))) from error
    except FileNotFoundError as error:
        if path.is_symlink():
            raise StoreError(f"{path}: is a broken link; is the disk of its target mounted?") from error
        raise StoreError(f"{path}: the store can't be opened: {error.strerror}.") from error
    except OSError as error:
        kind = StoreUnavailableError if is_without_room(error) else StoreError
        raise kind(f"{path}: the store can't be opened: {error.strerror}.") from error


def _likely_cause(path: Path) -> str:
    """Return why SQLite may be unable to open a store, or the question that is left."""
    with suppress(OSError):
        owner = path.stat().st_uid
        if owner != os.geteuid() and not os.access(path, os.R_OK | os.W_OK):
            return f"it belongs to another user (uid {owner}); run this as that user: sudo -u '#{owner}' familiar ..."
    return "is its folder writable?"


def _is_full(folder: Path) -> bool:
    """Return whether there is no room for the files that SQLite has beside a store."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < _LEAST_ROOM
