"""Turn and scale a face by its landmarks, as dlib does before it encodes one (`dlib.get_face_chip`).

dlib samples at single points; here the photo's pixels are averaged first where the face is made smaller, which avoids
jagged edges in displayed faces.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from familiar.identity.landmarks import similarity

_REACH = 4
"""Pixels beyond a chip that the resampling reads."""


@dataclass(frozen=True, slots=True)
class _Chip:
    """The position of a chip: its point q, as a complex number in pixels, is `turn * q + start` in the photo."""

    turn: complex
    start: complex
    size: int

    @property
    def corners(self) -> list[complex]:
        """Its four corners in the photo."""
        return [self.turn * complex(x, y) + self.start for x in (0, self.size) for y in (0, self.size)]


def align(image: Image.Image, landmarks: Sequence[tuple[int, int]], *, margin: float, size: int | None) -> Image.Image:
    """Return the square picture of a face, with its eyes level; pixels outside of the photo are black.

    Args:
        image: the upright photo.
        landmarks: five points in pixels of it.
        margin: share of the face's edge that is added on each side.
        size: edge of the picture in pixels; None for the pixels as they are.

    Raises:
        SetAsideError: there are not five landmarks, or all are at one point.
    """
    chip = _chip(landmarks, margin, size)
    scale = max(1.0, abs(chip.turn))
    corners = chip.corners
    left, right = _within([corner.real for corner in corners], image.width, _REACH * scale)
    top, bottom = _within([corner.imag for corner in corners], image.height, _REACH * scale)
    small = (max(1, math.ceil((right - left) / scale)), max(1, math.ceil((bottom - top) / scale)))
    part = image.resize(small, Image.Resampling.LANCZOS, box=(left, top, right, bottom))
    across, down = small[0] / (right - left), small[1] / (bottom - top)
    start = chip.start + (0.5 + 0.5j) - complex(left, top)  # landmarks count from the middle of the first pixel
    rows = ((chip.turn.real, -chip.turn.imag, start.real), (chip.turn.imag, chip.turn.real, start.imag))
    coefficients = [number * across for number in rows[0]] + [number * down for number in rows[1]]
    edge = (chip.size, chip.size)
    return part.transform(edge, Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC)


def outline(landmarks: Sequence[tuple[int, int]], *, margin: float) -> tuple[float, float, float, float]:
    """Return the least upright rectangle with an aligned face: left, top, right, bottom, in pixels of the photo.

    Raises:
        SetAsideError: as `align` does.
    """
    corners = _chip(landmarks, margin, None).corners
    across, down = [corner.real for corner in corners], [corner.imag for corner in corners]
    return min(across), min(down), max(across), max(down)


def edge_of(landmarks: Sequence[tuple[int, int]], margin: float) -> float:
    """Return the edge of an aligned face with its margin, in pixels of the photo; raises as `align` does."""
    return abs(similarity(landmarks)[0]) * (1 + 2 * margin)


def _chip(landmarks: Sequence[tuple[int, int]], margin: float, size: int | None) -> _Chip:
    edge = max(1, round(edge_of(landmarks, margin))) if size is None else size
    turn, start = similarity(landmarks, edge / (1 + 2 * margin), margin)
    return _Chip(turn, start, edge)


def _within(corners: Sequence[float], limit: int, reach: float) -> tuple[int, int]:
    """Return the needed range of a picture of this length; at least one pixel."""
    start = min(max(math.floor(min(corners) - reach), 0), limit - 1)
    return start, max(min(math.ceil(max(corners) + reach), limit), start + 1)
