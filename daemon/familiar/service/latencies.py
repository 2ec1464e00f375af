"""How long the stages of the photos' way take."""

import math
from collections import defaultdict, deque
from collections.abc import Sequence

_KEPT = 1000
"""Times of a stage from which its percentiles are taken: the last ones."""
_SHORT = 0.01
"""Seconds below which a stage is not told."""


class Latencies:
    """Collects times, until they are taken."""

    def __init__(self) -> None:
        """Begin without a time."""
        self._seconds: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_KEPT))

    def note(self, stage: str, seconds: float) -> None:
        """Add the time of one photo in a stage."""
        self._seconds[stage].append(seconds)

    def take(self) -> list[dict[str, str | float]]:
        """Return the percentiles of the stages that take time, slowest first, and begin again."""
        told: list[dict[str, str | float]] = [
            {"stage": stage, "count": len(seconds), "p50": percentile(seconds, 50), "p95": percentile(seconds, 95)}
            for stage, seconds in ((stage, sorted(found)) for stage, found in self._seconds.items())
            if seconds[-1] >= _SHORT
        ]
        self._seconds.clear()
        return sorted(told, key=lambda one: -float(one["p95"]))


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the smallest of these values, in their order, that so many percent of them do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
