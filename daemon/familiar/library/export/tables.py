"""The tables that can be exported, and their writing."""

from typing import BinaryIO, Literal, TypeAlias

from familiar.errors import UsageError
from familiar.library.export.formats import Format, writer_of
from familiar.library.progress import Count
from familiar.library.qualities import check_quality
from familiar.store.store import Store
from familiar.store.tables import Table

TableName: TypeAlias = Literal["photos", "faces", "matches"]

TABLES: tuple[TableName, ...] = ("photos", "faces", "matches")


def check_table(name: str, *, embeddings: bool, min_quality: float) -> None:
    """Check that a table exists, and has what is wanted.

    Raises:
        UsageError: it does not exist, has no embeddings or no qualities, or the quality is out of its limits.
    """
    check_quality(min_quality)
    if name not in TABLES:
        raise UsageError(f"{name!r} is not a table; use one of {', '.join(TABLES)}.")
    if embeddings and name != "faces":
        raise UsageError(f"--embeddings applies to faces only; {name} have no embeddings.")
    if min_quality and name == "photos":
        raise UsageError("--min-quality applies to faces and matches only; photos have no quality.")


def table_of(store: Store, name: TableName, *, embeddings: bool, min_quality: float) -> Table:
    """Return a table of the store, of faces that are good enough."""
    match name:
        case "photos":
            return store.tables.photos()
        case "faces":
            return store.tables.faces(embeddings=embeddings, min_quality=min_quality)
        case "matches":
            return store.tables.matches(min_quality=min_quality)


def write_table(table: Table, chosen: Format, output: BinaryIO, count: Count) -> None:
    """Write all rows of a table; the file stays open."""
    writer = writer_of(chosen, table.columns, output)
    done = 0
    for rows in table.batches():
        writer.write(rows)
        done += len(rows)
        count(done, table.rows)
    writer.close()
