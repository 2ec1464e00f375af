"""Bring pictures of all kinds to RGB with 8 bits."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

_PHOTOMETRIC = 262
_SCALES = tuple(float(2**bits - 1) for bits in (8, 10, 12, 14, 16))
"""The largest values of grey, by its bits."""

_BAND = 256
"""Rows that are converted at once."""


def to_rgb(image: Image.Image) -> Image.Image:
    """Return a picture as RGB; what is transparent is white."""
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
    low, high = _range_of(image)
    factor, is_negative = 255.0 / max(high - low, 1e-9), _is_negative(image)
    grey = np.empty((image.height, image.width), np.uint8)
    for rows, values in _bands(image):
        scaled = np.clip((values - low) * factor, 0, 255)
        grey[rows] = 255 - scaled if is_negative else scaled
    return Image.fromarray(grey).convert("RGB")


def _range_of(image: Image.Image) -> tuple[float, float]:
    """Return the values that are black and white."""
    lows, highs = zip(*((values.min(), values.max()) for _, values in _bands(image)), strict=True)
    brightest = float(max(highs))
    if image.mode == "F":
        return float(min(lows)), brightest
    return 0.0, next((scale for scale in _SCALES if brightest <= scale), brightest)


def _bands(image: Image.Image) -> Iterator[tuple[slice, npt.NDArray[np.float64]]]:
    """Give the values of some rows at a time: all at once take eight bytes for each pixel, several times."""
    for top in range(0, image.height, _BAND):
        bottom = min(top + _BAND, image.height)
        band = image.crop((0, top, image.width, bottom))
        yield slice(top, bottom), np.nan_to_num(np.asarray(band, dtype=np.float64))
