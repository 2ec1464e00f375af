"""The pyramid of dlib's CNN detector: its layout, and how places in it become boxes in the picture.

The picture and all its reductions, each 5/6 of the previous one, are placed in one plane: a first column from the top,
and a second one back up on its right (`dlib/image_transforms/image_pyramid.h`, `compute_tiled_image_pyramid_details`).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from familiar.vision.faces.boxes import Corners

_PADDING = 10
_OUTER_PADDING = 11
_LEAST_ROWS = 5
_RATIO = 5 / 6
_SHIFT = 0.3
"""By which `pyramid_down<6>` moves points at each level."""

_WINDOW = 80
"""Edge of a face that the network looks for, in pixels."""

_OVERLAP = 0.3382761351109955
"""Share of their hull that two boxes may have in common; beyond it the less sure one is dropped. The value is in the
file of the detector (`overlaps_nms`)."""

_STRIDE, _FIRST = 8, 14
"""A place of the output looks at 8 times its position plus 14: three convolutions of size 5 and stride 2 have no
padding, and the padding of the four others, of stride 1, keeps the size."""

LEAST = 7
"""Edge of a picture, in pixels, below which the first convolutions have no output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One level of the pyramid in the plane."""

    top: int
    left: int
    rows: int
    columns: int

    def distance(self, x: float, y: float) -> float:
        """Return the square of the distance from a point to this tile."""
        aside = max(self.left - x, 0.0, x - (self.left + self.columns - 1))
        above = max(self.top - y, 0.0, y - (self.top + self.rows - 1))
        return aside**2 + above**2


def tiles_of(rows: int, columns: int) -> tuple[int, int, list[Tile]]:
    """Return rows and columns of the plane for a picture, and its tiles from the largest to the smallest."""
    sizes = [(rows, columns)]
    while True:
        smaller = (math.floor(_RATIO * sizes[-1][0]), math.floor(_RATIO * sizes[-1][1]))
        if smaller[0] < _LEAST_ROWS or smaller[1] < 1:
            break
        sizes.append(smaller)
    height = _first_column(sizes)
    return height + 2 * _OUTER_PADDING, columns + 2 * _OUTER_PADDING, list(_placed(sizes, height))


def _first_column(sizes: list[tuple[int, int]]) -> int:
    """Return the height of the first column: it ends where the rest fits beside it."""
    rows, columns = sizes[0]
    total = sum(size[0] + _PADDING for size in sizes) - 2 * _PADDING
    height, before = 0, 0
    for size in sizes:
        if size[1] <= columns - before - _PADDING and (height - rows) * 2 >= total - rows:
            break
        height, before = height + size[0] + _PADDING, size[1]
    return height - _PADDING


def _placed(sizes: list[tuple[int, int]], height: int) -> Iterable[Tile]:
    rows, columns = sizes[0]
    y, upwards = _OUTER_PADDING, False
    for size in sizes:
        if not upwards and y >= height + _OUTER_PADDING:
            y, upwards = y - _PADDING, True
        if not upwards:
            yield Tile(top=y, left=_OUTER_PADDING, rows=size[0], columns=size[1])
            y += size[0] + _PADDING
            continue
        top, left = y - size[0], _OUTER_PADDING + columns - size[1]
        if top < _OUTER_PADDING + rows:
            return  # it would overlap the picture itself
        yield Tile(top=top, left=left, rows=size[0], columns=size[1])
        y -= size[0] + _PADDING


def boxes_of(scores: npt.NDArray[np.float32], tiles: list[Tile]) -> list[Corners]:
    """Return the boxes of the places with a score above 0, the surest first; of boxes that overlap the surest stays."""
    kept: list[Corners] = []
    rows, columns = np.nonzero(scores > 0)
    for place in np.argsort(-scores[rows, columns], kind="stable"):
        box = _box(_FIRST + _STRIDE * float(columns[place]), _FIRST + _STRIDE * float(rows[place]), tiles)
        if not any(_overlap(box, other) for other in kept):
            kept.append(box)
    return kept


def _box(x: float, y: float, tiles: list[Tile]) -> Corners:
    level = min(range(len(tiles)), key=lambda number: tiles[number].distance(x, y))
    half = (_WINDOW - 1) / 2
    sides = [
        x - half - tiles[level].left,
        y - half - tiles[level].top,
        x + half - tiles[level].left,
        y + half - tiles[level].top,
    ]
    for _ in range(level):
        sides = [side / _RATIO + _SHIFT for side in sides]
    left, top, right, bottom = (math.floor(side + 0.5) for side in sides)
    return left, top, right, bottom


def _overlap(one: Corners, other: Corners) -> bool:
    common = _area(max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3]))
    hull = _area(min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))
    return common > _OVERLAP * hull


def _area(left: float, top: float, right: float, bottom: float) -> float:
    return (right - left + 1) * (bottom - top + 1) if right >= left and bottom >= top else 0.0
