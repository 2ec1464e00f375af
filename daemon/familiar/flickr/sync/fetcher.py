"""Fetch the files of listed photos into the cache, some at a time, before they are analysed."""

import os
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from familiar.backoff import Backoff
from familiar.errors import FamiliarError, RetryError, SetAsideError, StoreError
from familiar.events import EventLog
from familiar.flickr.api.errors import (
    ForbiddenError,
    MissingError,
    NoFileError,
    NoPictureError,
    PassingError,
    RefusedError,
    StoppedError,
)
from familiar.flickr.api.listing import Size, best_sizes, is_processed, read_secret, read_sizes, read_streams
from familiar.flickr.sync.calls import CallQueue
from familiar.library.sources import FlickrCache
from familiar.library.tasks import Tasks
from familiar.model import Media
from familiar.settings import FlickrSettings
from familiar.store.flickr.photos import FlickrPhoto
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers
from familiar.vision.workers.tasks import CheckedFile

PARTIAL = ".part"
_AHEAD = 48
"""Files that may be in the cache before they are handled."""
_NOT_FOUND = 1
_LONGEST = 3600.0
_BROKEN_TRIES = 3
"""How often a file that can't be decoded is fetched again."""
_MISSING_TRIES = 5
"""How often a missing address is tried."""
_PROCESSING = "Flickr is still processing this video"
_KINDS = {".jpg": {"JPEG", "MPO"}, ".jpeg": {"JPEG", "MPO"}, ".png": {"PNG"}, ".gif": {"GIF"}}
"""What a file may be, by its suffix."""
_SILENCE = 40.0
"""Seconds of downloads without any answer after which they are only tried now and then."""
_SOON = 30.0
"""Seconds that a single look waits for a photo that is to be tried again."""


class Fetcher:
    """Takes photos from *listed* to *fetched*."""

    def __init__(
        self,
        *,
        calls: CallQueue,
        workers: Workers,
        settings: FlickrSettings,
        store: Store,
        log: EventLog,
        cache: FlickrCache,
        root_id: int,
        on_fetched: Callable[[], None],
    ) -> None:
        """Take the parts of a connection; `on_fetched` is called when a file waits to be handled."""
        self._calls = calls
        self._workers = workers
        self._settings = settings
        self._store = store
        self._log = log
        self._cache = cache
        self._folder = cache.folder_of(settings.name)
        self._root_id = root_id
        self._tasks: Tasks[str] = Tasks(on_fetched)
        self._brought: dict[str, tuple[FlickrPhoto, Path]] = {}
        self._next_trial = float("-inf")

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being fetched or waits for a download soon."""
        soon = self._store.now() + timedelta(seconds=_SOON)
        next_try = self._store.flickr.next_try()
        is_due = next_try is not None and next_try <= soon
        is_busy = bool(self._tasks) or bool(self._brought) or self._tasks.has_failed
        return not is_busy and not is_due and not self._next(1)

    @property
    def is_away(self) -> bool:
        """Whether no download has been answered for so long that each one would only wait for its time limit."""
        return self._calls.silence("images") > _SILENCE

    def advance(self) -> None:
        """Start as many downloads as allowed.

        Raises:
            StoppedError, StoreError: raised in a download.
        """
        self._hand_over()
        self._tasks.check()
        room = self._room()
        for photo in self._next(room) if room > 0 else []:
            self._tasks.start(photo.id, self._pass(photo))

    def _room(self) -> int:
        """Return how many downloads may start now: where none is answered, one now and then, as a trial."""
        if not self.is_away:
            return min(self._settings.downloads - len(self._tasks), _AHEAD - self._store.flickr.under_way())
        now = time.monotonic()
        if self._tasks or now < self._next_trial:
            return 0
        self._next_trial = now + self._settings.later
        return 1

    async def close(self) -> None:
        """Cancel what is in progress; it is fetched again at the next start."""
        await self._tasks.close()

    def sweep(self) -> None:
        """Remove temporary files of downloads of an earlier run."""
        for path in self._folder.glob(f".*{PARTIAL}"):
            path.unlink(missing_ok=True)

    def _hand_over(self) -> None:
        """Record the new files in the cache together, to be handled."""
        if not self._brought:
            return
        brought, self._brought = self._brought, {}
        with self._store.writing():
            for photo, path in brought.values():
                self._store.flickr.fetched(photo, path, root_id=self._root_id)
        for photo, path in brought.values():
            self._log.emit("flickr.fetched", photo=photo.id, path=path)

    def _next(self, count: int) -> list[FlickrPhoto]:
        newest = self._settings.order == "newest"
        waiting = self._store.flickr.waiting(newest=newest, limit=count + len(self._tasks) + len(self._brought))
        busy = {*self._tasks, *self._brought}
        return [photo for photo in waiting if photo.id not in busy][:count]

    async def _pass(self, photo: FlickrPhoto) -> None:
        try:
            await self._fetch(photo)
        except (StoppedError, StoreError):
            raise  # not the photo's fault
        except Exception as error:  # noqa: BLE001 - one photo must not stop the others
            self._log.emit(
                "flickr.failed", photo=photo.id, error=repr(error), retry_in=self._settings.later, exc_info=True
            )
            self._store.flickr.put_off(photo, reason=f"unexpected error: {error!r}", seconds=self._settings.later)

    async def _fetch(self, photo: FlickrPhoto) -> None:
        try:
            path = await self._bring(photo)
        except (RefusedError, NoFileError) as error:
            self._give_up(photo, error)
        except MissingError as error:
            await self._look_for(photo, error)
        except NoPictureError as error:
            self._put_off(photo, str(error), tries=_MISSING_TRIES, seconds=self._settings.backoff)
        except SetAsideError as error:
            self._put_off(photo, str(error), tries=_BROKEN_TRIES, seconds=self._settings.backoff)
        except (PassingError, RetryError) as error:
            self._put_off(photo, str(error), tries=None, seconds=self._settings.later)
        except StoreError:
            raise
        except OSError as error:
            reason = f"{error.filename or self._folder}: {error.strerror or error}"
            self._put_off(photo, reason, tries=None, seconds=self._settings.later)
        else:
            self._brought[photo.id] = (photo, path)

    async def _look_for(self, photo: FlickrPhoto, error: MissingError) -> None:
        """Find out what happened to a photo whose file is not at its address.

        It was replaced, or deleted, or its file has another address, which is requested with the next try.
        """
        try:
            answer = await self._calls.read("photos.getInfo", photo_id=photo.id)
            secret = read_secret(answer)
        except RefusedError as refusal:
            self._give_up(photo, refusal)
            return
        except PassingError as failure:
            self._put_off(photo, str(failure), tries=None, seconds=self._settings.later)
            return
        if secret != photo.secret:
            self._store.flickr.renew_secret(photo, secret)
            return
        self._store.flickr.set_url(photo, None)
        if not is_processed(answer):
            self._put_off(photo, _PROCESSING, tries=None, seconds=self._settings.later)
            return
        self._put_off(photo, str(error), tries=_MISSING_TRIES, seconds=0.0 if photo.url else self._settings.later)

    async def _bring(self, photo: FlickrPhoto) -> Path:
        """Return the path of the photo's complete file, fetching it if needed."""
        if photo.url:
            return await self._bring_size(photo, Size(url=photo.url, width=photo.width, height=photo.height))
        sizes = await self._sizes_of(photo)
        if photo.media != "video":
            return await self._bring_size(photo, sizes[0])
        try:
            return await self._bring_first(photo, sizes)
        except (MissingError, ForbiddenError, NoPictureError):
            streams = await self._streams_of(photo)
            if not streams:
                raise
        return await self._bring_first(photo, streams)

    async def _bring_first(self, photo: FlickrPhoto, sizes: Sequence[Size]) -> Path:
        """Bring the first size that Flickr gives to programs; of others it gives nothing, or a page to log in."""
        *others, last = sizes
        for size in others:
            with suppress(MissingError, ForbiddenError, NoPictureError):
                return await self._bring_size(photo, size)
        return await self._bring_size(photo, last)

    async def _bring_size(self, photo: FlickrPhoto, size: Size) -> Path:
        path = self._folder / f"{photo.id}_{photo.secret}{size.suffix or _usual_suffix(photo)}"
        if path.is_file():  # fetched by a run that was killed before it recorded the file, or kept
            _date(path, photo)
            return path
        temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}{PARTIAL}")
        try:
            await self._calls.fetch(size.url, temporary)
            checked = await self._workers.check(temporary)
            _compare(photo, size, checked)
            _date(temporary, photo)
            temporary.rename(path)  # a file lost in a power failure is fetched again, so the folder is not synced
            self._cache.note_hash(path, checked.hash)
        finally:
            temporary.unlink(missing_ok=True)
        return path

    async def _sizes_of(self, photo: FlickrPhoto) -> list[Size]:
        """Return the sizes of a photo, the best first.

        Raises:
            NoFileError: there is none.
            PassingError: there is none yet.
        """
        media: Media = "video" if photo.media == "video" else "photo"
        answer = await self._calls.read("photos.getSizes", photo_id=photo.id)
        sizes = best_sizes(read_sizes(answer, media), self._settings.max_size)
        if sizes:
            return sizes
        if media == "video" and not is_processed(await self._calls.read("photos.getInfo", photo_id=photo.id)):
            raise PassingError(_PROCESSING)
        streams = await self._streams_of(photo) if media == "video" else []
        if not streams:
            raise NoFileError(f"Flickr has no file of this {media}")
        return streams

    async def _streams_of(self, photo: FlickrPhoto) -> list[Size]:
        """Return the files that Flickr's own player shows of a video, the best first."""
        try:
            answer = await self._calls.read("video.getStreamInfo", photo_id=photo.id, secret=photo.secret)
        except RefusedError:
            return []
        return best_sizes(read_streams(answer), self._settings.max_size)

    def _give_up(self, photo: FlickrPhoto, error: FamiliarError) -> None:
        if isinstance(error, RefusedError) and error.code == _NOT_FOUND:
            self._store.flickr.mark_gone(photo.id)
            self._log.emit("flickr.gone", photo=photo.id)
            return
        self._store.flickr.refuse(photo, str(error))
        self._log.emit("flickr.refused", photo=photo.id, reason=str(error))

    def _put_off(self, photo: FlickrPhoto, reason: str, *, tries: int | None, seconds: float) -> None:
        if tries is not None and photo.attempts + 1 >= tries:
            self._give_up(photo, FamiliarError(reason))
            return
        wait = Backoff(first=seconds, longest=_LONGEST).after(photo.attempts)
        self._store.flickr.put_off(photo, reason=reason, seconds=wait)
        self._log.emit("flickr.failed", photo=photo.id, error=reason, retry_in=wait)


def _usual_suffix(photo: FlickrPhoto) -> str:
    return ".mp4" if photo.media == "video" else ".jpg"


def _compare(photo: FlickrPhoto, size: Size, checked: CheckedFile) -> None:
    """Refuse a picture that must be another one; after a retry, the listing of Flickr is wrong.

    Servers round sides in their own ways, and may have one file for all sizes: that is no reason to fetch it again.

    Raises:
        SetAsideError: it is another one.
    """
    kinds = _KINDS.get(size.suffix)
    if photo.media == "video":
        return
    if kinds is not None and checked.format not in kinds:
        reason = f"its format is {checked.format}, not {size.suffix}"
    elif max(checked.width, checked.height) * 2 < size.pixels:
        reason = f"it has {checked.width} × {checked.height} pixels, not {size.width} × {size.height}"
    else:
        return
    if photo.reason != reason and photo.attempts + 1 < _BROKEN_TRIES:
        raise SetAsideError(reason)


def _date(path: Path, photo: FlickrPhoto) -> None:
    """Set the time of a file to the time taken, because resized files of Flickr have no EXIF, else to the upload's.

    Not every file system has times as old as photos: some have the earliest that they know instead.
    """
    for moment in filter(None, (photo.taken, photo.uploaded)):
        with suppress(OSError, OverflowError, ValueError):
            seconds = int(moment.timestamp())
            os.utime(path, (seconds, seconds))
            if int(path.stat().st_mtime) == seconds:
                return
