"""JSON Lines: one object a line, UTF-8."""

import json
import math
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np

from familiar.model import Embedding
from familiar.store.tables import Column, Row


class JsonLines:
    """Writes rows as JSON Lines."""

    def __init__(self, columns: Sequence[Column], output: BinaryIO) -> None:
        """Take the columns, whose names are the keys of each object."""
        self._names = [column.name for column in columns]
        self._output = output
        self._encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain).encode

    def write(self, rows: Sequence[Row]) -> None:
        """Write rows."""
        lines = (self._encode(dict(zip(self._names, row, strict=True))) for row in rows)
        self._output.write("".join(f"{line}\n" for line in lines).encode())

    def close(self) -> None:
        """Do nothing: the last line is complete."""


def plain_embedding(value: Embedding) -> list[float | None]:
    """Return an embedding as JSON, with None for NaN in a damaged one."""
    numbers: list[float] = value.tolist()
    return [number if math.isfinite(number) else None for number in numbers]


def _plain(value: Any) -> Any:
    return plain_embedding(value) if isinstance(value, np.ndarray) else value.isoformat()
