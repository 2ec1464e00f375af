"""How good the picture of a face is: one number, from what is known of the face (docs/detection.md)."""

import math
from collections.abc import Sequence

from familiar.model import Face

_USUAL_SCORE = 0.9
"""Stands for the score of a detector that gives none."""

_FACE = 1.9
"""Edge of a face in distances between the outer corners of its eyes."""

_LANDMARKS = 5

_LEAST_SHARPNESS = 1.0


def quality(face: Face, *, width: int, height: int, length: float | None) -> float:
    """Return the quality of a face from 0 to 1: about how likely it matches a good picture of the same person.

    Args:
        face: what was found; neither its embedding nor a quality that it has counts.
        width: of the upright photo in pixels.
        height: of it.
        length: that of the embedding as the network gave it, as a share of the usual one; None where it tells nothing.
    """
    score = _USUAL_SCORE if face.score is None else face.score
    turn, outside = _turn(face.landmarks), _outside(face, width, height)
    short = 0.0 if length is None else 1.0 - min(length, 1.0)
    evidence = (
        -3.0
        + 1.2 * math.log2(min(max(face.size, 1), 128) / 16)
        + 0.9 * math.log2(min(max(face.sharpness, _LEAST_SHARPNESS), 64) / 4)
        + 4.0 * (score - _USUAL_SCORE)
        - 3.0 * turn
        - 5.0 * outside
        - 10.0 * short
    )
    return round(1 / (1 + math.exp(-evidence)), 4)


def _turn(landmarks: Sequence[tuple[int, int]]) -> float:
    """Return how far the nose is aside of the middle between the eyes, as a share of their distance; 0 if unknown."""
    if len(landmarks) != _LANDMARKS:
        return 0.0
    points = [complex(x, y) for x, y in landmarks]
    across = points[0] - points[2]
    if across == 0:
        return 1.0
    nose = (points[4] - (points[0] + points[1] + points[2] + points[3]) / 4) / across
    return min(abs(nose.real), 1.0)


def _outside(face: Face, width: int, height: int) -> float:
    """Return the share of a face that is outside of its photo, from 0 to 1; 0 if it is not known where the face is."""
    if len(face.landmarks) != _LANDMARKS:
        return 0.0
    points = [complex(x, y) for x, y in face.landmarks]
    edge, middle = _FACE * abs(points[0] - points[2]), sum(points, 0j) / _LANDMARKS
    if edge == 0:
        return 0.0
    within = _within(middle.real, edge, width) * _within(middle.imag, edge, height)
    return 1.0 - within / edge**2


def _within(middle: float, edge: float, limit: int) -> float:
    return max(min(middle + edge / 2, limit) - max(middle - edge / 2, 0.0), 0.0)
