"""Decode a photo's bytes into an upright RGB picture. Runs in worker processes only: the bytes are not trusted."""

import importlib
import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image, UnidentifiedImageError

from familiar.errors import SetAsideError
from familiar.identity.regions import TURNED
from familiar.media import jpeg_xl_plugin
from familiar.model import DateSource
from familiar.vision.decoding.content_ids import still_identifier
from familiar.vision.decoding.dates import read_date
from familiar.vision.decoding.raws import embedded_picture

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""An RGB picture, shape (height, width, 3), uint8."""

_ORIENTATION = 0x0112
_PHOTOMETRIC = 262
_SCALES = tuple(float(2**bits - 1) for bits in (8, 10, 12, 14, 16))
"""The largest values of grey, by its bits."""
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by its EXIF orientation (EXIF 2.3, 4.6.4)."""


_HEIF_TURNS: dict[tuple[tuple[str, int], ...], int] = {
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """An upright RGB picture, maybe decoded at reduced scale.

    `width` and `height` are those of the upright original, `scale` is pixels here for one pixel there (at most 1).
    `again` decodes it again with at least this many pixels of the longer side; None if there are no more.
    """

    image: Image.Image
    format: str
    width: int
    height: int
    taken: datetime | None
    taken_source: DateSource | None = None
    content_id: str | None = None
    again: "Callable[[int], Picture] | None" = None

    @property
    def scale(self) -> float:
        """Pixels of `image` for one pixel of the original."""
        return self.image.width / self.width


def prepare_decoders() -> None:
    """Register the formats, once a process; the limit on pixels is `decode`'s own."""
    pillow_heif.register_heif_opener()
    plugin = jpeg_xl_plugin()
    if plugin is not None:
        with suppress(ImportError):
            importlib.import_module(plugin)
    Image.MAX_IMAGE_PIXELS = None
    warnings.simplefilter("ignore")  # warnings of decoders are no use here: they decode, or they raise


def decode(data: bytes, *, max_megapixels: int, at_least: int | None = None) -> Picture:
    """Decode a photo; of an animated one, the first picture.

    Args:
        data: the file's bytes.
        max_megapixels: larger pictures are refused before they are decoded.
        at_least: a JPEG may be decoded at reduced scale, as long as its longer side keeps this many pixels.

    Raises:
        SetAsideError: it is not a picture, is damaged, or is too large.
    """
    return _decode(data, max_megapixels, at_least)


def decode_raw(data: bytes, *, max_megapixels: int, at_least: int | None = None) -> Picture:
    """Decode the picture that a camera embedded in a RAW file; as `decode` otherwise."""
    if not data:
        raise SetAsideError("the file is empty")
    embedded = embedded_picture(data)
    picture = _decode(embedded.data, max_megapixels, at_least, orientation=embedded.orientation)
    if embedded.taken is not None and picture.taken_source in {None, "modified"}:
        picture = replace(picture, taken=embedded.taken, taken_source="camera")
    return replace(picture, format="RAW")


def _decode(data: bytes, max_megapixels: int, at_least: int | None, *, orientation: int = 1) -> Picture:
    """Decode a picture; `orientation` holds where it does not say its own."""
    if not data:
        raise SetAsideError("the file is empty")
    with _set_aside():
        image = Image.open(io.BytesIO(data))
        check_size(image.size, max_megapixels)
        exif = _read_exif(image)
        own, (taken, taken_source) = _orientation_in(exif), read_date(image, exif)
        # Pillow rotates a TIFF when it loads it, and swaps its size before.
        orientation = 1 if image.format == "TIFF" else own or orientation
        width, height = image.size[::-1] if orientation in TURNED else image.size
        if at_least is not None and image.format == "JPEG":
            # Pillow picks the smallest scale (1, 1/2, 1/4, 1/8) that keeps both sides at or above the requested size.
            factor = at_least / max(image.size)
            if factor < 1:
                image.draft("RGB", (int(image.width * factor) + 1, int(image.height * factor) + 1))
        image.load()
        upright = turned_image(_to_rgb(image), orientation)
        return Picture(
            image=upright,
            format=image.format or "unknown",
            width=width,
            height=height,
            taken=taken,
            taken_source=taken_source,
            content_id=still_identifier(exif),
            again=partial(_decode, data, max_megapixels, orientation=orientation) if upright.width < width else None,
        )


@contextmanager
def _set_aside() -> Iterator[None]:
    """Translate whatever a decoder raises: Pillow raises nearly every built-in exception on damaged files."""
    try:
        yield
    except (SetAsideError, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise SetAsideError("not a picture in a known format") from error
    except Exception as error:
        raise SetAsideError(f"damaged or not a picture: {error or type(error).__name__}") from error


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


def _read_exif(image: Image.Image) -> Image.Exif | None:
    """Return the EXIF data of a photo; one with broken EXIF has none, but is still a photo."""
    try:
        return image.getexif()
    except Exception:  # noqa: BLE001 - getexif() raises SyntaxError and more on real files
        return None


def _orientation_in(exif: Image.Exif | None) -> int | None:
    try:
        orientation = None if exif is None else exif.get(_ORIENTATION)
    except Exception:  # noqa: BLE001 - values are decoded when they are asked for
        return None
    return orientation if isinstance(orientation, int) else None


def read_orientation(file: BinaryIO) -> int | None:
    """Return the EXIF orientation of the stored picture, even if the decoder applies it.

    Raises:
        SetAsideError: it is not a picture, or is damaged.
    """
    with _set_aside(), Image.open(file) as image:
        if image.format != "HEIF":
            return _orientation_in(_read_exif(image))
        file.seek(0)
        return _read_heif_turn(file) or image.info.get("original_orientation")


def _read_heif_turn(file: BinaryIO) -> int | None:
    """Return how libheif rotates a picture: by the container, not by EXIF (ISO/IEC 23008-12, 6.5.10)."""
    found = pillow_heif.open_heif(file)
    steps = getattr(found[found.primary_index]._c_image, "transformations", None)  # noqa: SLF001 - nothing public tells
    return None if steps is None else _HEIF_TURNS.get(tuple(step for step in steps if step[0] != "clap"))


def turned_image(image: Image.Image, orientation: int) -> Image.Image:
    """Return a picture turned and mirrored as an EXIF orientation says it."""
    # HEIF and AVIF decoders rotate the picture themselves, and set orientation 1.
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode in {"I;16", "I;16B", "I;16L", "I;16N", "I", "F"}:
        return _grey_from_numbers(image)
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        upper = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", upper.size, "white"), upper).convert("RGB")
    return image.convert("RGB")


def _is_negative(image: Image.Image) -> bool:
    """Return whether the least value of a TIFF is white (TIFF 6.0, PhotometricInterpretation)."""
    tags = getattr(image, "tag_v2", None)
    return tags is not None and tags.get(_PHOTOMETRIC) == 0


def _grey_from_numbers(image: Image.Image) -> Image.Image:
    """Bring 16 and 32 bit grey to 8 bit by scale; Pillow's own conversion clips at 255, and knows no negatives.

    Cameras and scanners store 10, 12 or 14 bits in 16: the fewest that hold all values are the scale.
    """
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    if image.mode == "F":
        low, high = float(values.min()), float(values.max())
    else:
        brightest = float(values.max())
        low, high = 0.0, next((scale for scale in _SCALES if brightest <= scale), brightest)
    scaled = (values - low) * (255.0 / max(high - low, 1e-9))
    if _is_negative(image):
        scaled = 255.0 - scaled
    return Image.fromarray(np.clip(scaled, 0, 255).astype(np.uint8)).convert("RGB")
