"""What is missing of a picture whose file is cut short or damaged in its middle."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from familiar.errors import SetAsideError
from familiar.identity.regions import area_of, upright
from familiar.model import Area, Box, Face
from familiar.vision.decoding.endings import completed, without_blank_end
from familiar.vision.decoding.heif import Tiles, read_tiles, read_turn
from familiar.vision.decoding.jpegs import JpegParts, is_jpeg, read_parts
from familiar.vision.decoding.loading import LoadedPicture

_FILLS = (0, 255)
"""Two values of all pixels before a picture is decoded: where they remain, nothing was decoded."""

_BAND = 256
"""Rows that are compared at once: the arrays of a whole picture are large."""

_NOTHING = "nothing of the picture is there"

_EDGE = 8
"""Pixels around what is missing that may not be what they should."""

_SMOOTHED = 1
"""Rows, of a JPEG at an eighth of its sides, above what is missing that take some of their colours from it."""

_UNIT = 2
"""Rows, of a JPEG at an eighth of its sides, of one unit (16 pixels); the last unit that is there may lack details."""

_FINE = 2
"""The scale at which details of a JPEG are compared: half of its sides."""

Load: TypeAlias = Callable[[bytes, int | None, int | None], LoadedPicture]
"""Loads a picture: from its data, with at least so many pixels of its longer side, filled with a value before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What is missing of a picture: the share of its pixels, 0 to 1, and where they are in the upright picture.

    Of a progressive JPEG finer details may be missing alone: then the share is 0, and there is no area.
    """

    missing: float
    area: Area | None

    def hides(self, face: Face, width: int, height: int) -> bool:
        """Return whether a landmark of a face is where nothing was decoded, in an original of this size."""
        return any(self._is_at(x / width, y / height) for x, y in face.landmarks)

    def overlaps(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Return whether some of a rectangle is missing; its sides are shares of the picture's width and height."""
        area = self.area
        return area is not None and (
            left < area.x + area.width / 2
            and right > area.x - area.width / 2
            and top < area.y + area.height / 2
            and bottom > area.y - area.height / 2
        )

    def _is_at(self, x: float, y: float) -> bool:
        area = self.area
        return area is not None and abs(x - area.x) <= area.width / 2 and abs(y - area.y) <= area.height / 2


def rescue(data: bytes, at_least: int | None, load: Load, error: Exception) -> tuple[LoadedPicture, Damage | None]:
    """Return what can be decoded of a picture, and what is missing; None if all of it is there.

    It is decoded twice, from different beginnings: each pixel that was decoded is the same in both. A JPEG is compared
    at an eighth of its sides, so what is missing of its last block alone is not noticed.

    Raises:
        Exception: `error`, as nothing can be decoded.
    """
    with _truncated_files():
        try:
            return _rescue_jpeg(data, at_least, load) if is_jpeg(data) else _rescue(data, at_least, load)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - the first error tells more
            raise error from None


def _rescue(data: bytes, at_least: int | None, load: Load) -> tuple[LoadedPicture, Damage | None]:
    tiles = read_tiles(data)
    if tiles is not None:
        filled, _ = completed(data)
        return load(filled, at_least, None), _missing_tiles(tiles, len(without_blank_end(data)), filled)
    first, second = (load(one, at_least, fill) for one, fill in zip(completed(data), _FILLS, strict=True))
    missing = _difference(first, second)
    if missing is None:
        return first, None
    share, area = missing
    return first, Damage(missing=share, area=upright(_with_edge(area, *first.image.size), first.orientation))


def _missing_tiles(tiles: Tiles, length: int, filled: bytes) -> Damage | None:
    """Return which tiles of a HEIC file are not there; the decoder leaves them out in silence.

    Args:
        tiles: where the data of each tile end.
        length: that of what is there of the file.
        filled: the file with its whole length.

    Raises:
        SetAsideError: no tile is there.
    """
    missing = [number for number, end in enumerate(tiles.ends) if end > length]
    if not missing:
        return None
    if len(missing) == len(tiles.ends):
        raise SetAsideError(_NOTHING)
    first_row = missing[0] // tiles.columns
    area = _from_here_on(first_row / tiles.rows)
    return Damage(missing=len(missing) / len(tiles.ends), area=upright(area, read_turn(io.BytesIO(filled)) or 1))


def _with_edge(area: Area, width: int, height: int) -> Area:
    """Return an area with an edge around it: decoders smooth pixels across the edges of blocks."""
    across, down = _EDGE / width, _EDGE / height
    return replace(area, width=area.width + 2 * across, height=area.height + 2 * down)


def _rescue_jpeg(data: bytes, at_least: int | None, load: Load) -> tuple[LoadedPicture, Damage | None]:
    parts, (first, second) = read_parts(data), completed(data)
    whole = load(first, at_least, _FILLS[0])
    if (parts.is_progressive or len(parts.scans) > 1) and not parts.is_cut_in_averages:
        return whole, _lost_details(parts, first, second, load)
    small = load(first, 1, _FILLS[0])
    missing = _difference(small, load(second, 1, _FILLS[1]))
    if missing is None:
        return whole, None if parts.has_all_scans else Damage(missing=0.0, area=None)
    above = (_SMOOTHED + _UNIT) / small.image.height
    top = missing[1].y - missing[1].height / 2 - above
    if top <= 0:
        raise SetAsideError(_NOTHING)
    return whole, Damage(missing=1 - top, area=upright(_from_here_on(top), whole.orientation))


def _from_here_on(top: float) -> Area:
    """Return all of a stored picture from a share of its height on."""
    return Area(x=0.5, y=(1 + top) / 2, width=1.0, height=1 - top)


def _lost_details(parts: JpegParts, first: bytes, second: bytes, load: Load) -> Damage | None:
    """Return whether details are missing of a JPEG in several scans, of which those with the averages are whole."""
    if parts.has_all_scans:
        half = max(load(first, 1, None).size) // _FINE
        if _difference(load(first, half, _FILLS[0]), load(second, half, _FILLS[1])) is None:
            return None
    return Damage(missing=0.0, area=None)


def _difference(first: LoadedPicture, second: LoadedPicture) -> tuple[float, Area] | None:
    """Return the share of pixels in which two pictures of the same size differ, and the area that has them, or None.

    Raises:
        SetAsideError: all pixels differ.
    """
    width, height = first.image.size
    rows, columns = np.zeros(height, int), np.zeros(width, bool)
    for top in range(0, height, _BAND):
        differs = _differing(first.image, second.image, (0, top, width, min(top + _BAND, height)))
        rows[top : top + _BAND] = differs.sum(axis=1)
        columns |= differs.any(axis=0)
    share = float(rows.sum()) / (width * height)
    if share == 0.0:
        return None
    if share == 1.0:
        raise SetAsideError(_NOTHING)
    across, down = np.flatnonzero(columns), np.flatnonzero(rows)
    box = Box(left=int(across[0]), top=int(down[0]), right=int(across[-1]) + 1, bottom=int(down[-1]) + 1)
    return share, area_of(box, width, height)


def _differing(first: Image.Image, second: Image.Image, box: tuple[int, int, int, int]) -> npt.NDArray[np.bool_]:
    differs: npt.NDArray[np.bool_] = np.not_equal(np.asarray(first.crop(box)), np.asarray(second.crop(box)))
    return differs if differs.ndim == 2 else np.logical_or.reduce(differs, axis=2, dtype=np.bool_)  # noqa: PLR2004


@contextmanager
def _truncated_files() -> Iterator[None]:
    """Let Pillow load what is there of a file; it knows this setting for the process alone."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
