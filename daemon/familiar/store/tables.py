"""Photos, faces and matches as rows for other programs, a few thousand at a time."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from familiar.store.database import Database
from familiar.store.photos import QUALITY, stack

Kind: TypeAlias = Literal[
    "integer", "number", "text", "boolean", "time", "local time", "texts", "numbers", "points", "embedding"
]
"""What the values of a column are: `time` is UTC, `local time` has no zone, `points` are pairs of integers."""

Row: TypeAlias = tuple[Any, ...]
"""The values of a row in the order of the columns; None where there is none. An embedding is an array."""

_ROWS = 5_000
"""Rows that are in memory at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: its columns, its number of rows, and a function that yields them in batches."""

    columns: tuple[Column, ...]
    rows: int
    batches: Callable[[], Iterator[list[Row]]]


def _columns(**kinds: Kind) -> tuple[Column, ...]:
    return tuple(Column(name=name, kind=kind) for name, kind in kinds.items())


_MATCH = _columns(
    person="text", nearest="text", distance="number", score="number", accepted="boolean", ambiguous="boolean"
)
_MATCH_SQL = "CASE WHEN accepted THEN people.name END, people.name, matches.distance, accepted, ambiguous"

_PHOTO_COLUMNS = _columns(
    id="integer",
    hash="text",
    kind="text",
    format="text",
    width="integer",
    height="integer",
    taken="local time",
    taken_source="text",
    duration="number",
    missing="number",
    verdict="text",
    reason="text",
    engine="text",
    seen_at="time",
    faces="integer",
    path="text",
    uri="text",
    paths="texts",
    title="text",
    tags="texts",
    albums="texts",
)
_PHOTOS = """
SELECT id, hash, CASE verdict WHEN 'seen' THEN kind END, format, width, height, date,
    date_source, duration, missing, verdict, reason, engine, seen_at,
    (SELECT count(*) FROM real_faces WHERE photo_id = photos.id)
FROM photos JOIN photo_dates ON photo = photos.id ORDER BY id
"""

_FACE_COLUMNS = (
    *_columns(
        id="integer",
        photo="integer",
        hash="text",
        path="text",
        left="integer",
        top="integer",
        right="integer",
        bottom="integer",
        landmarks="points",
        size="integer",
        sharpness="number",
        detection_score="number",
        quality="number",
        engine="text",
        time="number",
        times="numbers",
    ),
    *_MATCH,
    Column(name="cluster", kind="integer"),
)
_FACES = f"""
SELECT faces.id, photo_id, hash, box_left, box_top, box_right, box_bottom, landmarks, size, sharpness, faces.score,
    quality, faces.engine, time, times, {_MATCH_SQL}, cluster_id, embedding
FROM real_faces AS faces CROSS JOIN photos ON photos.id = photo_id
LEFT JOIN matches ON matches.face_id = faces.id LEFT JOIN people ON people.id = matches.person_id
LEFT JOIN cluster_faces ON cluster_faces.face_id = faces.id
WHERE {QUALITY} >= ?1 ORDER BY faces.id
"""

_MATCH_COLUMNS = (*_columns(face="integer", photo="integer", hash="text"), *_MATCH)
_MATCHES = f"""
SELECT matches.face_id, photo_id, hash, {_MATCH_SQL}
FROM real_matches AS matches CROSS JOIN faces ON faces.id = matches.face_id CROSS JOIN photos ON photos.id = photo_id
CROSS JOIN people ON people.id = person_id WHERE {QUALITY} >= ?1 ORDER BY matches.face_id
"""

_PATHS = """
SELECT photo_id, path, name, 0 AS looked_at, files.id AS place FROM files JOIN folders ON folders.id = folder_id
WHERE state = 'done' AND photo_id IN (SELECT value FROM json_each(?1))
UNION ALL
SELECT photo_id, path, name, 1, sightings.id FROM sightings JOIN folders ON folders.id = folder_id
WHERE photo_id IN (SELECT value FROM json_each(?1))
ORDER BY photo_id, looked_at, place
"""


_FLICKR = """
SELECT photo_id, title, tags, (
    SELECT json_group_array(flickr_albums.title) FROM flickr_album_photos
    JOIN flickr_albums ON album_id = flickr_albums.id WHERE flickr_id = flickr_photos.id
) FROM flickr_photos
WHERE photo_id IN (SELECT value FROM json_each(?1)) ORDER BY state != 'gone', uploaded DESC, id DESC
"""
"""Of a photo that was uploaded several times, the first upload that is still on Flickr comes last."""


class Tables:
    """The store as tables; within `Store.reading`, all batches come from one snapshot."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def photos(self) -> Table:
        """Return all contents: photos, videos and clips, those that were set aside, and what operations made."""
        return Table(columns=_PHOTO_COLUMNS, rows=self._count("photos"), batches=self._photos)

    def faces(self, *, embeddings: bool, min_quality: float = 0.0) -> Table:
        """Return all faces of a quality, except those marked as not a face; their embeddings come last, if wanted."""
        last = (Column(name="embedding", kind="embedding"),) if embeddings else ()
        return Table(
            columns=(*_FACE_COLUMNS, *last),
            rows=self._count(f"real_faces WHERE {QUALITY} >= ?", min_quality),
            batches=lambda: self._faces(min_quality, embeddings=embeddings),
        )

    def matches(self, *, min_quality: float = 0.0) -> Table:
        """Return the nearest person of each face of a quality, whether it counts or not."""
        rows = self._count(f"real_matches CROSS JOIN faces ON id = face_id WHERE {QUALITY} >= ?", min_quality)
        return Table(columns=_MATCH_COLUMNS, rows=rows, batches=lambda: self._matches(min_quality))

    def _photos(self) -> Iterator[list[Row]]:
        for rows in self._batches(_PHOTOS):
            ids = json.dumps([row[0] for row in rows])
            paths, said = self._paths(row[0] for row in rows), {row[0]: row[1:] for row in self._flickr(ids)}
            yield [(*_photo(row, paths.get(row[0], [])), *said.get(row[0], (None, [], []))) for row in rows]

    def _faces(self, min_quality: float, *, embeddings: bool) -> Iterator[list[Row]]:
        for rows in self._batches(_FACES, min_quality):
            paths = self._paths(row[1] for row in rows)
            yield [_face(row, paths.get(row[1], []), embeddings=embeddings) for row in rows]

    def _matches(self, min_quality: float) -> Iterator[list[Row]]:
        for rows in self._batches(_MATCHES, min_quality):
            yield [(*row[:3], *_match(row[3:])) for row in rows]

    def _flickr(self, photo_ids: str) -> Iterator[Row]:
        """Give what Flickr says of photos: their id here, the title there, the tags, and the titles of the albums."""
        for photo_id, title, tags, albums in self._db.conn.execute(_FLICKR, (photo_ids,)):
            yield photo_id, title or None, sorted(tags.split()), sorted(set(json.loads(albums)))

    def _batches(self, query: str, *values: float) -> Iterator[list[Row]]:
        cursor = self._db.conn.execute(query, values)
        while rows := cursor.fetchmany(_ROWS):
            yield rows

    def _paths(self, photo_ids: Iterable[int]) -> dict[int, list[bytes]]:
        """Return the known paths of photos, the earliest found first."""
        found: dict[int, dict[bytes, None]] = {}
        for photo_id, folder, name, *_ in self._db.conn.execute(_PATHS, (json.dumps(sorted(set(photo_ids))),)):
            found.setdefault(photo_id, {})[folder.rstrip(b"/") + b"/" + name] = None
        return {photo_id: list(paths) for photo_id, paths in found.items()}

    def _count(self, what: str, *values: float) -> int:
        return int(self._db.conn.execute(f"SELECT count(*) FROM {what}", values).fetchone()[0])


def file_uri(path: bytes) -> str:
    """Return the exact address of a file, with any bytes in its path."""
    return f"file://{quote(path)}"


def _photo(row: Row, paths: list[bytes]) -> Row:
    taken, seen_at = row[6], row[13]
    return (
        *row[:6],
        None if taken is None else datetime.fromisoformat(taken),
        *row[7:13],
        datetime.fromisoformat(seen_at),
        row[14],
        _text(paths[0]) if paths else None,
        file_uri(paths[0]) if paths else None,
        [_text(path) for path in paths],
    )


def _face(row: Row, paths: list[bytes], *, embeddings: bool) -> Row:
    *box, landmarks, size, sharpness, score, quality, engine, time, times = row[3:15]
    last = (stack([row[21]])[0],) if embeddings else ()
    return (
        *row[:3],
        _text(paths[0]) if paths else None,
        *box,
        json.loads(landmarks),
        size,
        sharpness,
        score,
        quality,
        engine,
        time,
        json.loads(times),
        *_match(row[15:20]),
        row[20],
        *last,
    )


def _match(row: Row) -> Row:
    """Return the match of a face, with its score; all None if there is none."""
    person, nearest, distance, accepted, ambiguous = row
    if nearest is None:
        return (None,) * 6
    return person, nearest, distance, 1.0 / (1.0 + distance), bool(accepted), bool(ambiguous)


def _text(path: bytes) -> str:
    r"""Return a path as text: bytes that are not UTF-8 become `\xNN`."""
    return path.decode("utf-8", "backslashreplace")
