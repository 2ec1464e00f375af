"""Open the store's file: create, check, back up, migrate.

A new store is made under a temporary name and renamed when it is whole, so that a file under the final name is always
a store, and whatever else is found there is damage to report, never something to write over.

SQLite knows its files by descriptors, and never notices that one was deleted or replaced: it goes on in a file that
nobody finds any more. So each connection remembers which files its paths led to, and looks before and after whatever
it writes.
"""

import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import familiar
from familiar.errors import (
    NoStoreError,
    OlderStoreError,
    StoreError,
    StoreReplacedError,
    StoreSchemaError,
    StoreUnavailableError,
)
from familiar.filesystem.anchors import Anchor
from familiar.state import is_without_room, keep_owner_of
from familiar.storable import storable
from familiar.store.migrations import migrations

_Values: TypeAlias = Sequence[Any] | Mapping[str, Any]
"""The values of a statement, by place or by name."""

_LEAST_ROOM = 1 << 16
"""Bytes without which a disk counts as full: SQLite has 32 KiB beside an open store, and its log."""

BUSY_SECONDS = 10.0
"""How long a writer waits for another process's short transaction."""


_LOGS = ("-wal", "-shm")
"""What SQLite appends to the name of a store for the files in which it has what is not yet in the store itself."""


_OTHER_TABLES = ("no such table", "no such column", "table ", "no such view")
"""How messages of SQLite begin about a statement that does not suit the tables; the third is of a missing column."""


class Database:
    """An open file of a store, as each of its tables has it."""

    def __init__(self, conn: "Connection") -> None:
        """Take the connection."""
        self.conn = conn

    def close(self) -> None:
        """Close the file."""
        self.conn.close()


def open_database(
    path: Path,
    *,
    now: datetime,
    create: bool = True,
    migrate: bool = True,
    check: bool = False,
    kinds: AbstractSet[str] | None = None,
) -> tuple[Database, Path | None]:
    """Open the store at `path`, migrating it as needed; return it, and the backup if it was migrated.

    Args:
        path: the SQLite file; its folder must exist.
        now: used in the name of a backup that precedes a migration.
        create: create a missing store.
        migrate: migrate an older store; only the one who holds the state folder may.
        check: read the whole file and look for damage (`PRAGMA quick_check`).
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
        connection = _connect(path)
        db = Database(connection)
        try:
            _refuse_newer(db, path, kinds)
            if check:
                _check(db, path)
            if not migrate:
                _refuse_older(db, path)
            backup = _migrate(db, path, now)
            connection.watch(path, anchor)
        except BaseException:
            db.close()
            raise
        return db, backup


@contextmanager
def writing(db: Database) -> Iterator[None]:
    """Run a block as one write transaction; inside another one it is a part of that.

    `BEGIN IMMEDIATE` takes the write lock before anything is read: a deferred transaction that reads first and then
    finds that another process has written can't wait, and fails with "database is locked".
    """
    if db.conn.in_transaction:
        with _savepoint(db):
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
    """Run a block that sees the store as it was at its first look, whatever other processes write in the meantime.

    Inside of a transaction it is a part of that.
    """
    if db.conn.in_transaction:
        yield
        return
    db.conn.execute("BEGIN DEFERRED")
    try:
        yield
    finally:
        _roll_back(db)


@contextmanager
def _savepoint(db: Database) -> Iterator[None]:
    """Run a block as a part of a transaction; if it fails, only this part is rolled back."""
    db.conn.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        if db.conn.in_transaction:  # a full disk may have ended it already
            db.conn.execute("ROLLBACK TO part")
            db.conn.execute("RELEASE part")
        raise
    db.conn.execute("RELEASE part")


def _roll_back(db: Database) -> None:
    if db.conn.in_transaction:  # a full disk may have ended it already
        db.conn.rollback()


def damage_in(db: Database) -> str | None:
    """Check the whole store, and return the damage, or None."""
    try:
        rows = [str(row[0]) for row in db.conn.execute("PRAGMA quick_check(3)")]
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if rows == ["ok"] else "; ".join(rows)


class Connection(sqlite3.Connection):
    """A connection that, once the store is open, tells familiar's own errors, and writes to no file that was replaced.

    `path` is the store's, `anchors` are the files that must stay in their places, `thread` is the one that may use it.
    """

    path: Path | None = None
    anchors: tuple[Anchor, ...] = ()
    thread: int = 0
    schema: tuple[str, ...] = ()
    """The migrations that the store had when it was opened."""

    def watch(self, path: Path, anchor: Anchor) -> None:
        """Begin to watch a store that has been read from: SQLite has opened all of its files by then."""
        real = os.path.realpath(path)  # where the files beside it are (sqlite3_open(), as it follows links)
        self.anchors = (anchor, *(Anchor.at(Path(real + ending)) for ending in _LOGS))
        self.schema = tuple(migrations.applied(self))
        self.path = path
        self.check_in_place()

    def check_schema(self) -> None:
        """Check that the store has the tables with which it was opened.

        Raises:
            StoreSchemaError: another version has migrated it since.
        """
        found = migrations.applied(self)
        if self.path is not None and tuple(found) != self.schema:
            more = [name for name in found if name not in self.schema]
            raise StoreSchemaError(self.path, f"another version of familiar changed the store ({', '.join(more)})")

    def check_in_place(self) -> None:
        """Check that the paths lead to the files that are open.

        Raises:
            StoreReplacedError: one does not.
        """
        for anchor in self.anchors:
            reason = anchor.loss()
            if reason is not None:
                raise StoreReplacedError(anchor.path, reason)

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
        """Run a statement; raises `StoreError` for what SQLite says.

        A number or text that SQLite has no form for is replaced by the nearest one, as `storable` returns it.
        """
        if sql.startswith("SELECT"):
            with self.translating():
                return self._run(sql, values)
        with self.kept(), self.translating():
            return self._run(sql, values)

    def executemany(self, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
        """Run a statement for each row, for all or none of them; raises as `execute` does.

        A transaction for each row would wait for the disk each time.
        """
        together = nullcontext() if self.in_transaction else writing(Database(self))
        with together, self.kept(), self.translating():
            return super().executemany(sql, (list(map(storable, row)) for row in rows))

    def _run(self, sql: str, values: _Values) -> sqlite3.Cursor:
        try:
            return self.cursor(_Cursor).execute(sql, values)
        except (OverflowError, UnicodeEncodeError):  # before anything was done; to ask each value first would cost more
            return self.cursor(_Cursor).execute(sql, _storable_values(values))

    def close(self) -> None:
        """Close the files; nothing beside a file that took the store's place is left to harm it."""
        if self.path is not None:
            self._settle_log()
        super().close()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Refuse to begin what could not be kept; and, of what was written at last, to believe that it is kept."""
        if not self.in_transaction:
            self.check_in_place()
        yield
        if not self.in_transaction:
            self.check_in_place()

    def _settle_log(self) -> None:
        """Bring a store that was moved away up to date, and leave no log beside what has taken its place.

        SQLite does so at the end only where a store is in its place. Its log would be played into whatever file has
        that name when it is opened next, a backup that was put back for one, and destroy it.
        """
        store, log = self.anchors[:2]
        if store.loss() is not None and log.loss() is None:
            with suppress(sqlite3.Error):
                super().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def translating(self) -> Iterator[None]:
        """Translate what SQLite raises in a block."""
        if self.thread != threading.get_ident():
            raise RuntimeError("The store is used by a thread that does not own it.")
        try:
            yield
        except sqlite3.OperationalError as error:
            if self.path is None:
                raise
            self.check_in_place()  # then that is why
            self._check_tables(error)
            raise StoreUnavailableError(f"{self.path}: the store can't be used for now: {error}.") from error
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError):
            raise  # about a value or a statement, not about the file
        except sqlite3.DatabaseError as error:
            if self.path is None:
                raise
            self.check_in_place()
            raise StoreError(_damage(self.path, str(error))) from error

    def _check_tables(self, error: sqlite3.OperationalError) -> None:
        """Check whether a statement failed because the tables are others, which no waiting changes.

        Raises:
            StoreSchemaError: they are.
        """
        if self.path is not None and str(error).startswith(_OTHER_TABLES):
            raise StoreSchemaError(self.path, f"the tables of the store were changed ({error})") from error


def _storable_values(values: _Values) -> _Values:
    if isinstance(values, Mapping):
        return {name: storable(value) for name, value in values.items()}
    return [storable(value) for value in values]


class _Cursor(sqlite3.Cursor):
    """A cursor that tells familiar's own errors when rows are taken: a write that returns some ends only then."""

    connection: Connection

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


def _connect(path: Path, *, create: bool = False) -> Connection:
    # Without `mode=rw` SQLite would make an empty file in the place of one that was deleted a moment ago.
    address = f"file://{quote(os.fsencode(os.path.abspath(path)))}?mode={'rwc' if create else 'rw'}"
    # The connection itself checks its thread, which changes where a call waits for what another thread does for it.
    connection = sqlite3.connect(
        address,
        uri=True,
        isolation_level=None,
        timeout=BUSY_SECONDS,
        factory=Connection,
        check_same_thread=False,
    )
    connection.thread = threading.get_ident()
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: what the journal says must be on disk before a file is touched, through a loss of power too.
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _check_file(path: Path) -> None:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise StoreError(
            f"{path}: is not a regular file, so it is not a store; move it away, or choose another --state."
        )
    if found.st_size == 0:
        raise StoreError(_damage(path, "the file is empty"))


def _create(path: Path) -> None:
    _check_no_log(path)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    db = Database(_connect(fresh, create=True))
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
    log = path.with_name(path.name + _LOGS[0])
    if os.path.lexists(log) and not path.exists():
        raise StoreError(
            f"{path}: the store is gone, but its {log.name} still exists. Put the store back next to it. Before you "
            f"restore a backup or start a new store, move {path.name}-wal and {path.name}-shm away."
        )


def _refuse_newer(db: Database, path: Path, kinds: AbstractSet[str] | None) -> None:
    applied = migrations.applied(db.conn)
    if not applied:
        raise StoreError(_damage(path, "it is an SQLite file, but not a store of familiar"))
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


def _check(db: Database, path: Path) -> None:
    damage = damage_in(db)
    if damage:
        raise StoreError(_damage(path, damage))


def _damage(path: Path, detail: str) -> str:
    return (
        f"{path}: the store is damaged ({detail}). Nothing was changed. Restore a backup, or move it away to start a "
        "new "
        "store; `sqlite3 FILE .recover` may save its content."
    )


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StoreError(
                f"{path}: the store has been locked by another program for over {BUSY_SECONDS:.0f} s."
            ) from error
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL or _is_full(path.parent):
            raise StoreUnavailableError(
                f"{path}: the store can't be opened for now, as its disk is full; free disk space."
            ) from error
        raise StoreError(f"{path}: the store can't be opened ({error}); {_likely_cause(path)}") from error
    except sqlite3.DatabaseError as error:
        raise StoreError(_damage(path, str(error))) from error
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
