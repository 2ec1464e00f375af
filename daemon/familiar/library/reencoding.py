"""After the model has changed: encode the known faces again, so that all can be compared.

Embeddings of two models are never compared with each other. So references come first, before any new photo is
decided; all other faces follow in the background, those of the newest photos first, and keep their matches until then.
What the model has encoded before is taken from the store, and no photo is read for it.

Faces change from one model to the other with their matches, in one transaction for some photos: whoever is killed goes
on where that was.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from familiar.errors import FamiliarError, StoreError
from familiar.events import EventLog
from familiar.library.concurrency import run_all
from familiar.library.recognition import Recogniser
from familiar.store.embeddings import FacesToEncode
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers
from familiar.vision.workers.tasks import EncodeTask

T = TypeVar("T")

TOGETHER = 16
"""Photos that are encoded in one go and written in one transaction."""

_RESTORED_TOGETHER = 2000
"""Faces whose embeddings are taken from the store in one transaction, which others wait for."""

_ALL = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class Reencoded:
    """What came of encoding again: photos, faces whose embeddings were in the store, photos that can't be read now."""

    photos: int = 0
    restored: int = 0
    left: int = 0

    def __add__(self, other: "Reencoded") -> "Reencoded":
        """Return what came of both."""
        return Reencoded(
            photos=self.photos + other.photos, restored=self.restored + other.restored, left=self.left + other.left
        )


class Reencoder:
    """Encodes faces again that another model encoded than the one that is in use."""

    def __init__(self, *, store: Store, workers: Workers, recogniser: Recogniser, log: EventLog) -> None:
        """Take the store, the workers that encode, and what matches; its model is the one in use."""
        self._store = store
        self._workers = workers
        self._recogniser = recogniser
        self._model = recogniser.model
        self._log = log

    async def reencode_references(self) -> Reencoded:
        """Encode all references again that are of another model, and tell which can't be."""
        restored = self._store.embeddings.kept(self._model, limit=_ALL, of_references=True)
        self._restore(restored)
        photos = self._store.people.outdated(self._model)
        left = await self._reencode_in_parts(photos)
        for name, count in self._store.people.left_behind(self._model):
            self._log.emit("people.outdated", person=name, references=count)
        if photos or restored:
            self._log.emit("people.renewed", photos=len(photos) - left, left=left, model=self._model)
        return Reencoded(photos=len(photos) - left, restored=len(restored))

    def restore(self) -> int:
        """Take embeddings that the model made before from the store, for some faces; return for how many."""
        faces = self._store.embeddings.kept(self._model, limit=_RESTORED_TOGETHER)
        self._restore(faces)
        return len(faces)

    async def reencode_all(self, progress: Callable[[int, int], None], goes_on: Callable[[], bool]) -> Reencoded:
        """Encode all faces again that are of another model, those of the newest photos first, after the references.

        Args:
            progress: is told how many photos are done, of how many.
            goes_on: is asked before each part of the work whether there is to be another one.
        """
        restored = 0
        while goes_on() and (some := self.restore()):
            restored += some
        photos = self._store.embeddings.missing(self._model)
        done = 0

        def count(more: int) -> None:
            nonlocal done
            done += more
            progress(done, len(photos))

        count(0)
        left = await self._reencode_in_parts(photos, count, goes_on)
        return Reencoded(photos=done - left, restored=restored, left=left)

    async def reencode(self, photo_ids: Sequence[int]) -> list[int]:
        """Encode the faces of photos again, wherever these lie; return those for which that was not possible."""
        try:
            return await self._reencode(photo_ids)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - one photo must not stop the others
            if len(photo_ids) == 1:
                path = next(iter(places_of(self._store, photo_ids[0])), Path())
                self._log.emit("photo.error", path=path, error=repr(error), exc_info=True)
                return list(photo_ids)
        return [one for photo_id in photo_ids for one in await self.reencode([photo_id])]

    async def _reencode_in_parts(
        self,
        photos: Sequence[int],
        count: Callable[[int], None] = lambda _done: None,
        goes_on: Callable[[], bool] = lambda: True,
    ) -> int:
        """Encode the faces of photos again, some photos at a time; return for how many that was not possible.

        There is one part more under way than there are workers: none waits while what another gave is written.
        """
        parts, left = in_parts(photos), 0

        async def take_part() -> None:
            nonlocal left
            while goes_on() and (part := next(parts, None)) is not None:
                left += len(await self.reencode(part))
                count(len(part))

        await run_all(take_part() for _ in range(self._workers.count + 1))
        return left

    async def _reencode(self, photo_ids: Sequence[int]) -> list[int]:
        left: list[int] = []
        trials: list[tuple[FacesToEncode, Iterator[Path]]] = []
        for photo_id in photo_ids:
            self._restore_photo(photo_id)
            wanted = self._store.embeddings.to_encode(photo_id, self._model)
            if wanted is not None:
                trials.append((wanted, filter(os.path.lexists, places_of(self._store, photo_id))))
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


def places_of(store: Store, photo_id: int) -> list[Path]:
    """Return where the content of a photo may lie, each path once."""
    return list(dict.fromkeys((*store.sightings.paths_of(photo_id), *store.people.origins_of(photo_id))))


def in_parts(many: Sequence[T], size: int = TOGETHER) -> Iterator[Sequence[T]]:
    """Give a sequence in parts of at most so many."""
    for at in range(0, len(many), size):
        yield many[at : at + size]
