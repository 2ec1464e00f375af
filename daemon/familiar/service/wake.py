"""The sleep of the loop between two turns, and its wake-up."""

import asyncio
from contextlib import suppress


class Wake:
    """Ends the sleep of the loop: immediately, or at a given time."""

    def __init__(self, *, longest: float) -> None:
        """Take the most seconds that the loop sleeps."""
        self._longest = longest
        self._event = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due: float | None = None

    def attach(self) -> None:
        """Take the running loop as the one that other threads wake."""
        self._loop = asyncio.get_running_loop()

    def now(self) -> None:
        """Have the next turn follow at once."""
        self._event.set()

    def from_thread(self) -> None:
        """Have the next turn follow at once, for another thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and nobody waits
                self._loop.call_soon_threadsafe(self._event.set)

    def at(self, due: float | None) -> None:
        """Have the next turn follow at this time (monotonic seconds) at the latest; None: no matter when."""
        if due is not None:
            self._due = due if self._due is None else min(self._due, due)

    async def sleep(self, now: float) -> None:
        """Sleep until the loop is woken."""
        due, self._due = self._due, None
        seconds = self._longest if due is None else min(self._longest, max(due - now, 0.01))
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return
        self._event.clear()
