"""The classes of a histogram, with round bounds."""

import math

import numpy as np
from numpy.typing import NDArray

_FEWEST = 8
_LEAST_WIDTH = 0.001
_ROUND = (1.0, 2.0, 5.0, 10.0)
_CLOSE = 1e-9


def edges(values: NDArray[np.float64], *, most: int) -> NDArray[np.float64]:
    """Return the bounds of the classes that `values` fall into: multiples of 1, 2 or 5 times a power of ten.

    Args:
        values: at least one, all of them finite.
        most: classes that there may be; of few values there are fewer, so that most classes have some.
    """
    wanted = max(1, min(most, max(_FEWEST, math.ceil(2 * math.sqrt(values.size)))))
    low, high = float(values.min()), float(values.max())
    least = max((high - low) / wanted, _LEAST_WIDTH)
    power = 10.0 ** math.floor(math.log10(least))
    # Rounding to multiples adds one class at each end at most: then the next width serves.
    widths = (step * power * scale for scale in (1.0, 10.0) for step in _ROUND if step * power * scale >= least * 0.999)
    return next(bounds for bounds in (_multiples(low, high, width) for width in widths) if bounds.size - 1 <= wanted)


def _multiples(low: float, high: float, width: float) -> NDArray[np.float64]:
    first, last = math.floor(low / width + _CLOSE), math.ceil(high / width - _CLOSE)
    bounds = np.arange(first, max(last, first + 1) + 1, dtype=np.float64) * width
    bounds[0], bounds[-1] = min(bounds[0], low), max(bounds[-1], high)  # 700 * 0.001 is more than 0.7
    return bounds
