"""The scores of photos as one value: statistics, lists and plots of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from familiar.errors import UsageError
from familiar.identity.score_files import write_list
from familiar.identity.statistics import Scores, ScoreStatistics, score_at, statistics_of
from familiar.library.argument_types import checked_arguments
from familiar.library.arguments import check_number
from familiar.library.named_paths import expanded
from familiar.library.output_files import check_new, write_new
from familiar.plots.bins import edges
from familiar.plots.drawing import SUFFIXES, as_bytes
from familiar.plots.histogram import histogram, histogram_text
from familiar.plurals import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = (50, 75, 90, 95, 99)
"""The percentiles that a plot marks."""

_MOST_BARS = 60


@checked_arguments
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PhotoScores:
    """Photos with their scores; empty only after applying bounds.

    A score is 1 / (1 + distance) of the nearest face in a photo: 1 is a perfect match, and 0.625 means a distance
    of 0.6.

    Attributes:
        subject: the person, or the file or folder that the scores were read from.
        names: the paths as they stand there.
        scores: shape (n,), in 0 to 1, in the order of the paths.
    """

    subject: str
    names: tuple[str, ...]
    scores: Scores

    @classmethod
    def of(cls, scores: Mapping[str, float], *, subject: str) -> Self:
        """Return scores by path as one value."""
        return cls(
            subject=subject,
            names=tuple(scores),
            scores=np.fromiter(scores.values(), np.float64, len(scores)),
        )

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths of the photos."""
        return tuple(map(Path, self.names))

    def __len__(self) -> int:
        """Return the number of photos."""
        return len(self.names)

    def statistics(self) -> ScoreStatistics:
        """Return count, extremes, mean, median, standard deviation and all percentiles from 0 to 100.

        Raises:
            UsageError: there are no scores.
        """
        self._check_any()
        return statistics_of(self.scores)

    def percentile(self, percent: float) -> float:
        """Return the score at a percentile, from 0 to 100.

        Raises:
            UsageError: there are no scores, or the percentile is invalid.
        """
        self._check_any()
        _check_range("percentile", percent, 100)
        return score_at(self.scores, percent)

    def between(
        self,
        *,
        min_score: float | None = None,
        max_score: float | None = None,
        min_percentile: float | None = None,
        max_percentile: float | None = None,
    ) -> "PhotoScores":
        """Return the photos within bounds, which are inclusive, best first.

        Args:
            min_score: the minimum score, from 0 to 1.
            max_score: the maximum score, from 0 to 1.
            min_percentile: the percentile of the least score, in 0 to 100; the larger of the two minimums applies.
            max_percentile: the percentile of the largest score, in 0 to 100.

        Raises:
            UsageError: a bound is out of its range, or no score can satisfy them.
        """
        low = max(self._bounds(min_score, min_percentile), default=float("-inf"))
        high = min(self._bounds(max_score, max_percentile), default=float("inf"))
        if low > high:
            raise UsageError(f"No score can satisfy these bounds: the minimum {low:g} is above the maximum {high:g}.")
        best_first = np.argsort(-self.scores, kind="stable")
        chosen = best_first[(self.scores[best_first] >= low) & (self.scores[best_first] <= high)]
        return PhotoScores(
            subject=self.subject, names=tuple(self.names[place] for place in chosen), scores=self.scores[chosen]
        )

    def list_bytes(self) -> bytes:
        """Return the paths as a list, one a line, for `familiar move`, `copy` and `link`."""
        return write_list(self.names)

    def write_list(self, file: str | Path, *, replace: bool = False) -> None:
        """Write the list to a file.

        Raises:
            UsageError: a file of that name is there, and is not to be replaced.
            FamiliarError: it can't be written.
        """
        write_new(expanded(file), self.list_bytes(), replace=replace)

    def histogram(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Return the bounds of the classes of scores, shape (m + 1,), and their numbers of photos, shape (m,).

        Raises:
            UsageError: there are no scores.
        """
        self._check_any()
        bounds = edges(self.scores, most=_MOST_BARS)
        counts, _ = np.histogram(self.scores, bounds)
        return bounds, counts

    def figure(self) -> "Figure":
        """Return a histogram with the usual percentiles marked, as a figure of matplotlib."""
        photos = counted(len(self), "photo")
        return histogram(self.scores, title=f"Scores of {photos}: {self.subject}", percentiles=MARKS)

    def plot(self, suffix: str = ".png") -> bytes:
        """Return that figure as the content of a file: `.png` or `.svg`.

        Raises:
            UsageError: the suffix means neither.
        """
        return as_bytes(self.figure(), suffix)

    def write_plot(self, file: str | Path, *, replace: bool = False) -> None:
        """Write that figure to a file, whose name ends in `.png` or `.svg`.

        Raises:
            UsageError: it ends otherwise, or a file of that name is there, and is not to be replaced.
            FamiliarError: it can't be written.
        """
        path = expanded(file)
        check_plot_file(path, replace=replace)
        write_new(path, self.plot(path.suffix), replace=replace)

    def text_plot(self, *, width: int = 80, height: int = 12) -> str:
        """Return the histogram as lines of text, with a width in columns and a number of bar lines, from 1 to 1,000."""
        check_number("width", width, 1, 1000)
        check_number("height", height, 1, 1000)
        return histogram_text(self.scores, width=width, height=height, percentiles=MARKS)

    def _bounds(self, score: float | None, percent: float | None) -> list[float]:
        """Return the bounds that are given, as scores."""
        bounds = []
        if percent is not None:
            bounds.append(self.percentile(percent))
        if score is not None:
            _check_range("score", score, 1)
            bounds.append(score)
        return bounds

    def _check_any(self) -> None:
        if not len(self):
            raise UsageError(f"{self.subject}: no scores.")


def check_plot_file(file: Path, *, replace: bool) -> None:
    """Check, before anything is done, that a plot can be written to a file.

    Raises:
        UsageError: the name does not end in `.png` or `.svg`, or a file of that name is there.
    """
    check_new(file, replace=replace)
    if file.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{file}: the name of a plot must end in {' or '.join(SUFFIXES)}.")


def _check_range(what: str, value: float, most: float) -> None:
    if not 0 <= value <= most:
        raise UsageError(f"The {what} {value:g} is not in the range 0 to {most:g}.")
