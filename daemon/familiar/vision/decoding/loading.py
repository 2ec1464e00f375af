"""Load a picture as it is stored, maybe at reduced scale, with what its metadata say."""

import io
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime

from PIL import Image
from PIL.ImageFile import ImageFile

from familiar.errors import SetAsideError
from familiar.model import DateSource
from familiar.vision.decoding.colours import to_rgb
from familiar.vision.decoding.content_ids import still_identifier
from familiar.vision.decoding.dates import read_date
from familiar.vision.decoding.memory import check_memory

_ORIENTATION = 0x0112

MOST_PIXELS = 50_000_000
"""Larger pictures are used at reduced scale alone, to find faces and to encode them: all else takes too much memory."""

_MOST_REDUCED = 8
"""The smallest scale of pictures: an eighth, as of JPEG."""

_AVERAGED = frozenset({"RGB", "RGBA", "L", "LA", "CMYK", "YCbCr"})
"""Modes of which pixels can be averaged, and are brought to RGB in the same way after that."""

_REDUCIBLE = frozenset({"JPEG", "MPO"})
"""Formats that are decoded at reduced scale; an MPO is a JPEG with further pictures behind it (CIPA DC-007)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedPicture:
    """A picture as it is stored: its pixels, its format, and the EXIF orientation that makes it upright.

    `size` is that of the whole picture, which may have been decoded at reduced scale.
    """

    image: Image.Image
    format: str
    size: tuple[int, int]
    orientation: int
    taken: datetime | None
    taken_source: DateSource | None
    content_id: str | None


def load_picture(
    data: bytes, *, max_megapixels: int, at_least: int | None = None, orientation: int = 1, fill: int | None = None
) -> LoadedPicture:
    """Load a picture; of an animated one, the first.

    Args:
        data: the file's bytes.
        max_megapixels: larger pictures are refused before they are decoded.
        at_least: a JPEG may be decoded at reduced scale, as long as its longer side keeps this many pixels.
        orientation: holds where the picture does not say its own.
        fill: the value of all pixels before they are decoded; with one, what a decoder has made before it failed is
            the picture.

    Raises:
        SetAsideError: it has no pixels, or too many.
        Exception: whatever a decoder raises.
    """
    image = Image.open(io.BytesIO(data))
    check_size(image.size, max_megapixels)
    size = image.size
    _reduce(image, at_least)
    check_memory(image.format, image.size)
    if fill is not None:
        _fill(image, fill)
    exif = read_exif(image)  # a PNG is loaded for it
    own, (taken, taken_source) = orientation_in(exif), read_date(image, exif)
    with nullcontext() if fill is None else suppress(OSError):
        image.load()
    return LoadedPicture(
        image=_shrunk(image, at_least),
        format=image.format or "unknown",
        size=size,
        # Pillow rotates a TIFF when it loads it, and swaps its size before.
        orientation=1 if image.format == "TIFF" else own or orientation,
        taken=taken,
        taken_source=taken_source,
        content_id=still_identifier(exif),
    )


def _reduce(image: ImageFile, at_least: int | None) -> None:
    """Have a picture decoded at the smallest scale (1, 1/2, 1/4, 1/8) that keeps both sides at what is wanted."""
    factor = 1.0 if at_least is None else at_least / max(image.size)
    if factor < 1 and image.format in _REDUCIBLE:
        image.draft("RGB", (int(image.width * factor) + 1, int(image.height * factor) + 1))


def _shrunk(image: Image.Image, at_least: int | None) -> Image.Image:
    """Return a large picture with fewer pixels, as a JPEG is decoded: what follows takes several copies of it."""
    factor = 1 if at_least is None else min(max(image.size) // at_least, _MOST_REDUCED)
    if factor < 2 or image.width * image.height <= MOST_PIXELS:  # noqa: PLR2004
        return image
    small = (image if image.mode in _AVERAGED else to_rgb(image)).reduce(factor)
    small.info = image.info
    return small


def _fill(image: ImageFile, value: int) -> None:
    image.load_prepare()
    image.im.paste(value if image.im.bands == 1 else (value,) * image.im.bands, (0, 0, *image.im.size))


def check_size(size: tuple[int, int], max_megapixels: int) -> None:
    """Refuse a picture that is too large, or has no pixels.

    Raises:
        SetAsideError: it is.
    """
    width, height = size
    if width < 1 or height < 1:
        raise SetAsideError(f"it has {width} × {height} pixels")
    if width * height > max_megapixels * 1_000_000:
        megapixels = width * height / 1e6
        raise SetAsideError(f"{width} × {height} is {megapixels:.0f} megapixels; the limit is {max_megapixels}")


def read_exif(image: Image.Image) -> Image.Exif | None:
    """Return the EXIF data of a photo; one with broken EXIF has none, but is still a photo."""
    try:
        return image.getexif()
    except Exception:  # noqa: BLE001 - getexif() raises SyntaxError and more on real files
        return None


def orientation_in(exif: Image.Exif | None) -> int | None:
    """Return the orientation that EXIF says, if it says one."""
    try:
        orientation = None if exif is None else exif.get(_ORIENTATION)
    except Exception:  # noqa: BLE001 - values are decoded when they are asked for
        return None
    return orientation if isinstance(orientation, int) else None
