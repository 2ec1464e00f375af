"""Open the store's file: create, check, back up, migrate.

A new store is made under a temporary name and renamed when it is whole, so that a file under the final name is always
a store, and whatever else is found there is damage to report, never something to write over.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from familiar.errors import StoreError, StoreUnavailableError
from familiar.store.migrations import migrations

BUSY_SECONDS = 10.0
"""How long a writer waits for another process's short transaction."""


def open_database(path: Path, *, now: datetime, check: bool = False) -> tuple[Database, Path | None]:
    """Open the store at `path`, creating or migrating it as needed; return it, and the backup if it was migrated.

    Args:
        path: the SQLite file; its folder must exist.
        now: used in the name of a backup that precedes a migration.
        check: read the whole file and look for damage (`PRAGMA quick_check`).

    Raises:
        StoreError: the file is damaged, of a newer version, or may not be written.
    """
    with _translated(path):
        if not path.exists():
            _create(path)
        elif path.stat().st_size == 0:
            raise StoreError(_damage(path, "the file is empty"))
        connection = _connect(path)
        db = Database(connection, execute_plugins=False)
        try:
            _refuse_newer(db, path)
            if check:
                _check(db, path)
            backup = _migrate(db, path, now)
        except BaseException:
            db.close()
            raise
        connection.path = path
        return db, backup


@contextmanager
def writing(db: Database) -> Iterator[None]:
    """Run a block as one write transaction; inside another one it is a part of that.

    `BEGIN IMMEDIATE` takes the write lock before anything is read: a deferred transaction that reads first and then
    finds that another process has written can't wait, and fails with "database is locked".
    """
    if db.conn.in_transaction:
        with db.atomic():
            yield
        return
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.conn.execute("COMMIT")
    except BaseException:
        _roll_back(db)
        raise


@contextmanager
def reading(db: Database) -> Iterator[None]:
    """Run a block that sees the store as it was at its first look, whatever other processes write meanwhile."""
    db.conn.execute("BEGIN DEFERRED")
    try:
        yield
    finally:
        _roll_back(db)


def _roll_back(db: Database) -> None:
    if db.conn.in_transaction:  # a full disk may have ended it already
        db.conn.rollback()


def damage_in(db: Database) -> str | None:
    """Read the whole store and return what is wrong with it, or None."""
    try:
        rows = [str(row[0]) for row in db.conn.execute("PRAGMA quick_check(3)")]
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if rows == ["ok"] else "; ".join(rows)


class _Connection(sqlite3.Connection):
    """A connection that tells familiar's own errors, once the store is open and `path` is set."""

    path: Path | None = None

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        with self.translating():
            return self.cursor(_Cursor).execute(*arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        with self.translating():
            return super().executemany(*arguments)

    @contextmanager
    def translating(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if self.path is None:
                raise
            raise StoreUnavailableError(f"{self.path}: the store can't be used for now: {error}.") from error
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            if self.path is None:
                raise
            raise StoreError(_damage(self.path, str(error))) from error


class _Cursor(sqlite3.Cursor):
    """A cursor that tells familiar's own errors when rows are taken: a write that returns some ends only then."""

    connection: _Connection

    def fetchone(self) -> Any:
        with self.connection.translating():
            return super().fetchone()

    def fetchall(self) -> list[Any]:
        with self.connection.translating():
            return super().fetchall()

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except sqlite3.DatabaseError:  # with no context around every row, of which there may be a million
            with self.connection.translating():
                raise


def _connect(path: Path) -> _Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS, factory=_Connection)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: what the journal says must be on disk before a file is touched, through a loss of power too.
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _create(path: Path) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    db = Database(_connect(fresh), execute_plugins=False)
    try:
        migrations.apply(db)
        db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.close()
    fresh.chmod(0o600)
    try:
        os.link(fresh, path)  # unlike a rename it never replaces a store that another process has just made
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _refuse_newer(db: Database, path: Path) -> None:
    known = {migration.name for migration in migrations.pending(db)}
    known |= {migration.name for migration in migrations._migrations}  # noqa: SLF001 - there is no public list of all
    applied = [migration.name for migration in migrations.applied(db)]
    if not applied:
        raise StoreError(_damage(path, "it is an SQLite file, but not a store of familiar"))
    newer = [name for name in applied if name not in known]
    if newer:
        raise StoreError(
            f"{path}: the store was written by a newer version of familiar (it has {', '.join(newer)}); "
            "install that version or a later one. Nothing was changed."
        )


def _migrate(db: Database, path: Path, now: datetime) -> Path | None:
    if not migrations.pending(db):
        return None
    backup = path.with_name(f"{path.name}.backup-{now:%Y%m%dT%H%M%S}")
    if shutil.disk_usage(path.parent).free < 2 * path.stat().st_size:
        raise StoreError(f"{path}: there is no room for the backup that precedes a migration; free some space first.")
    with sqlite3.connect(backup) as target:
        db.conn.backup(target)
    target.close()
    backup.chmod(0o600)
    migrations.apply(db)
    return backup


def _check(db: Database, path: Path) -> None:
    damage = damage_in(db)
    if damage:
        raise StoreError(_damage(path, damage))


def _damage(path: Path, detail: str) -> str:
    return (
        f"{path}: the store is damaged ({detail}). Nothing was changed. Put a backup in its place, or move it away to "
        "begin anew; `sqlite3 FILE .recover` may save what is in it."
    )


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StoreError(
                f"{path}: the store is locked by another program for over {BUSY_SECONDS:.0f} s."
            ) from error
        raise StoreError(f"{path}: the store can't be opened ({error}); is its folder writable?") from error
    except sqlite3.DatabaseError as error:
        raise StoreError(_damage(path, str(error))) from error
    except OSError as error:
        raise StoreError(f"{path}: the store can't be opened: {error.strerror}.") from error
