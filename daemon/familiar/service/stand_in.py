"""A thread that acts where the loop is late: one call, such as that to a store that is locked, may hold it for long."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_JOIN = 1.0
"""Seconds in which the thread ends if nothing holds it."""


class StandIn:
    """Calls a function in a thread of its own whenever nobody else has done its work for so many seconds."""

    def __init__(self, act: Callable[[], object], *, after: float, clock: Callable[[], float]) -> None:
        """Take what is done, the seconds, and a clock that gives monotonic seconds."""
        self._act = act
        self._after = after
        self._clock = clock
        self._last = clock()
        self._acting = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._wait_and_act, name="stand-in", daemon=True)

    def start(self) -> None:
        """Begin to wait."""
        self._last = self._clock()
        self._thread.start()

    @contextmanager
    def relieved(self) -> Iterator[None]:
        """Do the work in a block oneself; the thread does nothing meanwhile, and waits anew."""
        with self._acting:
            self._last = self._clock()
            yield

    def close(self) -> None:
        """End the thread; one that a call holds as well is not waited for."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN)

    def _wait_and_act(self) -> None:
        while not self._ended.wait(max(self._last + self._after - self._clock(), 0.01)):
            with self._acting:
                if not self._ended.is_set() and self._clock() >= self._last + self._after:
                    self._last = self._clock()
                    self._act()
