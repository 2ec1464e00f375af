"""CSV by RFC 4180: UTF-8, a header, lines that end with CR LF.

Lists are JSON. A spreadsheet runs cells that start with certain characters as formulas, including text from file names:
such a text gets a leading apostrophe, as in spreadsheets (OWASP, "CSV Injection").
"""

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, BinaryIO

from familiar.library.export.json_lines import plain_embedding
from familiar.store.tables import Column, Kind, Row

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CommaSeparated:
    """Writes rows as CSV."""

    def __init__(self, columns: Sequence[Column], output: BinaryIO) -> None:
        """Write the header."""
        self._output = output
        self._cells = [_CELLS[column.kind] for column in columns]
        self._lines([[column.name for column in columns]])

    def write(self, rows: Sequence[Row]) -> None:
        """Write rows."""
        self._lines(
            [
                [None if value is None else cell(value) for cell, value in zip(self._cells, row, strict=True)]
                for row in rows
            ]
        )

    def close(self) -> None:
        """Do nothing: the last line is complete."""

    def _lines(self, rows: Sequence[Sequence[Any]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        self._output.write(text.getvalue().encode())


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value


def _truth(value: bool) -> str:  # noqa: FBT001 - a value of a table
    return "true" if value else "false"


def _list(value: Any) -> str:
    return _JSON.encode(value) if value else "[]"


_CELLS: dict[Kind, Callable[[Any], Any]] = {
    "integer": int,
    "number": float,
    "text": _text,
    "boolean": _truth,
    "time": datetime.isoformat,
    "local time": datetime.isoformat,
    "texts": _list,
    "numbers": _list,
    "points": _list,
    "embedding": lambda value: _list(plain_embedding(value)),
}
"""What makes a cell of a value of each kind."""
