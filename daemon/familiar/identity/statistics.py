"""Statistics of scores, and the percentile of one score among them.

Percentiles are interpolated linearly between scores (method 7 of Hyndman and Fan, "Sample Quantiles in Statistical
Packages", 1996), as NumPy does by default.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Scores: TypeAlias = npt.NDArray[np.float64]
"""Scores, shape (n,)."""

PERCENTS = tuple(range(101))


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentile:
    """One percentile: its score, how many scores are on either side of it (inclusive), and how far from the mean it is.

    `deviations` are standard deviations from the mean, 0 where all scores are the same.
    """

    percent: int
    score: float
    at_or_above: int
    at_or_below: int
    deviations: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreStatistics:
    """The statistics of scores; the standard deviation is that of the population (divided by n)."""

    count: int
    maximum: float
    minimum: float
    mean: float
    median: float
    standard_deviation: float
    percentiles: tuple[Percentile, ...]


def statistics_of(scores: Scores) -> ScoreStatistics:
    """Return the statistics of at least one score."""
    ordered = np.sort(scores)
    mean, deviation = float(ordered.mean()), float(ordered.std())
    # The mean is a rounded sum: for equal scores it can be outside of their range.
    mean = min(max(mean, float(ordered[0])), float(ordered[-1]))
    return ScoreStatistics(
        count=len(ordered),
        maximum=float(ordered[-1]),
        minimum=float(ordered[0]),
        mean=mean,
        median=float(np.median(ordered)),
        standard_deviation=deviation if ordered[0] != ordered[-1] else 0.0,
        percentiles=tuple(_percentile(ordered, percent, mean, deviation) for percent in PERCENTS),
    )


def score_at(scores: Scores, percent: float) -> float:
    """Return the score at a percentile (0 to 100) of at least one score."""
    return float(np.percentile(scores, percent))


def percentile_rank(ordered: Scores, score: float) -> tuple[float, float]:
    """Return the percentiles of a score among ascending scores: its lowest and its highest.

    They differ where several scores are equal. It is the inverse of `score_at`: a score reaches a percentile, as that
    percentile's score or above it, if the highest is at least that.
    """
    if not len(ordered):
        return 0.0, 100.0
    low, high = int(np.searchsorted(ordered, score, "left")), int(np.searchsorted(ordered, score, "right"))
    if low == high:
        between = float(np.interp(score, ordered, np.arange(len(ordered)))) if 0 < low < len(ordered) else float(low)
        first = last = between
    else:
        first, last = float(low), float(high - 1)
    steps = len(ordered) - 1
    if not steps:
        return (0.0, 100.0) if low != high else (100.0 * low, 100.0 * low)
    return min(first / steps, 1.0) * 100.0, min(last / steps, 1.0) * 100.0


def _percentile(ordered: Scores, percent: int, mean: float, deviation: float) -> Percentile:
    score = score_at(ordered, percent)
    return Percentile(
        percent=percent,
        score=score,
        at_or_above=len(ordered) - int(np.searchsorted(ordered, score, "left")),
        at_or_below=int(np.searchsorted(ordered, score, "right")),
        deviations=(score - mean) / deviation if deviation and ordered[0] != ordered[-1] else 0.0,
    )
