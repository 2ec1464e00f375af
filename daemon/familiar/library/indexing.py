"""Index photos for commands; known photos are not analysed again."""

import asyncio
from pathlib import Path

from familiar.errors import SetAsideError
from familiar.filesystem.stamps import Stamp
from familiar.library.live_photo_pairs import are_of_one_moment
from familiar.model import Photo, Shot
from familiar.store.photos import PhotoRow
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers


def unreadable(path: Path, reason: object) -> str:
    """Return what is said of a file that can't be read; some reasons begin with that."""
    reason = str(reason).removeprefix("can't be read: ")
    return f"{path}: can't be read: {reason}."


class Indexer:
    """Brings photos into the store, without handling them."""

    def __init__(self, *, store: Store, workers: Workers) -> None:
        """Take the rooms."""
        self._store = store
        self._workers = workers
        self._slots = asyncio.Semaphore(workers.slots)

    async def index(self, path: Path, *, still: Shot | None = None) -> int:
        """Return the id of the photo at `path`, analysing it first if it is new.

        `still` tells of the still whose clip a video may be. A file that was seen before, and has the same size and
        time since, is not even read.

        Raises:
            SetAsideError: it can't be decoded; the store remembers that.
            GoneError, RetryError: it can't be read.
        """
        photo = await self.identify(path, still=still)
        if photo.verdict == "set aside":
            raise SetAsideError(photo.reason or "it can't be decoded")
        return photo.id

    async def glance(self, path: Path, model: str) -> Photo:
        """Return the photo at `path` without remembering it: it is asked about, and not one of those to be searched.

        Its faces are encoded by `model`, the one in use.

        Raises:
            SetAsideError, GoneError, RetryError: as `index` does.
        """
        async with self._slots:
            hash_ = await self._workers.fingerprint(path)
            known = self._store.photos.find(hash_)
            if known is not None and known.verdict == "seen":
                photo = self._store.photos.load(known.id)
                if all(face.engine == model for face in photo.faces):
                    return photo
            turn = None if known is None else self._store.photos.turn_of(known.id)
            return await self._workers.look(path, hash_, turn=turn)

    async def identify(self, path: Path, *, still: Shot | None = None) -> PhotoRow:
        """Return the entry of the photo at `path`, analysed or set aside, analysing it first if needed.

        Raises:
            GoneError, RetryError: it can't be read.
        """
        stamp = _stamp(path)
        known = None if stamp is None else self._store.sightings.photo_at(path, stamp)
        if known is not None and not _is_new(photo := self._store.photos.at(known)):
            return photo
        async with self._slots:
            hash_ = await self._workers.fingerprint(path)
            found = self._store.photos.find(hash_)
            if found is None or _is_new(found):
                found = self._store.photos.at(await self._look(path, hash_, still))
        if stamp is not None:
            self._store.sightings.note(path, stamp, found.id)
        return found

    async def _look(self, path: Path, hash_: str, still: Shot | None) -> int:
        try:
            photo = await self._workers.look(path, hash_, beside_still=still is not None)
            if photo.kind == "clip" and (still is None or not are_of_one_moment(still, photo.shot)):
                photo = await self._workers.look(path, hash_)
        except SetAsideError as error:
            return self._store.photos.set_aside(hash_, str(error))
        return self._store.photos.record(photo)


def _is_new(photo: PhotoRow) -> bool:
    return photo.verdict == "output" or not photo.analysed


def _stamp(path: Path) -> Stamp | None:
    try:
        return Stamp.of(path)
    except OSError:
        return None  # reading it will tell
