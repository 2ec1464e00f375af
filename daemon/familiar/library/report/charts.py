"""The charts of the report, drawn for the width of a phone."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import numpy as np

from familiar.library.report.figures import Count, PersonFigures, PhotosByFaces, ScoreClass, Year
from familiar.plots.drawing import fonts_for, load_matplotlib, plain, styled
from familiar.plots.inline import BAR, MARK, OTHER, STYLE, inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH = 5.0
"""Inches of 72 units: 360, the width of a phone in pixels, so that text is not scaled."""

_HEIGHT = 2.6
_SMALL = (2.3, 1.1)
_ROW = 0.3
"""Inches of a row of a chart with names."""

_NAME = 18
"""Letters of a name that there is room for."""

_ROWS = 12
"""Rows of such a chart; what is left is taken together."""

_GAPS = 120
"""Years from the first to the last up to which those without photos are drawn, too."""

_MOST_FACES = 10
"""Photos with at least this many faces are one class."""

_TICKS = 8


def types_chart(types: Sequence[Count]) -> str:
    """Return photos by type."""
    return _rows(types, "Photos by type")


def sources_chart(sources: Sequence[Count]) -> str:
    """Return photos by source."""
    return _rows(sources, "Photos by source")


def years_chart(years: Sequence[Year]) -> str:
    """Return photos by year taken, without unknown years."""
    counts = {row.year: row.photos for row in years if row.year is not None}
    known = sorted(counts)
    if known[-1] - known[0] <= _GAPS:
        known = list(range(known[0], known[-1] + 1))
    label = f"Photos by year, from {known[0]} to {known[-1]}"
    return _columns([str(year) for year in known], [counts.get(year, 0) for year in known], label)


def crowds_chart(crowds: Sequence[PhotosByFaces]) -> str:
    """Return photos by number of faces."""
    classes = classes_of(crowds)
    return _columns([name for name, _ in classes], [photos for _, photos in classes], "Photos by number of faces")


def classes_of(crowds: Sequence[PhotosByFaces]) -> list[tuple[str, int]]:
    """Return photos by number of faces, from none to the maximum; many faces are one class."""
    most = max((row.faces for row in crowds), default=0)
    counts = {row.faces: row.photos for row in crowds}
    classes = [(str(faces), counts.get(faces, 0)) for faces in range(min(most, _MOST_FACES - 1) + 1)]
    if most >= _MOST_FACES:
        many = sum(row.photos for row in crowds if row.faces >= _MOST_FACES)
        classes.append((f"{_MOST_FACES}+", many))
    return classes


def scores_chart(scores: Sequence[ScoreClass], threshold: float) -> str:
    """Return the distribution of the scores of all faces, with the threshold."""
    label = f"Faces by score; threshold: {threshold:.3f}"
    with _figure(_WIDTH, _HEIGHT, layout="constrained") as figure:
        axes = figure.add_subplot()
        low = _draw_scores(axes, scores, threshold)
        axes.set_xlim(low, 1)
        axes.set_xlabel("score")
        _finish(axes)
        return inline_svg(figure, label=label)


def person_chart(person: PersonFigures, low: float) -> str:
    """Return the distribution of the scores of one person's faces, from `low` to 1, as a small chart."""
    label = f"Faces by score; threshold: {person.threshold:.3f}"
    with _figure(*_SMALL, layout=None) as figure:
        axes = figure.add_axes((0.07, 0.24, 0.86, 0.72))
        _draw_scores(axes, person.scores, person.threshold)
        axes.set_xlim(low, 1)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xticks(np.arange(np.ceil(low * 10), 10.5, 2 if low < 0.4 else 1) / 10)  # noqa: PLR2004
        axes.tick_params(axis="x", labelsize=10, length=3, pad=2)
        return inline_svg(figure, label=label)


def lowest_score(scores: Sequence[ScoreClass]) -> float:
    """Return the start of the axis of scores: a round number below all scores."""
    return min([0.5, *(math.floor(row.score * 10) / 10 for row in scores[:1])])


@contextmanager
def _figure(width: float, height: float, *, layout: Literal["constrained"] | None) -> "Iterator[Figure]":
    """Yield a figure of this size in inches, which is drawn and written in the block."""
    load_matplotlib()
    from matplotlib.figure import Figure  # noqa: PLC0415 - see familiar.plots.drawing

    with styled(STYLE):
        yield Figure(figsize=(width, height), layout=layout)


def _rows(counts: Sequence[Count], label: str) -> str:
    """Return bars with a name each, the first above, and their figures beside them."""
    shown = [(_short(row.name), row.photos) for row in counts[:_ROWS]]
    if len(counts) > _ROWS:
        shown.append((f"{len(counts) - _ROWS} more", sum(row.photos for row in counts[_ROWS:])))
    names, photos = [name for name, _ in shown], [count for _, count in shown]
    with _figure(_WIDTH, 0.2 + _ROW * len(shown), layout="constrained") as figure:
        axes = figure.add_subplot()
        axes.barh(range(len(shown)), photos, color=BAR, height=0.7)
        axes.set_yticks(range(len(shown)), labels=names, parse_math=False, fontfamily=fonts_for("".join(names)))
        axes.invert_yaxis()
        axes.set_xlim(0, max(photos) * 1.28)
        for row, count in enumerate(photos):
            axes.annotate(f"{count:,}", (count, row), (4, 0), textcoords="offset points", va="center_baseline")
        axes.set_xticks([])
        axes.tick_params(axis="y", length=0)
        axes.spines[["left", "bottom"]].set_visible(False)
        return inline_svg(figure, label=_told(label, zip(names, photos, strict=True)))


def _columns(names: Sequence[str], photos: Sequence[int], label: str) -> str:
    """Return vertical bars in the order of their names; names are shown as space permits."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, len(names)) if len(names) / step <= _TICKS + 3)
    first = next((place for place, name in enumerate(names) if name.isdigit() and int(name) % step == 0), 0)
    shown = range(first, len(names), step)
    with _figure(_WIDTH, _HEIGHT, layout="constrained") as figure:
        axes = figure.add_subplot()
        axes.bar(range(len(names)), photos, color=BAR, width=0.8)
        axes.set_xticks(shown, labels=[names[place] for place in shown])
        axes.set_xlim(-0.6, len(names) - 0.4)
        _finish(axes)
        return inline_svg(figure, label=_told(label, zip(names, photos, strict=True)))


def _draw_scores(axes: "Axes", scores: Sequence[ScoreClass], threshold: float) -> float:
    """Draw the faces that count above those that do not, and the threshold; return the start of the axis."""
    low = lowest_score(scores)
    bounds = np.arange(round(low * 100), 101) / 100
    accepted, others = np.zeros(len(bounds) - 1), np.zeros(len(bounds) - 1)
    for row in scores:
        place = round((row.score - low) * 100)
        accepted[place], others[place] = row.accepted, row.others
    axes.stairs(others, bounds, fill=True, color=OTHER)
    axes.stairs(accepted + others, bounds, baseline=others, fill=True, color=BAR)
    axes.axvline(threshold, color=MARK, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.set_ylim(0, max(float((accepted + others).max()), 1) * 1.08)
    return low


def _finish(axes: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415 - see familiar.plots.drawing

    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.grid(axis="y", linewidth=0.5, alpha=0.5)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _short(name: str) -> str:
    """Return a shortened name: the end of a path, the beginning of other names."""
    shown = plain(name)
    if len(shown) <= _NAME:
        return shown
    return f"…{shown[1 - _NAME :]}" if shown.startswith("/") else f"{shown[: _NAME - 1]}…"


def _told(label: str, counts: "Iterator[tuple[str, int]]") -> str:
    """Return the label with the largest numbers, for screen readers."""
    largest = sorted(counts, key=lambda count: -count[1])[:3]
    return f"{label}; the most: " + ", ".join(f"{name}: {photos:,}" for name, photos in largest)
