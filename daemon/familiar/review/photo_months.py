"""The number of photos of each month, for each filter: to count those that fulfil one may take seconds."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from familiar.review.kept_answers import KeptAnswer
from familiar.review.library_thread import LibraryThread
from familiar.store.views.photo_filters import PhotoFilter
from familiar.store.views.timeline import MonthOfPhotos

_KEPT = 64
"""Filters of which the numbers are kept."""


class PhotoMonths:
    """Counts photos by months."""

    def __init__(self, library: LibraryThread, background: LibraryThread) -> None:
        """Take the library that pages ask, and another one that counts in the background."""
        self._library = library
        self._background = background
        self._counts: OrderedDict[PhotoFilter, KeptAnswer[Sequence[MonthOfPhotos]]] = OrderedDict()

    async def of(self, wanted: PhotoFilter) -> Sequence[MonthOfPhotos] | None:
        """Return the months of the photos that fulfil a filter, the newest first; None while they are counted first.

        Raises:
            FamiliarError: they can't be counted.
        """
        if wanted not in self._counts:
            self._counts[wanted] = KeptAnswer(
                self._library, self._background, lambda library: library.photos.months(wanted)
            )
            while len(self._counts) > _KEPT:
                await self._counts.popitem(last=False)[1].close()
        self._counts.move_to_end(wanted)
        return await self._counts[wanted].get_soon()

    async def close(self) -> None:
        """Wait for what is counted."""
        await asyncio.gather(*(count.close() for count in self._counts.values()))
