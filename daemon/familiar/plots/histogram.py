"""How scores are spread: a figure, and the same as text for a terminal."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from familiar.plots.bins import edges
from familiar.plots.drawing import fonts_for, load_matplotlib, plain, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT = 6.4, 3.6
"""Inches."""

_MOST_BARS = 60
_TITLE_COLUMNS = 72
_TITLE_LINES = 3
_LABEL = 0.075
"""Share of the width that the label of a percentile takes."""

_LABEL_HEIGHT = 0.32
"""Inches."""

_MOST_ROWS = 6
"""Rows of labels; percentiles that find no room in them have a line alone."""

_BAR, _MARK = "#3b76af", "#c44e2c"

_WIDEST = 8
"""Columns of a bar of text."""

_STICKS = "\u2060"
"""A character at which no line is broken."""

_BLOCKS = " ▁▂▃▄▅▆▇█"
_EIGHTHS = len(_BLOCKS) - 1


def histogram(scores: NDArray[np.float64], *, title: str, percentiles: Sequence[float] = ()) -> "Figure":
    """Return a histogram of scores, with percentiles (0 to 100) marked; `as_bytes` makes a file of it.

    What is not finite is left out; without any score the figure says so.
    """
    load_matplotlib()
    from matplotlib.figure import Figure  # noqa: PLC0415 - see drawing

    values = scores[np.isfinite(scores)]
    marks = _marks(values, percentiles)
    rows = _rows(values, [mark for _, mark in marks])
    lines = textwrap.wrap(plain(title), _TITLE_COLUMNS, max_lines=_TITLE_LINES, placeholder="…")
    extra = _LABEL_HEIGHT * min(max(rows, default=-1) + 1, _MOST_ROWS) + 0.17 * max(len(lines) - 1, 0)
    with styled():
        figure = Figure(figsize=(_WIDTH, _HEIGHT + extra), layout="constrained")
        figure.suptitle("\n".join(lines), parse_math=False, fontfamily=fonts_for("".join(lines)), fontsize="large")
        axes = figure.add_subplot()
        axes.set_xlabel("score")
        axes.set_ylabel("photos")
        _draw_bars(axes, values)
        for (percentile, mark), row in zip(marks, rows, strict=True):
            _draw_mark(axes, percentile, mark, row)
    return figure


def histogram_text(scores: NDArray[np.float64], *, width: int, height: int, percentiles: Sequence[float] = ()) -> str:
    """Return a histogram of scores as lines of text without a line's end after the last.

    Args:
        scores: what is not finite is left out.
        width: columns of the terminal; fewer than 20 count as 20.
        height: lines of the bars.
        percentiles: marked below the bars, and told.
    """
    values = scores[np.isfinite(scores)]
    if not values.size:
        return "no scores"
    columns = max(width, 20) - len(str(values.size)) - 2
    bounds = edges(values, most=columns)
    counts, _ = np.histogram(values, bounds)
    wide = min(columns // counts.size, _WIDEST)
    margin = len(str(counts.max())) + 2
    lines = [
        f"{label:>{margin - 2}} ┤{bars}"
        for label, bars in zip(_labels(int(counts.max()), height), _bars(counts, wide, height), strict=True)
    ]
    drawn = wide * counts.size
    first, last = f"{bounds[0]:.4g}", f"{bounds[-1]:.4g}"
    lines.append(" " * margin + first + last.rjust(max(drawn - len(first), len(last) + 1)))
    marks = _marks(values, percentiles)
    if marks:
        lines.insert(-1, " " * margin + _arrows([mark for _, mark in marks], bounds, drawn))
        told = "  ".join(f"P{percentile:g}{_STICKS}{mark:.4f}" for percentile, mark in marks)
        lines += [line.replace(_STICKS, " ") for line in textwrap.wrap(told, max(width, 20))]
    return "\n".join(line.rstrip() for line in lines)


def _marks(values: NDArray[np.float64], percentiles: Sequence[float]) -> list[tuple[float, float]]:
    """Return each percentile with its score, in ascending order."""
    if not values.size:
        return []
    chosen = sorted(set(percentiles))
    return list(zip(chosen, np.percentile(values, chosen).tolist(), strict=True))


def _rows(values: NDArray[np.float64], marks: Sequence[float]) -> list[int]:
    """Return the row of the label of each mark, in ascending order: the lowest in which it touches no other."""
    if not marks:
        return []
    low, high = _span(edges(values, most=_MOST_BARS))
    ends: list[float] = []
    rows = []
    for mark in marks:
        row = next((number for number, end in enumerate(ends) if end <= mark), len(ends))
        ends[row : row + 1] = [mark + _LABEL * (high - low)]
        rows.append(row)
    return rows


def _span(bounds: NDArray[np.float64]) -> tuple[float, float]:
    """Return the ends of the axis: a class beyond the outer ones."""
    air = float(bounds[1] - bounds[0])
    return float(bounds[0]) - air, float(bounds[-1]) + air


def _draw_bars(axes: "Axes", values: NDArray[np.float64]) -> None:
    if not values.size:
        axes.text(0.5, 0.5, "no scores", transform=axes.transAxes, ha="center", va="center")
        return
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - see drawing

    bounds = edges(values, most=_MOST_BARS)
    counts, _ = np.histogram(values, bounds)
    axes.stairs(counts, bounds, fill=True, color=_BAR)
    axes.vlines(bounds[1:-1], 0, np.minimum(counts[1:], counts[:-1]), color="white", linewidth=0.6)
    axes.set_xlim(*_span(bounds))
    axes.set_ylim(0, counts.max() * 1.05)
    axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    axes.grid(axis="y", linewidth=0.4, alpha=0.6)


def _draw_mark(axes: "Axes", percentile: float, mark: float, row: int) -> None:
    axes.axvline(mark, color=_MARK, linewidth=0.9, linestyle=(0, (4, 2)))
    if row >= _MOST_ROWS:
        return
    axes.annotate(
        f"P{percentile:g}\n{mark:.3f}",
        xy=(mark, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 3 + row * _LABEL_HEIGHT * 72),
        textcoords="offset points",
        ha="center",
        fontsize="x-small",
        color=_MARK,
    )


def _labels(most: int, height: int) -> list[str]:
    return [str(most), *[""] * (height - 2), "0"][:height]


def _bars(counts: NDArray[np.int64], wide: int, height: int) -> list[str]:
    """Return the bars, upper line first; each class with photos is visible."""
    steps = np.ceil(counts / counts.max() * height * _EIGHTHS).astype(int)
    return [
        "".join(_BLOCKS[int(np.clip(step - line * _EIGHTHS, 0, _EIGHTHS))] * wide for step in steps)
        for line in reversed(range(height))
    ]


def _arrows(marks: Sequence[float], bounds: NDArray[np.float64], drawn: int) -> str:
    span = bounds[-1] - bounds[0]
    at = {min(int((mark - bounds[0]) / span * drawn), drawn - 1) for mark in marks}
    return "".join("↑" if column in at else " " for column in range(drawn))
