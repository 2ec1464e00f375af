"""Send tags: once, several new ones of a photo in one call, and confirmed by a look at the photo."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from familiar.backoff import Backoff
from familiar.events import EventLog
from familiar.flickr.api.answers import PhotoTag, find_tag, read_tags
from familiar.flickr.api.errors import FlickrError, PassingError, RefusedError
from familiar.flickr.sync.calls import CallQueue
from familiar.store.flickr.tags import TagRow
from familiar.store.store import Store
from familiar.tags import MAX_TAGS, keeps_all_of, quoted

_GONE = 1
_TOO_MANY = 2
_BATCH = 50
_LONGEST = 3600.0
_AWAY = 3
_SILENCE = 40.0
"""After so many photos in a row without any answer, or so many seconds, no more are tried."""
_TOGETHER = 3
"""New tags of a photo that go in one call, and are confirmed by a look; that takes two calls."""
_LOOKS = 3
"""How often one tag is sent in one go, each time after a look that did not show it."""


@dataclass(slots=True)
class Sent:
    """What was done: tags put on, taken off, found on their photos already, refused, and put off.

    `trouble` says why it was ended before all was tried, or is None.
    """

    added: int = 0
    removed: int = 0
    kept: int = 0
    refused: int = 0
    failed: int = 0
    refusals: list[tuple[str, str, str]] = field(default_factory=list)
    trouble: str | None = None


class Sender:
    """Brings the photos on Flickr to what the table of tags says."""

    def __init__(self, *, calls: CallQueue, store: Store, log: EventLog, later: float) -> None:
        """Take the queue of calls, the store, and the log.

        What fails is tried again after `later` seconds, and then after longer and longer times.
        """
        self._backoff = Backoff(first=later, longest=_LONGEST)
        self._calls = calls
        self._store = store
        self._log = log
        self.sent = Sent()

    async def send_all(self) -> None:
        """Send what is to be sent now; each photo is tried once.

        Raises:
            StoppedError, NotAllowedError: nothing can be sent.
        """
        self.sent.trouble = None
        tried: set[str] = set()
        unanswered = 0
        while photos := self._untried(tried):
            for flickr_id in photos:
                tried.add(flickr_id)
                failure = await self._send(flickr_id)
                unanswered = unanswered + 1 if failure is not None and failure.away else 0
                if failure is not None and (unanswered == _AWAY or self._calls.silence("api") > _SILENCE):
                    self.sent.trouble = f"Flickr does not answer ({failure})"
                    return

    def _untried(self, tried: set[str]) -> list[str]:
        """Return some photos with tags to be sent; those that fail are tried again the next time, though it is due."""
        due = self._store.flickr_tags.open(limit=_BATCH + len(tried))
        return [flickr_id for flickr_id in due if flickr_id not in tried]

    async def _send(self, flickr_id: str) -> PassingError | None:
        """Send what is to be sent of a photo; return why not all of it could be sent for now, or None."""
        try:
            there = await self._look(flickr_id)
            if await self._add_together(flickr_id, there):
                there = await self._look(flickr_id)
            for tag in self._open(flickr_id):
                there = await self._settle(tag, there)
        except RefusedError as error:
            for tag in self._open(flickr_id):
                self._give_up(tag, error)
        except PassingError as error:
            for tag in self._open(flickr_id):
                self._put_off(tag, error)
            return error
        return None

    def _open(self, flickr_id: str) -> list[TagRow]:
        return [tag for tag in self._store.flickr_tags.of(flickr_id) if tag.refused is None and _has_work(tag)]

    async def _look(self, flickr_id: str) -> list[PhotoTag]:
        answer = await self._calls.read("photos.getInfo", urgent=True, photo_id=flickr_id)
        return read_tags(answer)

    async def _add_together(self, flickr_id: str, there: list[PhotoTag]) -> bool:
        """Add all new tags of a photo in one call, if they are some and there is room; return whether it was made.

        What has become of each, the next look shows; those that are not there then are sent one by one.
        """
        new = [tag for tag in self._open(flickr_id) if _is_new(tag) and find_tag(there, tag.text) is None]
        new = [tag for tag in new[: MAX_TAGS - len(there)] if self._store.flickr_tags.begin(tag)]
        if len(new) < _TOGETHER:
            self._take_back(new)
            return False
        try:
            await self._write(new, "photos.addTags", photo_id=flickr_id, tags=" ".join(quoted(tag.text) for tag in new))
        except RefusedError as error:
            if error.code != _TOO_MANY:
                raise
        except PassingError as error:
            if not error.maybe_done:
                raise
        return True

    async def _write(self, tags: Sequence[TagRow], method: str, /, **parameters: str) -> None:
        """Make a call for tags; after one that certainly did nothing, what is on the photo later is not ours."""
        try:
            await self._calls.write(method, **parameters)
        except FlickrError as error:
            if not (isinstance(error, PassingError) and error.maybe_done):
                self._take_back(tags)
            raise

    def _take_back(self, tags: Sequence[TagRow]) -> None:
        """Record that a call for these tags was not made, or did nothing."""
        for tag in tags:
            self._store.flickr_tags.take_back(tag)

    async def _settle(self, tag: TagRow, there: list[PhotoTag]) -> list[PhotoTag]:
        """Bring one tag to what is wanted; return the tags that are on the photo then.

        `there` was looked up after the last call, so that a tag that was being sent and is there now is ours.
        """
        ours = tag.ours or tag.sending
        for left in reversed(range(_LOOKS)):
            found = find_tag(there, tag.text)
            is_there = found is not None
            if is_there == tag.wanted or (is_there and not ours):
                self._finish(tag, present=is_there, ours=is_there and ours)
                return there
            if found is not None and self._hand_over(tag, there, found):
                return there
            try:
                return await (self._add(tag, there) if found is None else self._remove(tag, there, found))
            except PassingError as error:
                if not (left and error.maybe_done):
                    raise
            ours = True  # what a look shows from now on, our call has done
            there = await self._look(tag.flickr_id)
        raise AssertionError("the last try returns or raises")

    async def _add(self, tag: TagRow, there: list[PhotoTag]) -> list[PhotoTag]:
        """Add a tag; return the tags that are on the photo then. Where Flickr may keep nothing of it, a look tells."""
        if len(there) >= MAX_TAGS:
            self._refuse(tag, f"the photo has {MAX_TAGS} tags, the limit of Flickr")
            return there
        if not self._store.flickr_tags.begin(tag):
            return there  # the rules say otherwise since
        try:
            await self._write([tag], "photos.addTags", photo_id=tag.flickr_id, tags=quoted(tag.text))
        except RefusedError as error:
            self._refuse(tag, _reason(error))
            return there
        if keeps_all_of(tag.text):
            there = [*there, PhotoTag(id="", raw=tag.text, clean=tag.clean)]
        else:
            there = await self._look(tag.flickr_id)
        if find_tag(there, tag.text) is None:
            self._refuse(tag, "Flickr took this tag and does not show it")
        else:
            self._finish(tag, present=True, ours=True)
        return there

    def _hand_over(self, tag: TagRow, there: list[PhotoTag], found: PhotoTag) -> bool:
        """Leave a tag to another one that is still wanted, and of which Flickr made the same, if there is one."""
        for other in self._store.flickr_tags.of(tag.flickr_id):
            if other.wanted and other.present and find_tag(there, other.text) is found:
                self._store.flickr_tags.settle(other, present=True, ours=True)
                self._store.flickr_tags.settle(tag, present=False, ours=False)
                return True
        return False

    async def _remove(self, tag: TagRow, there: list[PhotoTag], found: PhotoTag) -> list[PhotoTag]:
        if not found.id:
            raise PassingError("invalid answer: no id of a tag", maybe_done=False)
        if not self._store.flickr_tags.begin(tag):
            return there
        try:
            await self._write([tag], "photos.removeTag", tag_id=found.id)
        except RefusedError as error:
            raise PassingError(str(error)) from error  # somebody else was quicker, which a look will show
        self._finish(tag, present=False, ours=False)
        return [one for one in there if one is not found]

    def _finish(self, tag: TagRow, *, present: bool, ours: bool) -> None:
        self._store.flickr_tags.settle(tag, present=present, ours=ours)
        kept = present and (not ours or tag.present)
        if kept:
            self.sent.kept += 1
        elif present:
            self.sent.added += 1
        else:
            self.sent.removed += 1
        event = "flickr.tag_kept" if kept else "flickr.tag_added" if present else "flickr.tag_removed"
        self._log.emit(event, photo=tag.flickr_id, tag=tag.text)

    def _give_up(self, tag: TagRow, error: RefusedError) -> None:
        """Record that a photo can't be looked at; of one that is deleted nothing has to be taken off."""
        if error.code == _GONE and not tag.wanted:
            self._store.flickr_tags.settle(tag, present=False, ours=False)
        else:
            self._refuse(tag, "the photo no longer exists" if error.code == _GONE else str(error))

    def _refuse(self, tag: TagRow, reason: str) -> None:
        self._store.flickr_tags.refuse(tag, reason)
        self.sent.refused += 1
        self.sent.refusals.append((tag.flickr_id, tag.text, reason))
        self._log.emit("flickr.tag_refused", photo=tag.flickr_id, tag=tag.text, reason=reason)

    def _put_off(self, tag: TagRow, error: PassingError) -> None:
        seconds = max(self._backoff.after(tag.attempts), error.wait or 0.0)
        self._store.flickr_tags.put_off(tag, reason=str(error), seconds=seconds, unknown=tag.sending)
        self.sent.failed += 1
        self._log.emit("flickr.tag_failed", photo=tag.flickr_id, tag=tag.text, error=str(error), retry_in=seconds)


def _is_new(tag: TagRow) -> bool:
    return tag.wanted and not tag.present and not tag.sending


def _has_work(tag: TagRow) -> bool:
    return tag.sending or tag.wanted != tag.present


def _reason(error: RefusedError) -> str:
    if error.code == _GONE:
        return "the photo no longer exists, or can't be tagged"
    return f"the photo has too many tags ({error})" if error.code == _TOO_MANY else str(error)
