"""Parquet: typed columns, compressed."""

from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from familiar.store.tables import Column, Kind, Row

_GROUP = 50_000
"""Rows of a row group: readers skip whole groups, and hold one in memory."""


_TYPES: dict[Kind, Any] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
    "boolean": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
    "local time": pa.timestamp("us"),
    "texts": pa.list_(pa.string()),
    "numbers": pa.list_(pa.float64()),
    "points": pa.list_(pa.list_(pa.int32(), 2)),
    "embedding": pa.list_(pa.float32()),
}


class Parquet:
    """Writes rows as Parquet."""

    def __init__(self, columns: Sequence[Column], output: BinaryIO) -> None:
        """Begin a file."""
        self._kinds = [column.kind for column in columns]
        self._schema = pa.schema([(column.name, _TYPES[column.kind]) for column in columns])
        self._writer = ParquetWriter(output, self._schema, compression="zstd")
        self._waiting: list[Any] = []

    def write(self, rows: Sequence[Row]) -> None:
        """Write rows; some are kept until a group is full."""
        values = zip(*rows, strict=True)
        arrays = [
            _array(kind, column, type_)
            for kind, column, type_ in zip(self._kinds, values, self._schema.types, strict=True)
        ]
        self._waiting.append(pa.record_batch(arrays, schema=self._schema))
        if sum(batch.num_rows for batch in self._waiting) >= _GROUP:
            self._write_group()

    def close(self) -> None:
        """Write the rows that are left, and the end of the file."""
        if self._waiting:
            self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._waiting), row_group_size=2 * _GROUP)
        self._waiting = []


def _array(kind: Kind, values: Sequence[Any], type_: Any) -> Any:
    if kind == "embedding":
        ends = np.cumsum([0, *map(len, values)])
        return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(np.concatenate(values)), type=type_)
    return pa.array(values, type_)
