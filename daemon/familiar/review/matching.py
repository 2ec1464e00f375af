"""Match all faces again in the background when people have changed, so that no answer waits for it."""

import asyncio
import threading

from familiar.errors import FamiliarError
from familiar.review.library_thread import LibraryThread

_PAUSE = 0.5
"""Seconds after a change in which further ones are waited for."""


class _StoppedError(FamiliarError):
    """The server is about to end."""


class BackgroundMatching:
    """Matches faces after changes."""

    def __init__(self, library: LibraryThread) -> None:
        """Take the library, which pages do not wait for."""
        self._library = library
        self._wanted = asyncio.Event()
        self._wanted.set()  # the last time may have been interrupted
        self._is_stopped = threading.Event()

    def begin(self) -> None:
        """Match all faces soon; this returns at once."""
        self._wanted.set()

    def stop(self) -> None:
        """End what is being done, which may take minutes; the next start goes on with it."""
        self._is_stopped.set()

    def _go_on(self, _done: int) -> None:
        if self._is_stopped.is_set():
            raise _StoppedError

    async def run(self) -> None:
        """Match faces whenever it is wanted, until this is stopped or cancelled."""
        while not self._is_stopped.is_set():
            await self._wanted.wait()
            await asyncio.sleep(_PAUSE)
            self._wanted.clear()
            try:
                await self._library.ask(lambda library: library.rematch(self._go_on))
            except FamiliarError:
                continue  # it is tried again after the next change, by the daemon, or by the next command
