"""Ask Flickr who is marked on photos with faces without a name: one call for each of them."""

from familiar.flickr.api.answers import read_people
from familiar.flickr.api.errors import PassingError, RefusedError
from familiar.flickr.sync.calls import CallQueue
from familiar.store.store import Store

_BATCH = 50
_FAILED_IN_ROW = 3
"""After so many photos in a row that can't be asked about, no more are tried."""


class MarkedPeopleLister:
    """Brings the names of marked people into the store, where they are hints."""

    def __init__(self, *, calls: CallQueue, store: Store) -> None:
        """Take the queue of calls, and the store."""
        self._calls = calls
        self._store = store
        self._failed: set[str] = set()

    async def look(self) -> None:
        """Ask about all photos that are not known, or have changed; those that failed before come last.

        Raises:
            StoppedError, NotAllowedError, PassingError: Flickr can't be asked for now.
        """
        tried: set[str] = set()
        in_row = 0
        while photos := self._untried(tried):
            for photo, updated in photos:
                tried.add(photo)
                try:
                    names = await self._names_on(photo)
                except PassingError:
                    self._failed.add(photo)
                    in_row += 1
                    if in_row == _FAILED_IN_ROW:
                        raise
                else:
                    in_row = 0
                    self._store.flickr_marked_people.note(photo, names, updated=updated)

    def _untried(self, tried: set[str]) -> list[tuple[str, int]]:
        """Return some photos with the times of their last changes."""
        unknown = self._store.flickr_marked_people.unknown(limit=_BATCH + len(tried | self._failed))
        untried = [(photo, updated) for photo, updated in unknown if photo not in tried]
        return sorted(untried, key=lambda one: one[0] in self._failed)[:_BATCH]

    async def _names_on(self, photo: str) -> list[str]:
        try:
            return read_people(await self._calls.read("photos.people.getList", photo_id=photo))
        except RefusedError:
            return []  # the photo is gone
