"""The tables that can be exported, and their writing."""

from typing import BinaryIO, Literal, TypeAlias

from familiar.errors import UsageError
from familiar.library.export.formats import Format, writer_of
from familiar.library.progress import Count
from familiar.store.store import Store
from familiar.store.tables import Table

TableName: TypeAlias = Literal["photos", "faces", "matches"]

TABLES: tuple[TableName, ...] = ("photos", "faces", "matches")


def check_table(name: str, *, embeddings: bool) -> None:
    """Check that a table exists.

    Raises:
        UsageError: it does not exist, or has no embeddings.
    """
    if name not in TABLES:
        raise UsageError(f"{name!r} is not a table; use one of {', '.join(TABLES)}.")
    if embeddings and name != "faces":
        raise UsageError(f"--embeddings applies to faces only; {name} have no embeddings.")


def table_of(store: Store, name: TableName, *, embeddings: bool) -> Table:
    """Return a table of the store."""
    match name:
        case "photos":
            return store.tables.photos()
        case "faces":
            return store.tables.faces(embeddings=embeddings)
        case "matches":
            return store.tables.matches()


def write_table(table: Table, chosen: Format, output: BinaryIO, count: Count) -> None:
    """Write all rows of a table; the file stays open."""
    writer = writer_of(chosen, table.columns, output)
    done = 0
    for rows in table.batches():
        writer.write(rows)
        done += len(rows)
        count(done, table.rows)
    writer.close()
