"""How good the picture of a face is: one number, from what is known of the face (docs/detection.md)."""

import math
from dataclasses import dataclass

from familiar.errors import SetAsideError
from familiar.identity.landmarks import Position
from familiar.model import Face


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weights:
    """What each sign of a good picture adds to the evidence for one: a weight a unit.

    They were fitted by `tests/benchmarks/face_quality.py fit`.
    """

    constant: float
    length: float
    score: float
    blur: float
    deviation: float
    outside: float


_WITH_LENGTH = _Weights(constant=-17.06, length=11.76, score=9.31, blur=-2.1, deviation=-2.71, outside=-1.85)
_WITHOUT_LENGTH = _Weights(constant=-15.46, length=0.0, score=19.32, blur=-5.55, deviation=-8.18, outside=-3.58)

_LONGEST = 1.3
"""Longer embeddings, as a share of the usual length, tell nothing more."""

_SUREST = 0.95
"""YuNet is never surer; MTCNN, which is surer of itself, nearly always."""

_USUAL_SCORE = 0.93
"""The score of a usual face, for detectors that give none, and for faces of before."""

_USUAL_DEVIATION = 0.023
_LARGEST_DEVIATION = 0.2

_LEAST_SHARPNESS = 1.0


def quality(face: Face, *, width: int, height: int, length: float | None) -> float:
    """Return the quality of a face from 0 to 1: about how likely it matches a good picture of the same person.

    Args:
        face: what was found; neither its embedding nor a quality that it has counts.
        width: of the upright photo in pixels.
        height: of it.
        length: that of the embedding as the network gave it, as a share of the usual one; None where it tells nothing.
    """
    weights = _WITHOUT_LENGTH if length is None else _WITH_LENGTH
    turned, outside = _position(face, width, height)
    evidence = (
        weights.constant
        + weights.length * min(length or 0.0, _LONGEST)
        + weights.score * min(max(_USUAL_SCORE if face.score is None else face.score, 0.0), _SUREST)
        + weights.blur / max(face.sharpness, _LEAST_SHARPNESS)
        + weights.deviation * turned
        + weights.outside * outside
    )
    return round(1 / (1 + math.exp(-evidence)), 4)


def _position(face: Face, width: int, height: int) -> tuple[float, float]:
    """Return how far a head is turned, and which share of it is outside of the photo."""
    if not face.landmarks:
        return _USUAL_DEVIATION, 0.0
    try:
        position = Position.of(face.landmarks)
        return min(position.deviation, _LARGEST_DEVIATION), position.share_outside(width=width, height=height)
    except SetAsideError:
        return _LARGEST_DEVIATION, 0.0
