"""Answers of the library that take long, kept in memory as long as the store does not change.

When it has changed, they are asked for again. If that takes long, it is done in the background, and the former answer
is shown in the meantime: a decision about what has changed since is refused then, as from any page that is not up to
date.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from familiar.api.library import Library
from familiar.review.library_thread import LibraryThread

T = TypeVar("T")

_SHORT = 0.1
"""Seconds that a page may wait for an answer that is up to date."""

_REST = 5.0
"""A slow answer is kept for this many times the time that it took, so that other questions get their turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept(Generic[T]):
    """An answer, the version of the store that it is about, when it was asked for, and when it came."""

    answer: T
    version: str
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


class KeptAnswer(Generic[T]):
    """The answer to one question."""

    def __init__(
        self,
        library: LibraryThread,
        background: LibraryThread,
        question: Callable[[Library], T],
        *,
        short: float = _SHORT,
    ) -> None:
        """Take the library that pages ask, another one that answers the question, and the question.

        `short` is the number of seconds that a page may wait for an answer that is up to date.
        """
        self._library = library
        self._background = background
        self._question = question
        self._short = short
        self._kept: _Kept[T] | None = None
        self._task: asyncio.Task[None] | None = None
        self._changed = 0.0

    @property
    def began(self) -> float:
        """When the present answer was asked for, on the clock of `time.monotonic`."""
        return 0.0 if self._kept is None else self._kept.began

    async def get(self) -> T:
        """Return the answer; only the first one is waited for to its end, and one that has to be up to date.

        Raises:
            FamiliarError: there is none.
        """
        found = await self.get_soon()
        while found is None or self.began < self._changed:
            task = self._task or self._begin(await self._version())
            await asyncio.wait([task])
            task.result()
            found = None if self._kept is None else self._kept.answer
        return found

    async def get_soon(self) -> T | None:
        """Return the answer as far as there is one; None as long as the first one takes.

        Raises:
            FamiliarError: there is none.
        """
        version = await self._version()
        kept = self._kept
        rests = kept is not None and kept.seconds > self._short and time.monotonic() < kept.ended + _REST * kept.seconds
        if kept is None or (kept.version != version and not rests):
            task = self._task or self._begin(version)
            await asyncio.wait([task], timeout=self._short)
            if task.done():
                task.result()
        return None if self._kept is None else self._kept.answer

    def expire(self) -> None:
        """Let `get` wait for an answer that is asked for from now on: the page has changed something."""
        self._changed = time.monotonic()

    async def close(self) -> None:
        """Wait for what is asked for."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _version(self) -> str:
        return await self._library.ask(lambda library: library.version)

    def _begin(self, version: str) -> asyncio.Task[None]:
        self._task = asyncio.create_task(self._ask(version))
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._task

    async def _ask(self, version: str) -> None:
        began = time.monotonic()
        try:
            answer = await self._background.ask(self._question)
            self._kept = _Kept(answer=answer, version=version, began=began, ended=time.monotonic())
        except BaseException:
            self._kept = None
            raise
        finally:
            self._task = None
