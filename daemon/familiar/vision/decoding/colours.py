"""Bring pictures of all kinds to RGB with 8 bits."""

import numpy as np
from PIL import Image

_PHOTOMETRIC = 262
_SCALES = tuple(float(2**bits - 1) for bits in (8, 10, 12, 14, 16))
"""The largest values of grey, by its bits."""


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
