"""`Library.export`: photos, faces and matches as tables."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from familiar import Library
from familiar.errors import FamiliarError, UsageError
from familiar.library.export.tables import TableName
from support.household import Household
from support.qualities import rate


def test_a_table_is_written_in_the_format_of_its_suffix(opened: Library, album: Path, tmp_path: Path) -> None:
    written = opened.export("photos", tmp_path / "photos.csv")
    assert (written.file, written.format, written.rows) == (tmp_path / "photos.csv", "csv", 6)
    with (tmp_path / "photos.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert {row["verdict"] for row in rows} == {"seen"}


def test_embeddings_are_lists_of_128_numbers(opened: Library, tmp_path: Path) -> None:
    written = opened.export("faces", str(tmp_path / "faces.parquet"), embeddings=True)
    table = parquet.read_table(tmp_path / "faces.parquet")
    assert (written.rows, table.num_rows) == (6, 6)
    assert pa.types.is_floating(table.schema.field("embedding").type.value_type)
    embeddings = np.array(table["embedding"].to_pylist())
    assert embeddings.shape == (6, 128)
    assert np.isfinite(embeddings).all()


@pytest.mark.parametrize("table", ["faces", "matches"])
def test_faces_of_too_low_a_quality_are_left_out(opened: Library, own: Household, table: TableName) -> None:
    rate(
        own,
        {
            "couple.jpg": [0.9, 0.2],
            "obama.jpg": [0.3],
            "obama2.jpg": [0.6],
            "biden.jpg": [0.5],
            "astronaut.jpg": [0.4],
        },
    )
    stream = io.BytesIO()
    written = opened.export(table, stream, format="jsonl", min_quality=0.5)
    rows = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert written.rows == len(rows) == 3


def test_a_stream_gets_the_table_and_stays_open(opened: Library) -> None:
    stream = io.BytesIO()
    written = opened.export("matches", stream, format="jsonl")
    assert (written.file, written.format, written.rows, stream.closed) == (None, "jsonl", 6, False)
    people = {json.loads(line)["person"] for line in stream.getvalue().splitlines()}
    assert people == {"Barack Obama", "Joe Biden", None}


def test_a_file_is_replaced_only_if_that_is_asked_for(opened: Library, tmp_path: Path) -> None:
    file = tmp_path / "photos.jsonl"
    file.write_text("mine")
    with pytest.raises(UsageError, match=r"photos.jsonl already exists"):
        opened.export("photos", file)
    assert file.read_text() == "mine"
    assert opened.export("photos", file, replace=True).rows == 6
    assert len(file.read_text().splitlines()) == 6


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"table": "people"}, "'people' is not a table; use one of photos, faces, matches"),
        ({"format": "xlsx"}, "The format is 'xlsx'; it must be one of csv, jsonl, parquet"),
        ({"out": "out.xlsx"}, "the suffix '.xlsx' is not a known format"),
        ({"out": ".", "format": "csv"}, "is a folder"),
        ({"out": io.BytesIO(), "format": "parquet"}, "Parquet requires a file"),
        ({"embeddings": True}, "--embeddings applies to faces only"),
        ({"min_quality": 0.5}, "--min-quality applies to faces and matches only; photos have no quality."),
        ({"table": "faces", "min_quality": 1.5}, "The option min-quality is 1.5; it must be from 0 to 1."),
    ],
)
def test_what_can_not_be_exported_is_an_error_and_leaves_nothing(
    opened: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any], complaint: str
) -> None:
    monkeypatch.chdir(tmp_path / "inbox")
    with pytest.raises(UsageError) as caught:
        opened.export(**({"table": "photos", "out": "out.csv"} | arguments))
    assert complaint in str(caught.value)
    assert list(Path().iterdir()) == []


def test_a_file_that_can_not_be_written_is_an_error(opened: Library, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FamiliarError, match="can't be written: Not a directory"):
        opened.export("photos", tmp_path / "file" / "out.csv")
