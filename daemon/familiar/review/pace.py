"""How fast files are handled, from what was counted of late: it says how long the rest takes."""

from collections import deque

_SPAN = 300.0
"""Seconds of the past that count."""

_LEAST = 5.0
"""Seconds without which nothing can be said."""


class Pace:
    """Counts of files that were handled, each with its time."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counts: deque[tuple[float, int]] = deque()

    def note(self, now: float, done: int) -> None:
        """Note how many files have been handled; `now` is in monotonic seconds."""
        if self._counts and done < self._counts[-1][1]:
            self._counts.clear()  # files went away
        self._counts.append((now, done))
        while self._counts[0][0] < now - _SPAN:
            self._counts.popleft()

    @property
    def per_minute(self) -> float:
        """Files that are handled in a minute; 0 if none are, or that is not known yet."""
        (began, before), (now, done) = self._counts[0], self._counts[-1]
        return 60 * (done - before) / (now - began) if now - began >= _LEAST else 0.0

    def minutes_left(self, waiting: int) -> float | None:
        """Return the minutes until so many files are handled; None if that is not known."""
        return waiting / self.per_minute if self.per_minute else None
