"""Bring the embeddings of a network that nobody has measured to familiar's scale, by what strangers look like to it.

Faces in one photo are different people, so a library tells how near strangers come to each other, for nothing. The
cosines between their embeddings are spread as a normal distribution, with SFace far beyond where errors matter
(docs/matching.md). So the cosine that is as improbable for this network as that of the threshold is for SFace has to
lie at the threshold.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import SFACE, THRESHOLD
from familiar.model import Embeddings

FEWEST = 1000
"""Fewest pairs of strangers: of so many, the length is within 5 % of that of a million in 95 of 100 draws."""

_SFACE_MEDIAN, _SFACE_DEVIATION = 0.105, 0.0862
"""Of the cosines of strangers for SFace, whose embeddings have their length on familiar's scale by measurement
(7,609,922 pairs of `lfw`)."""

_QUANTILE, _QUANTILE_DEVIATIONS = 0.99, 2.3263
"""The standard deviation is taken from this quantile: a few people who are in a photo twice do no harm."""

_NEAREST_COSINE = 0.98
"""A network for which strangers are as alike as that tells nobody apart."""


def _deviations() -> float:
    assert SFACE.length is not None, "its embeddings have one length"
    cosine = 1 - (THRESHOLD / SFACE.length) ** 2 / 2
    return (cosine - _SFACE_MEDIAN) / _SFACE_DEVIATION


DEVIATIONS = _deviations()
"""How many standard deviations the cosine at the threshold lies above the median of strangers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredLength:
    """What was measured: how long embeddings should be, and on how many pairs of strangers.

    `distance` is that of the threshold between unit vectors; None where the network can't tell strangers apart.
    """

    pairs: int
    distance: float | None

    @property
    def length(self) -> float | None:
        """The length of embeddings at which that distance is the threshold, 0.44."""
        return None if self.distance is None else THRESHOLD / self.distance


def strangers(photos: npt.ArrayLike, embeddings: Embeddings) -> npt.NDArray[np.float64]:
    """Return the cosines of all pairs of faces that are in one photo.

    Args:
        photos: the photo of each face, shape (n,); those of one photo stand together.
        embeddings: shape (n, numbers), of any length but 0.
    """
    numbers = np.asarray(photos)
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    units = np.asarray(embeddings, np.float64) / np.maximum(lengths, np.finfo(np.float32).tiny)
    ends = np.flatnonzero(numbers[1:] != numbers[:-1]) + 1
    found = [(own @ own.T)[np.triu_indices(len(own), 1)] for own in np.split(units, ends)]
    return np.concatenate([np.empty(0), *found])


def measured_length(cosines: npt.NDArray[np.float64]) -> MeasuredLength | None:
    """Return how long embeddings should be, from the cosines of pairs of strangers; None for fewer than `FEWEST`."""
    if len(cosines) < FEWEST:
        return None
    middle, high = np.quantile(cosines, [0.5, _QUANTILE])
    at_threshold = float(middle + DEVIATIONS * (high - middle) / _QUANTILE_DEVIATIONS)
    distance = (2 - 2 * at_threshold) ** 0.5 if at_threshold < _NEAREST_COSINE else None
    return MeasuredLength(pairs=len(cosines), distance=distance)
