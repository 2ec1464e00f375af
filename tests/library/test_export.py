import csv
import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from familiar.errors import UsageError
from familiar.library.export.formats import FORMATS, Format, choose_format, writer_of
from familiar.store.store import Store
from familiar.store.tables import Column, Table
from support.album import Album, embedding
from support.large_store import fill
from support.stores import put_store

ODD = os.fsdecode(b'/photos/\xff"odd", \xc3\xa9\nname.jpg')
SHOWN = '/photos/\\xff"odd", é\nname.jpg'


@pytest.fixture
def album(tmp_path: Path) -> Iterator[Album]:
    """Faces: one recognised, one near to somebody, two in a cluster; and what was called no face."""
    with Album.at(tmp_path) as album:
        ann, bob = album.photo(embedding(1), embedding(2), name=b'\xff"odd", \xc3\xa9\nname.jpg')
        (video,) = album.photo(embedding(3), kind="video", times=[[1.5, 2.5]])
        (none,) = album.photo(embedding(4))
        (still,) = album.photo(embedding(3))
        album.register(ann, "=Ann")
        album.match(ann, "=Ann", distance=0.25)
        album.match(bob, "=Ann", distance=0.6, accepted=False)
        album.cluster([video, still])
        album.match(none, "=Ann")
        album.cluster([none])
        album.store.decisions.faces.not_a_face([none])
        album.store._db.conn.execute("UPDATE photos SET taken = '2001-02-03T04:05:06.500000' WHERE id = 1")
        album.store.photos.set_aside("f" * 64, "@damaged")
        yield album


def written(table: Table, chosen: Format) -> bytes:
    output = io.BytesIO()
    writer = writer_of(chosen, table.columns, output)
    for rows in table.batches():
        writer.write(rows)
    writer.close()
    return output.getvalue()


def read_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def read_jsonl(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().split("\n")[:-1]]


def read_parquet(data: bytes) -> Any:
    return parquet.read_table(pa.BufferReader(data))


def test_photos_come_with_their_times_and_paths(album: Album) -> None:
    photo, video, _, _, aside = read_jsonl(written(album.store.tables.photos(), "jsonl"))
    assert photo | {"seen_at": ""} == {
        "id": 1,
        "hash": f"{1:064}",
        "kind": "photo",
        "format": "JPEG",
        "width": 99,
        "height": 99,
        "taken": "2001-02-03T04:05:06.500000",
        "taken_source": None,
        "duration": None,
        "missing": None,
        "verdict": "seen",
        "reason": None,
        "engine": "test",
        "seen_at": "",
        "faces": 2,
        "path": SHOWN,
        "uri": "file:///photos/%FF%22odd%22%2C%20%C3%A9%0Aname.jpg",
        "paths": [SHOWN],
        "title": None,
        "tags": [],
        "albums": [],
    }
    assert datetime.fromisoformat(photo["seen_at"]).tzinfo == UTC
    assert os.fsdecode(unquote_to_bytes(photo["uri"].removeprefix("file://"))) == ODD
    assert (video["kind"], video["path"], video["uri"], video["paths"]) == ("video", None, None, [])
    assert (aside["verdict"], aside["kind"], aside["reason"], aside["faces"]) == ("set aside", None, "@damaged", 0)


def test_a_photo_has_all_paths_where_it_was_seen_each_once(album: Album) -> None:
    for path in ("/b/1.jpg", "/a/1.jpg", "/gone.jpg"):
        album.store.files.place(Path(path), photo_id=2, size=1, mtime_ns=1)
    album.store.files.mark_gone(Path("/gone.jpg"))
    for path in ("/c/1.jpg", "/b/1.jpg"):
        folder = album.store.files.folder(Path(path).parent)
        query = "INSERT INTO sightings (folder_id, name, size, mtime_ns, photo_id) VALUES (?, ?, 1, 1, 2)"
        album.store._db.conn.execute(query, (folder, b"1.jpg"))
    photos = read_jsonl(written(album.store.tables.photos(), "jsonl"))
    assert photos[1]["paths"] == ["/b/1.jpg", "/a/1.jpg", "/c/1.jpg"]
    assert photos[1]["path"] == "/b/1.jpg"


def test_faces_come_with_whom_they_count_as_and_without_those_that_are_none(album: Album) -> None:
    ann, bob, video, _ = read_jsonl(written(album.store.tables.faces(embeddings=False), "jsonl"))
    assert {name: ann[name] for name in ("photo", "path", "left", "right", "size", "times", "cluster")} == {
        "photo": 1,
        "path": SHOWN,
        "left": 0,
        "right": 8,
        "size": 90,
        "times": [],
        "cluster": None,
    }
    matched = ("person", "nearest", "distance", "score", "accepted", "ambiguous")
    assert [ann[name] for name in matched] == ["=Ann", "=Ann", 0.25, 0.8, True, False]
    assert [bob[name] for name in matched] == [None, "=Ann", 0.6, 0.625, False, False]
    assert [video[name] for name in matched] == [None] * 6
    assert (video["times"], video["cluster"]) == ([1.5, 2.5], 1)
    assert "embedding" not in ann
    assert ann["detection_score"] is None  # nobody knows it of faces that were found before it was kept
    assert ann["quality"] is None
    album.store._db.conn.execute("UPDATE faces SET score = 0.875, quality = 0.75 WHERE id = 1")
    (ann, *_) = read_jsonl(written(album.store.tables.faces(embeddings=False), "jsonl"))
    assert (ann["detection_score"], ann["quality"], ann["score"]) == (0.875, 0.75, 0.8)


def test_matches_are_those_of_the_faces(album: Album) -> None:
    faces = read_jsonl(written(album.store.tables.faces(embeddings=False), "jsonl"))
    matches = read_jsonl(written(album.store.tables.matches(), "jsonl"))
    assert [match["face"] for match in matches] == [1, 2]
    assert [{name: face[name] for name in matches[0] if name != "face"} for face in faces[:2]] == [
        {name: match[name] for name in match if name != "face"} for match in matches
    ]


@pytest.mark.parametrize("what", ["photos", "faces", "matches"])
def test_parquet_has_types_and_the_same_values(album: Album, what: str) -> None:
    table = table_of(album.store, what)
    found = read_parquet(written(table, "parquet"))
    assert found.num_rows == table.rows
    rows = found.to_pylist()
    for row, other in zip(rows, read_jsonl(written(table, "jsonl")), strict=True):
        row = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}  # noqa: PLW2901
        if "embedding" in row:
            assert np.array_equal(np.float32(row.pop("embedding")), np.float32(other.pop("embedding")))
        assert row == other


def table_of(store: Store, what: str) -> Table:
    return store.tables.faces(embeddings=True) if what == "faces" else getattr(store.tables, what)()


def test_parquet_knows_local_times_from_times_and_keeps_embeddings_as_they_are(album: Album) -> None:
    photos = read_parquet(written(album.store.tables.photos(), "parquet")).schema
    assert photos.field("taken").type == pa.timestamp("us")
    assert photos.field("seen_at").type == pa.timestamp("us", tz="UTC")
    assert photos.field("paths").type.value_type == pa.string()
    faces = read_parquet(written(album.store.tables.faces(embeddings=True), "parquet"))
    assert faces.schema.field("embedding").type == pa.list_(pa.float32())
    assert np.array_equal(faces["embedding"][1].values.to_numpy(), embedding(2))


def test_each_column_stands_in_the_documents(album: Album) -> None:
    document = (Path(__file__).parents[2] / "docs" / "report.md").read_text()
    tables = album.store.tables
    columns = {
        column.name
        for one in (tables.photos(), tables.faces(embeddings=True), tables.matches())
        for column in one.columns
    }
    assert {name for name in columns if f"`{name}`" not in document} == set()


@pytest.mark.parametrize("chosen", ["csv", "jsonl"])
def test_a_value_that_is_not_a_number_is_missing_in_an_exported_embedding(album: Album, chosen: Format) -> None:
    broken = embedding(9)
    broken[3] = np.nan
    album.photo(broken)
    data = written(album.store.tables.faces(embeddings=True), chosen)
    last = json.loads(read_csv(data)[-1]["embedding"]) if chosen == "csv" else read_jsonl(data)[-1]["embedding"]
    assert [number is None for number in last] == [place == 3 for place in range(128)]


@pytest.mark.parametrize("chosen", FORMATS)
def test_a_store_without_photos_gives_a_table_without_rows(tmp_path: Path, chosen: Format) -> None:
    with Store(put_store(tmp_path)) as store:
        data = written(store.tables.matches(), chosen)
    if chosen == "csv":
        assert data == b"face,photo,hash,person,nearest,distance,score,accepted,ambiguous\r\n"
    elif chosen == "jsonl":
        assert data == b""
    else:
        assert (read_parquet(data).num_rows, read_parquet(data).num_columns) == (0, 9)


def test_csv_has_lists_as_json_truths_as_words_and_times_as_iso(album: Album) -> None:
    data = written(album.store.tables.photos(), "csv")
    assert data.split(b"\r\n", 1)[0].startswith(b"id,hash,kind")
    photo = read_csv(data)[0]
    assert (photo["taken"], photo["duration"], photo["path"]) == ("2001-02-03T04:05:06.500000", "", SHOWN)
    assert json.loads(photo["paths"]) == [SHOWN]
    face = read_csv(written(album.store.tables.faces(embeddings=True), "csv"))[0]
    assert (face["accepted"], face["ambiguous"], face["score"]) == ("true", "false", "0.8")
    assert np.array_equal(np.float32(json.loads(face["embedding"])), embedding(1))


def test_no_text_in_csv_is_a_formula(album: Album) -> None:
    match, *_ = read_csv(written(album.store.tables.matches(), "csv"))
    assert match["person"] == "'=Ann"
    assert read_csv(written(album.store.tables.photos(), "csv"))[-1]["reason"] == "'@damaged"


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)


@given(st.lists(texts, min_size=1, max_size=4))
def test_any_text_is_read_back_from_csv_except_for_the_apostrophe_before_formulas(values: list[str]) -> None:
    columns = [Column(name=str(number), kind="text") for number in range(len(values))]
    rows = read_csv(written(Table(columns=tuple(columns), rows=1, batches=lambda: iter([[tuple(values)]])), "csv"))
    assert [list(row.values()) for row in rows] == [
        [f"'{value}" if value[0] in "=+-@\t\r" else value for value in values]
    ]


def test_rows_of_many_batches_are_all_there_in_order(tmp_path: Path) -> None:
    with Store(put_store(tmp_path)) as store:
        fill(store, photos=11_000, faces=12_000, people=5)
        with store.reading():
            assert [photo["id"] for photo in read_jsonl(written(store.tables.photos(), "jsonl"))] == list(
                range(1, 11_056)
            )
            faces = read_parquet(written(store.tables.faces(embeddings=True), "parquet"))
    assert faces["id"].to_pylist() == list(range(1, 12_001))


@pytest.mark.parametrize(
    ("named", "file", "chosen"),
    [
        (None, None, "csv"),
        ("jsonl", None, "jsonl"),
        (None, "a.CSV", "csv"),
        (None, "a.ndjson", "jsonl"),
        (None, "a.parquet", "parquet"),
        ("csv", "a.txt", "csv"),
    ],
)
def test_the_format_is_that_which_is_named_or_that_of_the_file(
    named: Format | None, file: str | None, chosen: str
) -> None:
    assert choose_format(named, None if file is None else Path(file)) == chosen


def test_a_format_that_can_not_be_told_is_asked_for() -> None:
    complaint = (
        r"a.txt: the suffix '.txt' is not a known format; use one of .csv, .jsonl, .ndjson, .parquet, or --format"
    )
    with pytest.raises(UsageError, match=complaint):
        choose_format(None, Path("a.txt"))
    with pytest.raises(UsageError, match=r"Parquet requires a file: --out FILE.parquet"):
        choose_format("parquet", None)
