"""Photos, faces and matches as tables for other programs."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from familiar.api.session import Session
from familiar.effects.replacement import whole_file
from familiar.library.export.formats import Format, choose_format
from familiar.library.export.tables import TableName, check_table, table_of, write_table
from familiar.library.output_files import check_new
from familiar.library.progress import no_progress
from familiar.library.qualities import rate_for


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedTable:
    """A written table: its file, or None for a stream, its format, and its number of rows."""

    file: Path | None
    format: Format
    rows: int


def export(
    session: Session,
    table: TableName,
    out: Path | BinaryIO,
    *,
    format_: Format | None,
    embeddings: bool,
    min_quality: float,
    replace: bool,
) -> ExportedTable:
    """Write a table; see `Library.export`."""
    check_table(table, embeddings=embeddings, min_quality=min_quality)
    file = out if isinstance(out, Path) else None
    chosen = choose_format(format_, file)
    if file is not None:
        check_new(file, replace=replace)
    store = session.store()
    rate_for(store, min_quality)
    with store.reading():
        found = table_of(store, table, embeddings=embeddings, min_quality=min_quality)
        if isinstance(out, Path):
            with whole_file(out, replace=replace) as output, session.progress(f"writing {table}") as count:
                write_table(found, chosen, output, count)
        else:
            with no_progress(table) as count:
                write_table(found, chosen, out, count)
    return ExportedTable(file=file, format=chosen, rows=found.rows)
