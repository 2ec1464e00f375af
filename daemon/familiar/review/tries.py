"""A limit to the number of wrong passwords: some at once, then one in a while."""

import time
from collections.abc import Callable

_AT_ONCE = 10
_EVERY = 30.0
"""Seconds after which there is one more try: a hundred thousand in a month, for all browsers together.

All browsers are counted together, as a proxy hides their addresses. The address with the token, and a browser that is
logged in, need no try.
"""


class Tries:
    """The tries that are left."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a clock that gives monotonic seconds."""
        self._clock = clock
        self._left = float(_AT_ONCE)
        self._counted_at = clock()

    def take(self) -> float:
        """Take one try; return 0, or the seconds until there is one."""
        now = self._clock()
        self._left = min(_AT_ONCE, self._left + (now - self._counted_at) / _EVERY)
        self._counted_at = now
        if self._left < 1:
            return (1 - self._left) * _EVERY
        self._left -= 1
        return 0.0

    def give_back(self) -> None:
        """Give one back: the password was right."""
        self._left = min(_AT_ONCE, self._left + 1)
