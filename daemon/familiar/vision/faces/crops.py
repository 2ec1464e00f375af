"""Cut a face out of its photo."""

import io

from PIL import Image

from familiar.errors import SetAsideError
from familiar.missing_parts import describe_missing
from familiar.model import Box, Crop
from familiar.vision.decoding.damage import Damage
from familiar.vision.faces.alignment import align, outline

FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
"""Formats of crops, by the suffix of the target."""

QUALITY = 92
"""Default quality of a lossy format."""

_QUICK = 1
"""Method of WebP, 0 to 6, that takes a quarter of the time of the usual one, and a quarter more bytes."""

_OPTIONS: dict[str, dict[str, int]] = {"JPEG": {"subsampling": 0}, "PNG": {}, "WEBP": {}}


def crop(image: Image.Image, wish: Crop, *, damage: Damage | None = None) -> bytes:
    """Return the picture file of a face in an upright image; the same request gives the same bytes. It has no EXIF.

    Raises:
        SetAsideError: the target's suffix is not a format of crops, the face can't be aligned, or a part of what is to
            be cut out is missing.
    """
    if wish.target.suffix.lower() not in FORMATS:
        raise SetAsideError(f"a crop can't be written as {wish.target.suffix!r}; use one of {', '.join(FORMATS)}")
    if damage is not None:
        _check_is_there(image.size, wish, damage)
    return _encoded(_cut(image, wish), wish)


def _encoded(image: Image.Image, wish: Crop) -> bytes:
    chosen = FORMATS[wish.target.suffix.lower()]
    options = _OPTIONS[chosen] if chosen == "PNG" else {**_OPTIONS[chosen], "quality": wish.quality or QUALITY}
    if wish.is_quick and chosen == "WEBP":
        options = {**options, "method": _QUICK}
    output = io.BytesIO()
    image.save(output, chosen, **options)
    return output.getvalue()


def needed(wish: Crop, size: tuple[int, int]) -> float:
    """Return the scale of a photo of this width and height from which on a crop of it gains nothing; at most 1."""
    if wish.size is None or wish.landmarks:
        return 1.0
    area = frame(wish.box, wish.margin, size, square=_is_square(wish))
    return min(1.0, wish.size / max(area.width, area.height))


def crop_reduced(image: Image.Image, wish: Crop, size: tuple[int, int]) -> bytes:
    """Return what `crop` does, from a photo of this width and height that was decoded at reduced scale.

    It is cut out between pixels, so that it shows the same as a crop of the whole photo. A damaged photo is shown as
    far as it can be.
    """
    if wish.size is None or wish.landmarks or image.size == size:
        return crop(image, wish)
    area = frame(wish.box, wish.margin, size, square=_is_square(wish))
    across, down = image.width / size[0], image.height / size[1]
    place = (area.left * across, area.top * down, area.right * across, area.bottom * down)
    sides = _sides((area.width, area.height), wish.size)
    return _encoded(image.resize(sides, Image.Resampling.LANCZOS, box=place), wish)


def _check_is_there(size: tuple[int, int], wish: Crop, damage: Damage) -> None:
    """Refuse to cut out what is missing in a damaged picture of this width and height.

    Raises:
        SetAsideError: some of it is.
    """
    if wish.landmarks:
        left, top, right, bottom = outline(wish.landmarks, margin=wish.margin)
    else:
        area = frame(wish.box, wish.margin, size, square=_is_square(wish))
        left, top, right, bottom = area.left, area.top, area.right, area.bottom
    width, height = size
    if damage.overlaps(left / width, top / height, right / width, bottom / height):
        raise SetAsideError(f"a part of this crop is missing: the photo is damaged, {describe_missing(damage.missing)}")


def _is_square(wish: Crop) -> bool:
    return wish.size is not None if wish.square is None else wish.square


def _cut(image: Image.Image, wish: Crop) -> Image.Image:
    if wish.landmarks:
        return align(image, wish.landmarks, margin=wish.margin, size=wish.size)
    area = frame(wish.box, wish.margin, image.size, square=_is_square(wish))
    face = image.crop((area.left, area.top, area.right, area.bottom))
    if wish.size is None:
        return face
    return face.resize(_sides(face.size, wish.size), Image.Resampling.LANCZOS)


def _sides(size: tuple[int, int], longer: int) -> tuple[int, int]:
    """Return the sides of a picture of this size that is made so large that the longer one has so many pixels."""
    factor = longer / max(size)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def frame(box: Box, margin: float, size: tuple[int, int], *, square: bool) -> Box:
    """Return the part of a picture to cut out: the box with its margin, inside of the picture.

    A square keeps its centre if it can; at an edge it is shifted into the picture, and where the picture is too
    small for it, it is made as large as fits.

    Args:
        box: the face.
        margin: share of the box's longer side that is added on each side.
        size: width and height of the picture.
        square: make a square of the longer side.
    """
    extra = margin * max(box.width, box.height)
    width, height = box.width + 2 * extra, box.height + 2 * extra
    if square:
        width = height = min(max(width, height), *size)
    left, width = _inside((box.left + box.right) / 2, width, size[0], shift=square)
    top, height = _inside((box.top + box.bottom) / 2, height, size[1], shift=square)
    return Box(left=left, top=top, right=left + width, bottom=top + height)


def _inside(centre: float, length: float, limit: int, *, shift: bool) -> tuple[int, int]:
    """Return start and length of a stretch around `centre` inside of 0 to `limit`: shifted into it, or cut off."""
    if shift:
        whole = max(1, round(length))
        return min(max(round(centre - length / 2), 0), limit - whole), whole
    start, end = max(round(centre - length / 2), 0), min(round(centre + length / 2), limit)
    return start, max(1, end - start)
