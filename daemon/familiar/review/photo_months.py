"""The number of photos of each month, kept in memory: to count those that fulfil a filter may take seconds.

They are counted again when anything in the store has changed. If that takes long, it is done in the background, and the
former numbers are shown in the meantime.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from familiar.api.library import Library
from familiar.errors import FamiliarError
from familiar.review.library_thread import LibraryThread
from familiar.store.views.photo_filters import PhotoFilter
from familiar.store.views.timeline import MonthOfPhotos

_SHORT = 0.1
"""Seconds that a page may wait for the numbers."""

_REST = 5.0
"""How many times as long as it took to count them the numbers hold at least, so that a busy store can be asked."""

_KEPT = 64
"""Filters of which the numbers are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    """What was counted, in which version of the store, how many seconds it took, and when it ended."""

    months: Sequence[MonthOfPhotos]
    version: str
    seconds: float
    ended: float


class PhotoMonths:
    """Counts photos by months."""

    def __init__(self, library: LibraryThread, background: LibraryThread, *, short: float = _SHORT) -> None:
        """Take the library that pages ask, and another one that counts in the background.

        `short` is the number of seconds that a page may wait for the numbers.
        """
        self._library = library
        self._background = background
        self._short = short
        self._counts: OrderedDict[PhotoFilter, _Count] = OrderedDict()
        self._tasks: dict[PhotoFilter, asyncio.Task[None]] = {}

    async def of(self, wanted: PhotoFilter) -> Sequence[MonthOfPhotos] | None:
        """Return the months of the photos that fulfil a filter, the newest first; None while they are counted first.

        Raises:
            FamiliarError: they can't be counted.
        """
        version = await self._library.ask(lambda library: library.version)
        count = self._counts.get(wanted)
        if count is None or (count.version != version and time.monotonic() > count.ended + _REST * count.seconds):
            task = self._tasks.get(wanted) or self._begin(wanted, version)
            await asyncio.wait([task], timeout=self._short)
            if task.done() and not task.cancelled():
                task.result()
        count = self._counts.get(wanted)
        return None if count is None else count.months

    async def close(self) -> None:
        """Wait for what is counted."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _begin(self, wanted: PhotoFilter, version: str) -> asyncio.Task[None]:
        task = asyncio.create_task(self._count(wanted, version))
        self._tasks[wanted] = task
        task.add_done_callback(lambda ended: (self._tasks.pop(wanted), ended.cancelled() or ended.exception()))
        return task

    async def _count(self, wanted: PhotoFilter, version: str) -> None:
        def count(library: Library) -> _Count:
            begin = time.monotonic()
            months, end = library.photos.months(wanted), time.monotonic()
            return _Count(months=months, version=version, seconds=end - begin, ended=end)

        try:
            self._counts[wanted] = await self._background.ask(count)
        except FamiliarError:
            self._counts.pop(wanted, None)
            raise
        self._counts.move_to_end(wanted)
        while len(self._counts) > _KEPT:
            self._counts.popitem(last=False)
