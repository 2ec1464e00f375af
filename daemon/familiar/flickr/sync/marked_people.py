"""Ask Flickr who is marked on photos with faces without a name: one call for each of them."""

from familiar.flickr.api.answers import read_people
from familiar.flickr.api.errors import RefusedError
from familiar.flickr.sync.calls import CallQueue
from familiar.store.store import Store

_BATCH = 50


class MarkedPeopleLister:
    """Brings the names of marked people into the store, where they are hints."""

    def __init__(self, *, calls: CallQueue, store: Store) -> None:
        """Take the queue of calls, and the store."""
        self._calls = calls
        self._store = store

    async def look(self) -> None:
        """Ask about all photos that are not known, or have changed.

        Raises:
            StoppedError, NotAllowedError, PassingError: Flickr can't be asked for now.
        """
        marked = self._store.flickr_marked_people
        while photos := marked.unknown(limit=_BATCH):
            for photo, updated in photos:
                marked.note(photo, await self._names_on(photo), updated=updated)

    async def _names_on(self, photo: str) -> list[str]:
        try:
            return read_people(await self._calls.read("photos.people.getList", photo_id=photo))
        except RefusedError:
            return []  # the photo is gone
