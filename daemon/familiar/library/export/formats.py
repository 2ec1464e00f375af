"""The formats of exported tables, and their selection."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, TypeAlias

from familiar.errors import UsageError
from familiar.library.arguments import check_choice
from familiar.library.export.comma_separated import CommaSeparated
from familiar.library.export.json_lines import JsonLines
from familiar.store.tables import Column, Row

Format: TypeAlias = Literal["csv", "jsonl", "parquet"]

FORMATS: tuple[Format, ...] = ("csv", "jsonl", "parquet")

_SUFFIXES: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


class RowWriter(Protocol):
    """Writes rows in one format."""

    def write(self, rows: Sequence[Row]) -> None:
        """Write rows; raises OSError."""

    def close(self) -> None:
        """Write the end of the file; the file itself stays open."""


def writer_of(chosen: Format, columns: Sequence[Column], output: BinaryIO) -> RowWriter:
    """Return a writer of a format."""
    match chosen:
        case "csv":
            return CommaSeparated(columns, output)
        case "jsonl":
            return JsonLines(columns, output)
        case "parquet":
            from familiar.library.export.parquet import Parquet  # noqa: PLC0415 - its library takes a while to load

            return Parquet(columns, output)


def choose_format(named: Format | None, path: Path | None) -> Format:
    """Return the given format, or else that of the file's suffix; without a file, CSV.

    Raises:
        UsageError: the format or the suffix is unknown, or a format that needs a file has none.
    """
    if named is not None:
        check_choice("format", named, FORMATS)
    if named == "parquet" and path is None:
        raise UsageError("Parquet requires a file: --out FILE.parquet.")
    if named is not None:
        return named
    if path is None:
        return "csv"
    chosen = _SUFFIXES.get(path.suffix.lower())
    if chosen is None:
        raise UsageError(
            f"{path}: the suffix {path.suffix!r} is not a known format; use one of {', '.join(_SUFFIXES)}, or --format."
        )
    return chosen
