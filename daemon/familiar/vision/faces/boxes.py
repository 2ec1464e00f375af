"""Boxes around faces: those that a network finds, without duplicates, and those that dlib would find."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Corners: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels; the last two inside, as dlib has them."""

Boxes: TypeAlias = npt.NDArray[np.float32]
"""Left, top, right, bottom of n boxes in pixels, shape (n, 4)."""

Points: TypeAlias = npt.NDArray[np.float32]
"""x and y of both eyes, the nose and both corners of the mouth, in pixels, shape (5, 2)."""

_EYES_AND_MOUTH = (0, 1, 3, 4)


def distinct(
    boxes: Boxes, scores: npt.NDArray[np.float32], overlap: float, *, of_smaller: bool = False
) -> npt.NDArray[np.intp]:
    """Return the indices of the boxes to keep, by descending score.

    A box is dropped if it overlaps a kept one by more than `overlap`, a share of the union of the two, or with
    `of_smaller` of the smaller one.
    """
    order = np.argsort(-scores, kind="stable")
    kept = []
    while order.size:
        first, rest = order[0], order[1:]
        kept.append(first)
        order = rest[shares(boxes[first], boxes[rest], of_smaller=of_smaller) <= overlap]
    return np.array(kept, np.intp)


def shares(box: Boxes, others: Boxes, *, of_smaller: bool) -> npt.NDArray[np.float32]:
    """Return how much a box, shape (4,), overlaps each of the others, as a share of the union or the smaller."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = _area(np.concatenate([low, np.maximum(low, high)], axis=1))
    area, areas = _area(box[None]), _area(others)
    whole = np.minimum(area, areas) if of_smaller else area + areas - common
    return np.asarray(common / np.maximum(whole, np.finfo(np.float32).tiny))


def scaled(box: Corners, factor: float) -> Corners:
    """Return a box in a picture that was enlarged by a factor."""
    return box[0] * factor, box[1] * factor, box[2] * factor, box[3] * factor


def shifted(box: Corners, right: float, down: float) -> Corners:
    """Return a box moved by a number of pixels to the right and down."""
    return box[0] + right, box[1] + down, box[2] + right, box[3] + down


def hog_box(points: Points, edge: float, *, aside: float, above: float) -> Corners:
    """Return the square that dlib's HOG detector would return for a face; dlib finds the landmarks best in it.

    Args:
        points: eyes, nose and mouth.
        edge: length of an edge in pixels.
        aside: distance of its centre to the left of the centre of eyes and mouth, as a share of the edge.
        above: its distance above that centre, as a share of the edge.
    """
    x, y = map(float, points[list(_EYES_AND_MOUTH)].mean(axis=0))
    left, top = x - edge * (aside + 1 / 2), y - edge * (above + 1 / 2)
    return left, top, left + edge - 1, top + edge - 1


def _area(boxes: Boxes) -> npt.NDArray[np.float32]:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
