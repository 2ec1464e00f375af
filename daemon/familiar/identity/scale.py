"""Bring the embeddings of an unknown network to familiar's scale, by the distances between strangers.

Faces in one photo are different people, so a library contains pairs of strangers. The cosines between their embeddings
have a normal distribution; with SFace, this holds far beyond the threshold (docs/matching.md). The threshold of this
network is put where strangers are as improbable as they are at SFace's threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import SFACE, THRESHOLD
from familiar.model import Embeddings

Cosines: TypeAlias = npt.NDArray[np.float64]
"""Cosines of pairs of faces, shape (pairs,)."""

FEWEST = 1000
"""Fewest pairs of strangers: for 95 of 100 libraries in which many people are, the length is within 3 % of the right
one then, and within 6 % where the same 20 people are in all photos (docs/models.md)."""

_FEWEST_PHOTOS = 10
"""Of fewer photos, a choice of them does not tell how certain the length is."""

_SAMPLES, _CONFIDENCE = 200, (0.025, 0.975)
"""Choices of photos that are measured for the interval, and the quantiles of their lengths that it ends at."""

_SFACE_MEDIAN, _SFACE_DEVIATION = 0.105, 0.0862
"""Median and standard deviation of the cosines of strangers with SFace, measured on 7,609,922 pairs of `lfw`."""

_QUANTILE, _QUANTILE_DEVIATIONS = 0.95, 1.6449
"""The quantile that gives the standard deviation: the same person twice in some photos hardly changes it. With SFace,
those from 0.84 to 0.9999 give the same."""

_NEAREST_COSINE = 0.98
"""A network that gives strangers such a cosine at the threshold can't tell people apart."""

_NEAREST = (2 - 2 * _NEAREST_COSINE) ** 0.5
"""The distance between unit vectors at that cosine."""


def _deviations() -> float:
    assert SFACE.length is not None, "its embeddings have one length"
    cosine = 1 - (THRESHOLD / SFACE.length) ** 2 / 2
    return (cosine - _SFACE_MEDIAN) / _SFACE_DEVIATION


DEVIATIONS = _deviations()
"""Standard deviations between the median cosine of strangers and the cosine at the threshold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredLength:
    """The measured length of embeddings, and the number of pairs of strangers, and of photos, that it was measured on.

    `distance` is the threshold between unit vectors; None if the network can't tell strangers apart. In 95 of 100 cases
    the right length is from `low` to `high`, as far as the choice of photos matters; they are None where `distance` is,
    or where there are too few photos to tell.
    """

    pairs: int
    photos: int
    distance: float | None
    low: float | None = None
    high: float | None = None

    @property
    def length(self) -> float | None:
        """The length of embeddings for which the threshold is 0.44."""
        return None if self.distance is None else THRESHOLD / self.distance


def strangers(photos: npt.ArrayLike, embeddings: Embeddings) -> list[Cosines]:
    """Return the cosines of all pairs of faces that are in one photo: an array (pairs,) for each photo with several.

    Args:
        photos: the photo of each face, shape (n,); faces of one photo follow each other.
        embeddings: shape (n, numbers), of any length except 0.
    """
    numbers = np.asarray(photos)
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    units = np.asarray(embeddings, np.float64) / np.maximum(lengths, np.finfo(np.float32).tiny)
    ends = np.flatnonzero(numbers[1:] != numbers[:-1]) + 1
    return [(own @ own.T)[np.triu_indices(len(own), 1)] for own in np.split(units, ends) if len(own) > 1]


def measured_length(photos: Sequence[Cosines]) -> MeasuredLength:
    """Return the length for embeddings, from the cosines of pairs of strangers in each photo, at least one pair."""
    cosines = np.concatenate(photos)
    distance = _distance(cosines)
    measured = MeasuredLength(pairs=len(cosines), photos=len(photos), distance=distance)
    if distance is None or len(photos) < _FEWEST_PHOTOS:
        return measured
    low, high = _interval(photos)
    return replace(measured, low=low, high=high)


def _interval(photos: Sequence[Cosines]) -> tuple[float, float]:
    """Return the ends of the interval of lengths that as many photos give, chosen from these (bootstrap)."""
    random = np.random.default_rng(0)
    lengths = []
    for _ in range(_SAMPLES):
        chosen = random.integers(len(photos), size=len(photos))
        distance = _distance(np.concatenate([photos[number] for number in chosen]))
        lengths.append(THRESHOLD / (_NEAREST if distance is None else distance))
    low, high = np.quantile(lengths, _CONFIDENCE)
    return float(low), float(high)


def _distance(cosines: Cosines) -> float | None:
    """Return the threshold between unit vectors; None if strangers are too much alike."""
    middle, high = np.quantile(cosines, [0.5, _QUANTILE])
    at_threshold = float(middle + DEVIATIONS * (high - middle) / _QUANTILE_DEVIATIONS)
    return (2 - 2 * at_threshold) ** 0.5 if at_threshold < _NEAREST_COSINE else None
