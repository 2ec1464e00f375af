"""Tags that familiar put on photos before its state folder was lost: found again by what the rules give now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from familiar.flickr.api.answers import read_tags
from familiar.flickr.api.credentials import Login
from familiar.flickr.api.errors import PassingError, RefusedError
from familiar.flickr.sync.calls import CallQueue
from familiar.flickr.sync.tag_changes import done_photos
from familiar.flickr.sync.tag_decisions import TagDecider
from familiar.model import Tag
from familiar.store.flickr.photos import FlickrPhoto
from familiar.store.store import Store

_FAILED_IN_ROW = 3
"""After so many photos in a row that can't be asked about, no more are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptableTag:
    """A tag on a photo that its account has added, and that is exactly what a rule gives."""

    photo: str
    tag: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptableTags:
    """Tags that may be adopted, and why some photos could not be asked about for now, by their ids."""

    tags: tuple[AdoptableTag, ...]
    failures: Mapping[str, str]


class TagAdoption:
    """Finds tags that familiar may take for its own."""

    def __init__(self, *, calls: CallQueue, login: Login, store: Store, decider: TagDecider) -> None:
        """Take the account, and what tells which tags the rules give."""
        self._calls = calls
        self._login = login
        self._store = store
        self._decider = decider

    async def plan(self, count: Callable[[int, int], None]) -> AdoptableTags:
        """Return the tags that may be adopted; `count` is called with the photos looked at, and with their total.

        Only photos are looked at whose listed tags have one that a rule gives; each takes one call. A photo that can't
        be asked about holds up no others.

        Raises:
            StoppedError, NotAllowedError, PassingError: Flickr can't be asked.
        """
        asked = [(photo, wanted) for photo in done_photos(self._store) if (wanted := self._wanted(photo))]
        found: list[AdoptableTag] = []
        failures: dict[str, str] = {}
        in_row = 0
        for number, (photo, wanted) in enumerate(asked):
            count(number, len(asked))
            try:
                own = await self._own_tags(photo)
            except PassingError as error:
                failures[photo.id] = str(error)
                in_row += 1
                if in_row == _FAILED_IN_ROW:
                    raise
                continue
            in_row = 0
            found += [AdoptableTag(photo=photo.id, tag=tag.text, rule=tag.rule) for tag in wanted if tag.text in own]
        return AdoptableTags(tags=tuple(found), failures=failures)

    def _wanted(self, photo: FlickrPhoto) -> list[Tag]:
        """Return the tags that rules give a photo and its listing shows, and that are not known as familiar's."""
        listed = self._store.flickr.listed_tags(photo.id)
        if not listed:
            return []
        known = {row.clean: row for row in self._store.flickr_tags.of(photo.id)}
        free = {clean for clean, row in known.items() if not (row.ours or row.sending or row.vetoed)}
        wanted = self._decider.wanted(photo).items()
        return [tag for clean, tag in wanted if clean in listed and (clean in free or clean not in known)]

    async def _own_tags(self, photo: FlickrPhoto) -> set[str]:
        """Return the tags of a photo that the account has added, as they were written; none if the photo is gone."""
        try:
            answer = await self._calls.read("photos.getInfo", urgent=True, photo_id=photo.id)
        except RefusedError:
            return set()
        return {tag.raw for tag in read_tags(answer) if tag.author == self._login.nsid}
