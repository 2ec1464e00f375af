"""The mark of an exported crop: a comment in its JPEG file, and its name, which say which face it shows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

HEAD = 1 << 16
"""Number of bytes of a file that are read: the comment comes before the picture."""

_START = b"\xff\xd8"
_JFIF = b"\xff\xe0"
_COMMENT = 0xFE
_PICTURE_FOLLOWS = frozenset({0xDA, 0xD9})
_TEXT = re.compile(rb"familiar face ([0-9]{1,18}) of photo ([0-9a-f]{64})")
_NAME = re.compile(r"face-([0-9]{1,18})(?![0-9]).*\.jpe?g", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceMarker:
    """The face that a crop shows, and the SHA-256 of the photo that the face is in."""

    face: int
    photo: str


def marked(jpeg: bytes, mark: FaceMarker) -> bytes:
    """Return a JPEG file with the mark as its comment, after the header, which has to come first."""
    text = f"familiar face {mark.face} of photo {mark.photo}".encode()
    header = 2
    if jpeg[2:4] == _JFIF:
        header += 2 + int.from_bytes(jpeg[4:6])
    return jpeg[:header] + bytes((0xFF, _COMMENT)) + (len(text) + 2).to_bytes(2) + text + jpeg[header:]


def mark_in(head: bytes) -> FaceMarker | None:
    """Return the mark of the file with this beginning; nothing is decoded."""
    for kind, content in _segments(head):
        found = _TEXT.fullmatch(content.rstrip(b"\0\r\n ")) if kind == _COMMENT else None
        if found:
            return FaceMarker(face=int(found[1]), photo=found[2].decode())
    return None


def is_jpeg(head: bytes) -> bool:
    """Return whether the file with this beginning claims to be a JPEG picture."""
    return head.startswith(_START)


def crop_name(face: int) -> str:
    """Return the file name of a face's crop."""
    return f"face-{face:06}.jpg"


def face_named(name: str) -> int | None:
    """Return the face in a file name, whatever a file manager has appended: `face-000123 (2).jpg`."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else None


def _segments(head: bytes) -> Iterator[tuple[int, bytes]]:
    """Give kind and content of each segment before the picture; the last one may be incomplete."""
    place = 2 if is_jpeg(head) else len(head)
    while place + 4 <= len(head) and head[place] == 0xFF and head[place + 1] not in _PICTURE_FOLLOWS:  # noqa: PLR2004
        if head[place + 1] == 0xFF:  # noqa: PLR2004 - any number of these may precede a segment
            place += 1
            continue
        length = int.from_bytes(head[place + 2 : place + 4])
        yield head[place + 1], head[place + 4 : place + 2 + length]
        place += 2 + max(length, 2)
