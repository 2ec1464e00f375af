"""Bring the embeddings of an unknown network to familiar's scale, by the distances between strangers.

Faces in one photo are different people, so a library contains pairs of strangers. The cosines between their embeddings
have a normal distribution; with SFace, this holds far beyond the threshold (docs/matching.md). The threshold of this
network is put where strangers are as improbable as they are at SFace's threshold.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import SFACE, THRESHOLD
from familiar.model import Embeddings

FEWEST = 1000
"""Fewest pairs of strangers: in 95 of 100 samples of this size, the length is within 5 % of that of a million pairs."""

_SFACE_MEDIAN, _SFACE_DEVIATION = 0.105, 0.0862
"""Median and standard deviation of the cosines of strangers with SFace, measured on 7,609,922 pairs of `lfw`."""

_QUANTILE, _QUANTILE_DEVIATIONS = 0.99, 2.3263
"""The quantile that gives the standard deviation: a few people who are in one photo twice do not change it."""

_NEAREST_COSINE = 0.98
"""A network that gives strangers such a cosine at the threshold can't tell people apart."""


def _deviations() -> float:
    assert SFACE.length is not None, "its embeddings have one length"
    cosine = 1 - (THRESHOLD / SFACE.length) ** 2 / 2
    return (cosine - _SFACE_MEDIAN) / _SFACE_DEVIATION


DEVIATIONS = _deviations()
"""Standard deviations between the median cosine of strangers and the cosine at the threshold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredLength:
    """The measured length of embeddings, and the number of pairs of strangers that it was measured on.

    `distance` is the threshold between unit vectors; None if the network can't tell strangers apart.
    """

    pairs: int
    distance: float | None

    @property
    def length(self) -> float | None:
        """The length of embeddings for which the threshold is 0.44."""
        return None if self.distance is None else THRESHOLD / self.distance


def strangers(photos: npt.ArrayLike, embeddings: Embeddings) -> npt.NDArray[np.float64]:
    """Return the cosines of all pairs of faces that are in one photo.

    Args:
        photos: the photo of each face, shape (n,); faces of one photo follow each other.
        embeddings: shape (n, numbers), of any length except 0.
    """
    numbers = np.asarray(photos)
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    units = np.asarray(embeddings, np.float64) / np.maximum(lengths, np.finfo(np.float32).tiny)
    ends = np.flatnonzero(numbers[1:] != numbers[:-1]) + 1
    found = [(own @ own.T)[np.triu_indices(len(own), 1)] for own in np.split(units, ends)]
    return np.concatenate([np.empty(0), *found])


def measured_length(cosines: npt.NDArray[np.float64]) -> MeasuredLength | None:
    """Return the length for embeddings, from the cosines of pairs of strangers; None for fewer than `FEWEST` pairs."""
    if len(cosines) < FEWEST:
        return None
    middle, high = np.quantile(cosines, [0.5, _QUANTILE])
    at_threshold = float(middle + DEVIATIONS * (high - middle) / _QUANTILE_DEVIATIONS)
    distance = (2 - 2 * at_threshold) ** 0.5 if at_threshold < _NEAREST_COSINE else None
    return MeasuredLength(pairs=len(cosines), distance=distance)
