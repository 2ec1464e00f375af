"""A thread that has a library of its own: the event loop of the page goes on while it works."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from familiar.api.library import Library
from familiar.errors import NoStoreError

R = TypeVar("R")


class LibraryThread:
    """A library in a thread of its own, which answers one question after the other."""

    def __init__(self, open_library: Callable[[], Library]) -> None:
        """Take what opens the library; it is called in the thread, at the first question."""
        self._open_library = open_library
        self._library: Library | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="library")

    async def ask(self, question: Callable[[Library], R]) -> R:
        """Return the answer of a function that gets the library; raises what it raises.

        Raises:
            StoreSchemaError: another version has migrated the store, so that this one would misread or harm it.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: question(self._opened()))

    def close(self) -> None:
        """Close the library, and end the thread."""
        self._thread.submit(self._close).result()
        self._thread.shutdown()

    def _opened(self) -> Library:
        if self._library is None:
            self._library = self._open_library()
        with suppress(NoStoreError):
            self._library.check_store()
        return self._library

    def _close(self) -> None:
        if self._library is not None:
            self._library.close()
