"""How long the stages of the photos' way take, and how many files are in each."""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

_KEPT = 1000
"""Times of a stage from which its percentiles are taken: the last ones."""
_SHORT = 0.01
"""Seconds below which a stage is not told."""


class Latencies:
    """Collects times, until they are taken."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin without a time; `clock` gives seconds."""
        self._clock = clock
        self._present: Counter[str] = Counter()
        self._seconds: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_KEPT))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Count a file in a stage for a block, and add its time if it passes."""
        started = self._clock()
        self._present[stage] += 1
        try:
            yield
        finally:
            self._present[stage] -= 1
        self._seconds[stage].append(self._clock() - started)

    def present(self) -> list[dict[str, str | int]]:
        """Return how many files are in each stage now; stages without a file are left out."""
        return [{"stage": stage, "files": count} for stage, count in self._present.items() if count]

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
