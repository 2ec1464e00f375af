"""The server's clock: real time, and what a test adds to it."""

import time


class Clock:
    """Seconds since the epoch; an hour passes when a test says so."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds
