"""What Apple writes into the still and the clip of a live photo alike, and into nothing else.

Runs in worker processes only: the bytes are not trusted.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Any

from PIL import Image

_EXIF_IFD = 0x8769
_MAKER_NOTE = 0x927C
_APPLE = b"Apple iOS\0"
_ORDER = 12
"""Where an Apple maker note tells the order of bytes; its directory follows, and places count from its beginning."""

_CONTENT_IDENTIFIER = 0x0011
"""The identifier in a maker note (https://exiftool.org/TagNames/Apple.html)."""

_KEY = "com.apple.quicktime.content.identifier"
"""The identifier among the metadata of a QuickTime file (https://exiftool.org/TagNames/QuickTime.html#Keys)."""

_ASCII = 2
_MOST_ENTRIES = 1000
_LONGEST = 200


def still_identifier(exif: Image.Exif | None) -> str | None:
    """Return the identifier in the EXIF data of a still, or None; what is damaged has none."""
    try:
        note = None if exif is None else exif.get_ifd(_EXIF_IFD).get(_MAKER_NOTE)
        return _clean(_text_in(note)) if isinstance(note, bytes) and note.startswith(_APPLE) else None
    except Exception:  # noqa: BLE001 - get_ifd() raises SyntaxError and more on real files
        return None


def clip_identifier(metadata: Mapping[str, str]) -> str | None:
    """Return the identifier among the metadata of a video, or None."""
    return _clean(metadata.get(_KEY, ""))


def _text_in(note: bytes) -> str:
    """Return the text of the identifier in a maker note; "" if it has none."""
    order = ">" if note[_ORDER : _ORDER + 2] == b"MM" else "<"
    for tag, kind, count, value in _entries(note, order):
        if (tag, kind) == (_CONTENT_IDENTIFIER, _ASCII):
            (place,) = struct.unpack(f"{order}I", value)
            text = note[place : place + count]
            return text.decode("ascii") if len(text) == count <= _LONGEST else ""
    return ""


def _entries(note: bytes, order: str) -> Iterator[tuple[int, int, int, bytes]]:
    """Give tag, kind, count, and the four bytes of value or place, of each entry (TIFF 6.0, 2)."""
    start = _ORDER + 2
    (number,) = struct.unpack_from(f"{order}H", note, start)
    for entry in range(min(number, _MOST_ENTRIES)):
        found: tuple[Any, ...] = struct.unpack_from(f"{order}HHI4s", note, start + 2 + entry * 12)
        yield found[0], found[1], found[2], found[3]


def _clean(text: str) -> str | None:
    return text.strip("\0 ")[:_LONGEST] or None
