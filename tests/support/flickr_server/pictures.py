"""The bytes of the photos: originals as they are on disk, and the sizes made of them."""

import functools
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from support.flickr_server.sizes import Size

_SIDEWAYS = (5, 6, 7, 8)
_ORIENTATION = 274
_FORMATS = {"JPEG": "jpg", "PNG": "png", "GIF": "gif"}


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Width and height of an original as it is stored, its format, and whether it is turned by a quarter."""

    width: int
    height: int
    format: str
    is_sideways: bool = False

    def upright(self) -> tuple[int, int]:
        return (self.height, self.width) if self.is_sideways else (self.width, self.height)


@functools.cache
def measure(path: Path) -> Measures:
    with Image.open(path) as picture:
        turned = picture.getexif().get(_ORIENTATION, 1) in _SIDEWAYS
        kind = _FORMATS.get(picture.format or "", "jpg")
        return Measures(width=picture.width, height=picture.height, format=kind, is_sideways=turned)


@functools.lru_cache(maxsize=64)
def original(path: Path) -> bytes:
    return path.read_bytes()


@functools.lru_cache(maxsize=256)
def resized(path: Path, size: Size) -> bytes:
    """Return the photo as an upright JPEG of that size."""
    with Image.open(path) as picture:
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    wanted = size.fit(*upright.size)
    small = ImageOps.fit(upright, wanted) if size.square else upright.resize(wanted)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def marked(picture: bytes, text: str) -> bytes:
    """Return a JPEG with a comment, so that many photos of different content can be made of one."""
    if not picture.startswith(b"\xff\xd8"):
        return picture
    comment = text.encode()
    return picture[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + picture[2:]


@functools.cache
def tiny_png() -> bytes:
    """Return a picture that nobody asked for."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "gray").save(buffer, "PNG")
    return buffer.getvalue()
