"""After the model has changed: encode the known faces again, so that all can be compared.

Embeddings of two models are never compared with each other. So references come first, before any new photo is
decided; all other faces follow in the background, those of the newest photos first, and keep their matches until then.
What the model has encoded before is taken from the store, and no photo is read for it.

Faces change from one model to the other with their matches, in one transaction for some photos: whoever is killed goes
on where that was.
"""

import asyncio
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from familiar.errors import FamiliarError
from familiar.events import EventLog
from familiar.library.recognition import Recogniser
from familiar.store.embeddings import FacesToEncode
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers
from familiar.vision.workers.tasks import EncodeTask

TOGETHER = 16
"""Photos that are encoded in one go and written in one transaction."""

_RESTORED_TOGETHER = 2000
"""Faces whose embeddings are taken from the store in one transaction, which others wait for."""

_ALL = 2**31


class Reencoder:
    """Encodes faces again that another model encoded than the one that is in use."""

    def __init__(self, *, store: Store, workers: Workers, recogniser: Recogniser, log: EventLog) -> None:
        """Take the store, the workers that encode, and what matches; its model is the one in use."""
        self._store = store
        self._workers = workers
        self._recogniser = recogniser
        self._model = recogniser.model
        self._log = log

    async def reencode_references(self) -> None:
        """Encode all references again that are of another model, and tell which can't be."""
        restored = self._store.embeddings.kept(self._model, limit=_ALL, of_references=True)
        self._restore(restored)
        photos = self._store.people.outdated(self._model)
        limit = asyncio.Semaphore(self._workers.slots)

        async def renew(photo_ids: Sequence[int]) -> list[int]:
            async with limit:
                return await self.reencode(photo_ids)

        left = [one for some in await asyncio.gather(*map(renew, in_parts(photos))) for one in some]
        for name, count in self._store.people.left_behind(self._model):
            self._log.emit("people.outdated", person=name, references=count)
        if photos or restored:
            self._log.emit("people.renewed", photos=len(photos) - len(left), left=len(left), model=self._model)

    def restore(self) -> int:
        """Take embeddings that the model made before from the store, for some faces; return for how many."""
        faces = self._store.embeddings.kept(self._model, limit=_RESTORED_TOGETHER)
        self._restore(faces)
        return len(faces)

    async def reencode(self, photo_ids: Sequence[int]) -> list[int]:
        """Encode the faces of photos again, wherever these lie; return those for which that was not possible."""
        left: list[int] = []
        trials: list[tuple[FacesToEncode, Iterator[Path]]] = []
        for photo_id in photo_ids:
            self._restore_photo(photo_id)
            wanted = self._store.embeddings.to_encode(photo_id, self._model)
            if wanted is not None:
                trials.append((wanted, filter(os.path.lexists, self._places(photo_id))))
        while trials:
            at = [(wanted, path, paths) for wanted, paths in trials if (path := next(paths, None)) is not None]
            left += {wanted.photo for wanted, _ in trials} - {wanted.photo for wanted, _, _ in at}
            found = await self._encode([(wanted, path) for wanted, path, _ in at])
            # another of its paths may do
            trials = [(wanted, paths) for (wanted, _, paths), one in zip(at, found, strict=True) if one is not None]
        return left

    async def reencode_photo(self, photo_id: int, path: Path) -> None:
        """Encode the faces of one photo again if they are of another model.

        Raises:
            GoneError, RetryError, ChangedError, SetAsideError: it can't be read from this path.
        """
        self._restore_photo(photo_id)
        wanted = self._store.embeddings.to_encode(photo_id, self._model)
        if wanted is not None:
            (error,) = await self._encode([(wanted, path)])
            if error is not None:
                raise error

    async def _encode(self, wanted: Sequence[tuple[FacesToEncode, Path]]) -> list[FamiliarError | None]:
        """Encode the faces of photos, each at a path, and write that down; return what went wrong with each."""
        if not wanted:
            return []
        tasks = [EncodeTask(path=path, hash=one.hash, faces=one.faces) for one, path in wanted]
        found = await self._workers.encode(tasks)
        with self._store.writing():
            for (one, _), embeddings in zip(wanted, found, strict=True):
                if not isinstance(embeddings, FamiliarError):
                    self._store.embeddings.renew(one.ids, embeddings, self._model)
                    self._recogniser.recognise(one.photo)
        return [one if isinstance(one, FamiliarError) else None for one in found]

    def _restore_photo(self, photo_id: int) -> None:
        self._restore(self._store.embeddings.kept(self._model, limit=_ALL, photo=photo_id))

    def _restore(self, faces: Sequence[int]) -> None:
        if faces:
            with self._store.writing():
                self._store.embeddings.restore(faces, self._model)
                self._recogniser.rematch_faces(faces)

    def _places(self, photo_id: int) -> list[Path]:
        """Return where a photo may lie, each path once."""
        places = [*self._store.files.paths_of(photo_id), *self._store.people.origins_of(photo_id)]
        return list(dict.fromkeys(places))


def in_parts(photos: Sequence[int]) -> Iterator[Sequence[int]]:
    """Give photos in parts that are encoded in one go."""
    for at in range(0, len(photos), TOGETHER):
        yield photos[at : at + TOGETHER]
