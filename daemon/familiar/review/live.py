"""Tells pages that something in the store has changed, by server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Callable

from familiar.errors import FamiliarError
from familiar.review.library_thread import LibraryThread

_EVERY = 1.0
"""Seconds between two looks at the store."""

_ALIVE = 15
"""Looks after which a page gets a sign of life, so that lost connections are noticed."""


class LiveChanges:
    """Looks whether the store has changed, as long as a page listens."""

    def __init__(self, library: LibraryThread, *, every: float = _EVERY) -> None:
        """Take the library, and the seconds between two looks."""
        self._library = library
        self._every = every
        self._version = ""
        self._looked = 0.0

    async def events(self, is_stopping: Callable[[], bool]) -> AsyncIterator[str]:
        """Give an event whenever the store has changed, until the server stops."""
        seen = await self._look()
        yield "retry: 2000\n\n"
        looks = 0
        while not is_stopping():
            await asyncio.sleep(self._every)
            looks += 1
            version = await self._look()
            if version != seen:
                seen = version
                yield f"event: changed\ndata: {version}\n\n"
            elif looks % _ALIVE == 0:
                yield ": alive\n\n"

    async def _look(self) -> str:
        """Return the version of the store; pages that ask at the same time share one look."""
        now = asyncio.get_running_loop().time()
        if now - self._looked >= self._every / 2:
            self._looked = now
            try:
                self._version = await self._library.ask(lambda library: library.version)
            except FamiliarError:
                self._version = "unknown"  # the next page tells why
        return self._version
