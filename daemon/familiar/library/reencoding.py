"""After the model has changed: encode the known faces again, so that all can be compared.

Embeddings of two models are never compared with each other. So references come first, before any new photo is
decided; all other faces follow in the background, those of the newest photos first, and keep their matches until then.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from familiar.errors import FamiliarError, StoreError
from familiar.events import EventLog
from familiar.library.recognition import Recogniser
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers


class Reencoder:
    """Encodes faces again that another model encoded than the one that is in use."""

    def __init__(
        self,
        *,
        store: Store,
        workers: Workers,
        recogniser: Recogniser,
        log: EventLog,
        clock: Callable[[], float],
    ) -> None:
        """Take the rooms; the model in use is that of the recogniser. `clock` gives monotonic seconds."""
        self._store = store
        self._workers = workers
        self._recogniser = recogniser
        self._model = recogniser.model
        self._log = log
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._below: int | None = None
        self._started: float | None = None
        self._ended = False
        self._trouble: StoreError | None = None
        self._renewed = self._left = 0

    async def reencode_references(self) -> None:
        """Encode all references again that are of another model, and tell which can't be."""
        photos = self._store.people.outdated(self._model)
        limit = asyncio.Semaphore(self._workers.slots)

        async def renew(photo_id: int) -> int | None:
            async with limit:
                return None if await self._renew(photo_id) else photo_id

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

    def advance(self, wake: Callable[[], None]) -> None:
        """Go on with all other faces, a few at a time; `wake` is called when there is room for more.

        Raises:
            StoreError: what was encoded could not be written.
        """
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble
        room = self._workers.count - len(self._tasks)
        if self._ended or room <= 0:
            return
        photos = self._store.photos.outdated(self._model, below=self._below, limit=room)
        if photos and self._started is None:
            self._started = self._clock()
            self._log.emit("model.changed", model=self._model, faces=self._store.photos.count_outdated(self._model))
        for photo_id in photos:
            self._below = photo_id
            task = asyncio.create_task(self._renew_in_background(photo_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            task.add_done_callback(lambda _: wake())
        if not photos and not self._tasks:
            self._end()

    async def close(self) -> None:
        """Break off what is under way; it is done at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _end(self) -> None:
        self._ended = True
        if self._started is not None:
            seconds = self._clock() - self._started
            self._log.emit("model.renewed", photos=self._renewed, left=self._left, seconds=seconds)

    async def _renew_in_background(self, photo_id: int) -> None:
        try:
            if await self._renew(photo_id):
                self._recogniser.recognise(photo_id)
                self._renewed += 1
            else:
                self._left += 1
        except StoreError as error:
            self._trouble, self._below = error, None

    async def _renew(self, photo_id: int) -> bool:
        """Encode the faces of a photo again, wherever it lies; return whether that was possible."""
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
