"""Tell pictures from videos by the first bytes of a file, whatever its name says."""

from typing import Literal

HEAD = 16
"""Bytes that are examined."""

_PICTURES = (b"\xff\xd8\xff", b"\xff\n", b"\0\0\0\x0cJXL ", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_VIDEOS = (b"\x1aE\xdf\xa3", b"\0\0\x01\xba", b"\0\0\x01\xb3", b"FLV\x01", b"\x30\x26\xb2\x75", b"OggS")
_STILL_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis", b"crx "}
)
"""Brands of ISO files (ISO 14496-12) that are pictures: HEIF, AVIF, Canon's RAW; all others are videos."""


def kind_of(head: bytes) -> Literal["photo", "video"] | None:
    """Return the kind of a file that starts with these bytes, or None if they do not tell."""
    if head[4:8] == b"ftyp":
        return "photo" if head[8:12] in _STILL_BRANDS else "video"
    if head[:4] == b"RIFF":
        return "video" if head[8:12] == b"AVI " else "photo"
    if head.startswith(_PICTURES):
        return "photo"
    return "video" if head.startswith(_VIDEOS) else None
