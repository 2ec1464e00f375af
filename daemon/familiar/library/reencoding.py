"""Encode the known faces again after the model has changed, so that all can be compared.

Embeddings of two models are never compared with each other. So references come first, before any new photo is
decided; all other faces follow in the background, those of the newest photos first, and keep their matches until then.
"""

import asyncio
import os
from pathlib import Path

from familiar.errors import FamiliarError, StoreError
from familiar.events import EventLog
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers


class Reencoder:
    """Encodes faces again that another model encoded than the one that is in use."""

    def __init__(
        self,
        *,
        store: Store,
        workers: Workers,
        model: str,
        log: EventLog,
    ) -> None:
        """Take the store, the workers that encode, and the id of the model in use."""
        self._store = store
        self._workers = workers
        self._model = model
        self._log = log

    async def reencode_references(self) -> None:
        """Encode all references of another model again, and report those that can't be."""
        photos = self._store.people.outdated(self._model)
        limit = asyncio.Semaphore(self._workers.slots)

        async def renew(photo_id: int) -> int | None:
            async with limit:
                return None if await self.reencode(photo_id) else photo_id

        left = [photo_id for photo_id in await asyncio.gather(*map(renew, photos)) if photo_id is not None]
        for name, count in self._store.people.left_behind(self._model):
            self._log.emit("people.outdated", person=name, references=count)
        if photos:
            self._log.emit("people.renewed", photos=len(photos) - len(left), left=len(left), model=self._model)

    async def reencode_photo(self, photo_id: int, path: Path) -> None:
        """Encode the faces of one photo again if they are of another model.

        Raises:
            GoneError, RetryError, ChangedError, SetAsideError: it can't be read from this path.
        """
        photo = self._store.photos.load(photo_id)
        faces = [face for face in photo.faces if face.engine != self._model]
        if not faces:
            return
        embeddings = await self._workers.encode(path, photo.hash, faces)
        ids = [face.id or 0 for face in faces]
        with self._store.writing():
            self._store.photos.renew(ids, embeddings, self._model)
            self._store.people.renew(ids, embeddings, self._model)

    async def reencode(self, photo_id: int) -> bool:
        """Encode the faces of a photo again, wherever it is; return whether that was possible."""
        places = [*self._store.files.paths_of(photo_id), *self._store.people.origins_of(photo_id)]
        for path in filter(os.path.lexists, dict.fromkeys(places)):
            try:
                await self.reencode_photo(photo_id, path)
            except StoreError:
                raise
            except FamiliarError:
                continue  # another of its paths may do
            return True
        return False
