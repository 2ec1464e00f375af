"""Stills and videos with the identifiers that Apple writes into live photos."""

import struct
from datetime import datetime
from pathlib import Path

from PIL import Image

from support.videos import write_video

KEY = "com.apple.quicktime.content.identifier"


def maker_note(identifier: str, *, order: str = ">") -> bytes:
    """Return an Apple maker note with an identifier, after an entry of another tag."""
    text, numbers = identifier.encode() + b"\0", order + "HHII"
    entries = struct.pack(numbers, 0x0001, 9, 1, 14) + struct.pack(numbers, 0x0011, 2, len(text), 14 + 2 + 2 * 12 + 4)
    head = b"Apple iOS\0\0\x01" + (b"MM" if order == ">" else b"II")
    return head + struct.pack(order + "H", 2) + entries + bytes(4) + text


def exif_of(*, identifier: str | None = None, taken: datetime | None = None) -> Image.Exif:
    """Return EXIF data with an identifier and a date."""
    exif = Image.Exif()
    details = exif.get_ifd(0x8769)
    if taken is not None:
        details[0x9003] = taken.strftime("%Y:%m:%d %H:%M:%S")
    if identifier is not None:
        details[0x927C] = maker_note(identifier)
    return exif


def write_still(path: Path, *, identifier: str | None = None, taken: datetime | None = None, shade: int = 0) -> Path:
    """Write a still without a face; stills of different shades are different photos."""
    picture = Image.new("RGB", (60, 40), (shade, shade, shade))
    picture.save(path, format="JPEG", exif=exif_of(identifier=identifier, taken=taken))
    return path


def write_clip(
    path: Path, photo: Path | None, seconds: float = 2, *, identifier: str | None = None, taken: datetime | None = None
) -> Path:
    """Write a QuickTime file that shows a photo."""
    metadata = {} if identifier is None else {KEY: identifier}
    metadata |= {} if taken is None else {"creation_time": f"{taken.isoformat()}Z"}
    return write_video(path, [(photo, seconds)], metadata=metadata, options={"movflags": "use_metadata_tags"})
