"""The boxes of a HEIF file (ISO/IEC 23008-12, ISO 14496-12): its tiles, and how its picture is turned."""

import io
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import pillow_heif

_TURNS: dict[tuple[tuple[str, int], ...], int] = {
    (): 1,
    (("imir", 1),): 2,
    (("irot", 180),): 3,
    (("irot", 180), ("imir", 0)): 2,
    (("irot", 180), ("imir", 1)): 4,
    (("imir", 0),): 4,
    (("irot", 270), ("imir", 1)): 5,
    (("irot", 90), ("imir", 0)): 5,
    (("irot", 270),): 6,
    (("irot", 270), ("imir", 0)): 7,
    (("irot", 90), ("imir", 1)): 7,
    (("irot", 90),): 8,
}
"""The EXIF orientation for the rotation and mirroring in a HEIF file: `irot` to the left in degrees, then `imir`."""

_HEADER = 8
"""Bytes of a box before its content: its length and its type."""

_IN_FILE, _IN_BOX = 0, 1
"""Where the data of an item are: at a place in the file, or in the box `idat`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """The pictures of which a picture consists, row by row: for each, where its data end in the file."""

    columns: int
    rows: int
    ends: Sequence[int]


def read_turn(file: BinaryIO) -> int | None:
    """Return how libheif rotates a picture: by the container, not by EXIF (ISO/IEC 23008-12, 6.5.10)."""
    found = pillow_heif.open_heif(file)
    steps = getattr(found[found.primary_index]._c_image, "transformations", None)  # noqa: SLF001 - nothing public tells
    return None if steps is None else _TURNS.get(tuple(step for step in steps if step[0] != "clap"))


def read_tiles(data: bytes) -> Tiles | None:
    """Return the tiles of the main picture in a file that may be cut short; None if it has none, or is no HEIF file.

    Raises:
        struct.error, IndexError: the boxes are damaged.
    """
    meta = dict(_boxes(data)).get(b"meta") if data[4:8] == b"ftyp" else None
    if meta is None:
        return None
    boxes = dict(_boxes(meta, 4))  # after version and flags
    if not {b"pitm", b"iloc", b"iref"} <= boxes.keys():
        return None
    primary = _Reader(boxes[b"pitm"]).identifier()
    tiles, items = _parts_of(primary, boxes[b"iref"]), _items(boxes[b"iloc"])
    if not tiles or primary not in items:
        return None
    method, ((start, length), *_) = items[primary]
    grid = (boxes.get(b"idat", b"") if method == _IN_BOX else data)[start : start + length]
    ends = [max((at + size for at, size in items[tile][1]), default=0) for tile in tiles]
    return Tiles(rows=grid[2] + 1, columns=grid[3] + 1, ends=ends)


class _Reader:
    """Reads big-endian numbers from a box with version and flags."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)
        self.version = self.number(4) >> 24

    def number(self, size: int) -> int:
        """Return a number of this many bytes; raises struct.error at the end."""
        read = self._file.read(size)
        if len(read) < size:
            raise struct.error("the box ends early")
        return int.from_bytes(read)

    def identifier(self, wide: int = 1) -> int:
        """Return the number of an item, which has four bytes from this version of the box on."""
        return self.number(4 if self.version >= wide else 2)


def _boxes(data: bytes, at: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """Give type and content of each box; of one that is cut short, what is there."""
    while at + _HEADER <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if length < _HEADER:
            return
        yield kind, data[at + _HEADER : at + length]
        at += length


def _parts_of(item: int, references: bytes) -> list[int]:
    """Return the items of which an item is derived, in their order."""
    wide = references[0] > 0
    size = 4 if wide else 2
    for kind, content in _boxes(references, 4):
        if kind == b"dimg" and int.from_bytes(content[:size]) == item:
            numbers = content[size + 2 :]
            return [int.from_bytes(numbers[at : at + size]) for at in range(0, len(numbers), size)]
    return []


def _items(locations: bytes) -> Mapping[int, tuple[int, list[tuple[int, int]]]]:
    """Return the place of each item: where its data are, and their extents, each with start and length."""
    reader = _Reader(locations)
    sizes = reader.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if reader.version else 0
    items = {}
    for _ in range(reader.identifier(2)):
        item = reader.identifier(2)
        method = reader.number(2) & 15 if reader.version else _IN_FILE
        reader.number(2)  # of a file that the data are in
        base = reader.number(base_size)
        extents = []
        for _ in range(reader.number(2)):
            reader.number(index_size)
            start = base + reader.number(offset_size)
            extents.append((start, reader.number(length_size)))
        items[item] = (method, extents)
    return items
