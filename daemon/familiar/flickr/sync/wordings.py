"""Keep how tags were written and what licences are called, as listings have only the short forms of both."""

from typing import Any

from familiar.flickr.api.errors import PassingError
from familiar.flickr.api.listing import Page
from familiar.flickr.api.wordings import read_licenses, read_raw_tags
from familiar.flickr.sync.calls import CallQueue
from familiar.store.store import Store


class Wordings:
    """Asks for the wordings that the photos of a listing need, for each list once a listing at most."""

    def __init__(self, *, calls: CallQueue, store: Store) -> None:
        """Take the queue of calls, and the store."""
        self._calls = calls
        self._captions = store.flickr_captions
        self._asked: dict[str, bool] = {}

    def begin(self) -> None:
        """Begin with a listing."""
        self._asked = {}

    async def learn(self, page: Page, *, afresh: bool) -> None:
        """Ask for what the photos of a page need and is not known; `afresh`, also for what may have changed since.

        Tags that Flickr does not tell of stay in their cleaned form, and are not asked for again until a whole listing.
        """
        tags = {tag for photo in page.photos for tag in photo.tags}
        licenses = {photo.details.license for photo in page.photos}
        if self._captions.unknown_tags(tags) or (afresh and tags):
            answer = await self._ask("tags.getListUserRaw")
            if answer is not None:
                self._captions.note_tags(read_raw_tags(answer))
        if self._asked.get("tags.getListUserRaw"):
            self._captions.note_tags({tag: tag for tag in self._captions.unknown_tags(tags)})
        if not all(map(self._captions.knows_license, licenses)):
            answer = await self._ask("photos.licenses.getInfo")
            if answer is not None:
                self._captions.note_licenses(read_licenses(answer))

    async def _ask(self, method: str) -> dict[str, Any] | None:
        """Return the answer of a method, unless it was asked in this listing, or does not answer for now."""
        if method in self._asked:
            return None
        self._asked[method] = False
        try:
            answer = await self._calls.read(method)
        except PassingError:
            return None  # captions do without it until the next listing
        self._asked[method] = True
        return answer
