"""See photos on request, for commands: what the store knows is not looked at again."""

import asyncio
from pathlib import Path

from familiar.errors import SetAsideError
from familiar.store.store import Store
from familiar.vision.workers import Workers


class Seer:
    """Brings photos into the store, without handling them."""

    def __init__(self, *, store: Store, workers: Workers) -> None:
        """Take the rooms."""
        self._store = store
        self._workers = workers
        self._slots = asyncio.Semaphore(workers.slots)

    async def see(self, path: Path, *, beside_still: bool = False) -> int:
        """Return the id of the photo at `path`, looking at it first if it is not known; `beside_still` as for workers.

        Raises:
            SetAsideError: it can't be decoded; the store remembers that.
            GoneError, RetryError: it can't be read.
        """
        async with self._slots:
            hash_ = await self._workers.fingerprint(path)
            known = self._store.photos.find(hash_)
            if known is not None and known.verdict == "seen":
                return known.id
            try:
                photo = await self._workers.look(path, hash_, beside_still=beside_still)
                return self._store.photos.record(photo)
            except SetAsideError as error:
                if known is None:
                    self._store.photos.set_aside(hash_, str(error))
                raise
