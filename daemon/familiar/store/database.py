"""The open store, and its transactions."""

from collections.abc import Iterator
from contextlib import contextmanager

from familiar.store.connection import Connection


class Database:
    """An open file of a store, as each of its tables has it."""

    def __init__(self, conn: Connection) -> None:
        """Take the connection."""
        self.conn = conn

    def close(self) -> None:
        """Close the file."""
        self.conn.close()


@contextmanager
def writing(db: Database, *, awaited: bool = True) -> Iterator[None]:
    """Run a block as one write transaction; inside another one it is a part of that.

    A transaction that is not `awaited` is on the disk only with the next one that is. A loss of power may undo it: it
    is for what can be found out again.
    """
    with _savepoint(db) if db.conn.in_transaction else db.conn.transaction(awaited=awaited):
        yield


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
        db.conn.end_transaction()


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
