"""A RAW file made of a photo, for the tests: a DNG (Adobe's specification, 1.4) with a picture embedded in it."""

import io
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from PIL import Image

Entry: TypeAlias = tuple[int, int, bytes, int]
"""Tag, type, value, count (TIFF 6.0, section 2)."""

_EDGE = 64
"""Edge of the sensor's own picture, which nobody looks at."""


def write_raw(path: Path, photo: Path, *, orientation: int = 1, taken: str = "2019:07:14 10:00:00") -> Path:
    """Write a RAW file with a photo embedded as a JPEG, which says nothing of its orientation."""
    with Image.open(photo) as image:
        preview = io.BytesIO()
        image.convert("RGB").save(preview, "JPEG", quality=95)
        size = image.size
    jpeg, sensor = preview.getvalue(), bytes(2 * _EDGE * _EDGE)
    jpeg_at, sensor_at = 8, 8 + len(jpeg) + len(jpeg) % 2
    ifd_at = sensor_at + len(sensor)
    small = [
        _long(254, 1), _long(256, size[0]), _long(257, size[1]), _short(258, 8, 8, 8), _short(259, 7), _short(262, 6),
        _long(273, jpeg_at), _short(277, 3), _long(278, size[1]), _long(279, len(jpeg)),
    ]  # fmt: skip
    small_ifd = _ifd(small, ifd_at)
    main_at = ifd_at + len(small_ifd)
    exif_ifd = _ifd([_text(36867, taken)], main_at)
    main = [
        _long(254, 0), _long(256, _EDGE), _long(257, _EDGE), _short(258, 16), _short(259, 1), _short(262, 32803),
        _text(271, "Familiar"), _text(272, "Test"), _long(273, sensor_at), _short(274, orientation), _short(277, 1),
        _long(278, _EDGE), _long(279, len(sensor)), _text(306, taken), _long(330, ifd_at), _short(33421, 2, 2),
        (33422, 1, bytes([0, 1, 1, 2]), 4), _long(34665, main_at), (50706, 1, bytes([1, 4, 0, 0]), 4),
        _text(50708, "Familiar Test"), (50721, 10, struct.pack("<18i", *([1, 1] * 9)), 9), _short(50778, 21),
    ]  # fmt: skip
    first = main_at + len(exif_ifd)
    body = jpeg + bytes(len(jpeg) % 2) + sensor + small_ifd + exif_ifd + _ifd(main, first)
    path.write_bytes(struct.pack("<2sHI", b"II", 42, first) + body)
    return path


def _short(tag: int, *values: int) -> Entry:
    return tag, 3, struct.pack(f"<{len(values)}H", *values), len(values)


def _long(tag: int, *values: int) -> Entry:
    return tag, 4, struct.pack(f"<{len(values)}I", *values), len(values)


def _text(tag: int, text: str) -> Entry:
    return tag, 2, text.encode() + b"\0", len(text) + 1


def _ifd(entries: Sequence[Entry], at: int) -> bytes:
    """Return a directory that is at this offset, with the values that do not fit into it behind it."""
    table, behind = struct.pack("<H", len(entries)), b""
    values_at = at + 2 + 12 * len(entries) + 4
    for tag, kind, value, count in entries:
        if len(value) <= 4:
            field = value.ljust(4, b"\0")
        else:
            field = struct.pack("<I", values_at + len(behind))
            behind += value + bytes(len(value) % 2)
        table += struct.pack("<HHI", tag, kind, count) + field
    return table + bytes(4) + behind
