"""The connection to the store's file: it tells familiar's own errors, and writes to no file that was replaced.

SQLite knows its files by descriptors, and never notices that one was deleted or replaced: it goes on in a file that
nobody finds any more. So each connection remembers which files its paths led to, and looks before and after whatever
it writes.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias
from urllib.parse import quote

from familiar.errors import StoreError, StoreReplacedError, StoreSchemaError, StoreUnavailableError
from familiar.filesystem.anchors import Anchor
from familiar.storable import storable
from familiar.store.migrations import migrations

_Values: TypeAlias = Sequence[Any] | Mapping[str, Any]
"""The values of a statement, by place or by name."""

BUSY_SECONDS = 10.0
"""How long a writer waits for another process's short transaction."""

LOGS = ("-wal", "-shm")
"""What SQLite appends to the name of a store for the files in which it has what is not yet in the store itself."""

_OTHER_TABLES = ("no such table", "no such column", "table ", "no such view")
"""How messages of SQLite begin about a statement that does not suit the tables; the third is of a missing column."""

_OF_STATEMENTS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)
"""What SQLite raises about a value or a statement, not about the file."""


class Connection(sqlite3.Connection):
    """A connection that, once the store is open, tells familiar's own errors, and writes to no file that was replaced.

    `path` is the store's, `anchors` are the files that must stay in their places, `thread` and `process` are those
    that may use it.
    """

    path: Path | None = None
    anchors: tuple[Anchor, ...] = ()
    thread: int = 0
    process: int = 0
    schema: tuple[str, ...] = ()
    """The migrations that the store had when it was opened."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Open a file as `sqlite3.Connection` does."""
        super().__init__(*arguments, **options)
        # one of each for all statements: to make them anew costs more than a short statement
        self.kept = _Kept(self)
        self.translating = _Translating(self)

    def watch(self, path: Path, anchor: Anchor) -> None:
        """Begin to watch a store that has been read from: SQLite has opened all of its files by then."""
        real = os.path.realpath(path)  # where the files beside it are (sqlite3_open(), as it follows links)
        self.anchors = (anchor, *(Anchor.at(Path(real + ending)) for ending in LOGS))
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
            with self.translating:
                return self._run(sql, values)
        with self.kept, self.translating:
            return self._run(sql, values)

    def executemany(self, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
        """Run a statement for each row, for all or none of them; raises as `execute` does.

        A transaction for each row would wait for the disk each time.
        """
        together = nullcontext() if self.in_transaction else self.transaction()
        with together, self.kept, self.translating:
            return super().executemany(sql, (list(map(storable, row)) for row in rows))

    @contextmanager
    def transaction(self, *, awaited: bool = True) -> Iterator[None]:
        """Run a block as one write transaction, which is rolled back if it fails; `awaited` as in `database.writing`.

        `BEGIN IMMEDIATE` takes the write lock before anything is read: a deferred transaction that reads first and then
        finds that another process has written can't wait, and fails with "database is locked".
        """
        if not awaited:
            super().execute("PRAGMA synchronous = NORMAL")
        try:
            self.execute("BEGIN IMMEDIATE")
            yield
            self.execute("COMMIT")
        except BaseException:
            self.end_transaction()
            raise
        finally:
            if not awaited:
                super().execute("PRAGMA synchronous = FULL")

    def end_transaction(self) -> None:
        """Roll back the transaction, unless a full disk has ended it already."""
        if self.in_transaction:
            self.rollback()

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

    def _settle_log(self) -> None:
        """Bring a store that was moved away up to date, and leave no log beside what has taken its place.

        SQLite does so at the end only where a store is in its place. Its log would be played into whatever file has
        that name when it is opened next, a backup that was put back for one, and destroy it.
        """
        store, log = self.anchors[:2]
        if store.loss() is not None and log.loss() is None:
            with suppress(sqlite3.Error):
                super().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def check_owner(self) -> None:
        """Check that the thread and the process are those that may use the store."""
        if self.thread != threading.get_ident():
            raise RuntimeError("The store is used by a thread that does not own it.")
        if self.process != os.getpid():
            raise RuntimeError("The store is used by a copy of the process that has opened it; open the library there.")

    def raise_translated(self, error: sqlite3.DatabaseError) -> None:
        """Raise familiar's own error for what SQLite has raised; return where there is none."""
        if self.path is None or isinstance(error, _OF_STATEMENTS):
            return
        self.check_in_place()  # if one is not, then that is why
        if isinstance(error, sqlite3.OperationalError):
            self._check_tables(error)
            raise StoreUnavailableError(f"{self.path}: the store can't be used for now: {error}.") from error
        raise StoreError(damage_message(self.path, str(error))) from error

    def _check_tables(self, error: sqlite3.OperationalError) -> None:
        """Check whether a statement failed because the tables are others, which no waiting changes.

        Raises:
            StoreSchemaError: they are.
        """
        if self.path is not None and str(error).startswith(_OTHER_TABLES):
            raise StoreSchemaError(self.path, f"the tables of the store were changed ({error})") from error


class _Cursor(sqlite3.Cursor):
    """A cursor that tells familiar's own errors when rows are taken: a write that returns some ends only then."""

    connection: Connection

    def fetchone(self) -> Any:
        with self.connection.translating:
            return super().fetchone()

    def fetchall(self) -> list[Any]:
        with self.connection.translating:
            return super().fetchall()

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except sqlite3.DatabaseError as error:  # with no context around every row, of which there may be a million
            self.connection.raise_translated(error)
            raise


class _Kept:
    """A context that refuses to begin what could not be kept; and to believe of what was written that it is kept."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        if not self._connection.in_transaction:
            self._connection.check_in_place()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and not self._connection.in_transaction:
            self._connection.check_in_place()


class _Translating:
    """A context in which the thread that owns a connection uses it, and what SQLite raises is translated."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.check_owner()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.DatabaseError):
            self._connection.raise_translated(error)


def connect(path: Path, *, create: bool = False) -> Connection:
    """Open a file of SQLite, for this thread; with `create`, it is made if it is missing."""
    # Without `mode=rw` SQLite would make an empty file in the place of one that was deleted a moment ago.
    address = _address(path, "rwc" if create else "rw")
    # The connection itself checks its thread, which changes where a call waits for what another thread does for it.
    connection = sqlite3.connect(
        address,
        uri=True,
        isolation_level=None,
        timeout=BUSY_SECONDS,
        factory=Connection,
        check_same_thread=False,
    )
    connection.thread, connection.process = threading.get_ident(), os.getpid()
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: what the journal says must be on disk before a file is touched, through a loss of power too.
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a file of SQLite for reading only, for any thread."""
    return sqlite3.connect(
        _address(path, "ro"), uri=True, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
    )


def _address(path: Path, mode: str) -> str:
    return f"file://{quote(os.fsencode(os.path.abspath(path)))}?mode={mode}"


def _storable_values(values: _Values) -> _Values:
    if isinstance(values, Mapping):
        return {name: storable(value) for name, value in values.items()}
    return [storable(value) for value in values]


def damage_message(path: Path, detail: str, outcome: str = "Nothing was changed.") -> str:
    """Return what is said of a damaged store, with what came of it."""
    return (
        f"{path}: the store is damaged ({detail}). {outcome} Restore a backup, or move it away to start a "
        "new store; `sqlite3 FILE .recover` may save its content."
    )
