"""How long to wait before something that failed is tried again."""

from dataclasses import dataclass

_DOUBLINGS = 32
"""Doublings after which any wait has reached its longest; a power of two with years of attempts is no float."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Waits that double with each attempt: `first` seconds at first, `longest` at most."""

    first: float
    longest: float

    def after(self, attempts: int) -> float:
        """Return the seconds to wait after a failure with this many failed attempts before it."""
        return min(self.first * 2.0 ** min(attempts, _DOUBLINGS), self.longest)


HOURLY = Backoff(first=60.0, longest=3600.0)
"""For files and operations: a minute at first, an hour at most."""
