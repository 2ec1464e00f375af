"""Encode faces of known photos, wherever these are: some photos at a time, and all workers side by side."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from familiar.errors import FamiliarError, StoreError, WorkersError
from familiar.events import EventLog
from familiar.library.concurrency import run_all
from familiar.store.embeddings import FacesToEncode
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers
from familiar.vision.workers.tasks import EncodedFaces, EncodeTask

T = TypeVar("T")

TOGETHER = 16
"""Photos that are encoded in one go and written in one transaction."""


class FaceEncoder:
    """Encodes the faces that a model has not encoded yet."""

    def __init__(
        self,
        *,
        store: Store,
        workers: Workers,
        model: str,
        write: Callable[[FacesToEncode, EncodedFaces], None],
        log: EventLog,
    ) -> None:
        """Take the store, workers that encode by the model of this id, and what writes down what came of a photo.

        It is called in a transaction, for some photos in each.
        """
        self._store = store
        self._workers = workers
        self._model = model
        self._write = write
        self._log = log

    async def encode_all(
        self,
        photos: Sequence[int],
        progress: Callable[[int, int], None] = lambda _done, _of: None,
        goes_on: Callable[[], bool] = lambda: True,
    ) -> tuple[int, int]:
        """Encode the faces in photos, in their order; return for how many that was done, and was not possible.

        There is one part more under way than there are workers: none waits while what another gave is written.

        Args:
            photos: ids of photos.
            progress: is told how many photos are done, of how many.
            goes_on: is asked before each part of the work whether there is to be another one.
        """
        parts, done, left = in_parts(photos), 0, 0
        progress(done, len(photos))

        async def take_part() -> None:
            nonlocal done, left
            while goes_on() and (part := next(parts, None)) is not None:
                left += len(await self.encode(part))
                done += len(part)
                progress(done, len(photos))

        await run_all(take_part() for _ in range(self._workers.count + 1))
        return done - left, left

    async def encode(self, photos: Sequence[int]) -> list[int]:
        """Encode the faces in some photos in one go; return those photos for which that was not possible."""
        try:
            return await self._encode(photos)
        except (StoreError, WorkersError):
            raise
        except Exception as error:  # noqa: BLE001 - one photo must not stop the others
            if len(photos) == 1:
                path = next(iter(places_of(self._store, photos[0])), Path())
                self._log.emit("photo.error", path=path, error=repr(error), exc_info=True)
                return list(photos)
        return [one for photo in photos for one in await self.encode([photo])]

    async def encode_at(self, photo: int, path: Path) -> None:
        """Encode the faces in one photo, which is at this path.

        Raises:
            GoneError, RetryError, ChangedError, SetAsideError: it can't be read from there.
        """
        wanted = self._store.embeddings.to_encode(photo, self._model)
        if wanted is not None:
            (error,) = await self._encode_at([(wanted, path)])
            if error is not None:
                raise error

    async def _encode(self, photos: Sequence[int]) -> list[int]:
        left: list[int] = []
        trials = [
            (wanted, filter(os.path.lexists, places_of(self._store, photo)))
            for photo in photos
            if (wanted := self._store.embeddings.to_encode(photo, self._model)) is not None
        ]
        while trials:
            at = [(wanted, path, paths) for wanted, paths in trials if (path := next(paths, None)) is not None]
            left += {wanted.photo for wanted, _ in trials} - {wanted.photo for wanted, _, _ in at}
            errors = await self._encode_at([(wanted, path) for wanted, path, _ in at])
            # another of its paths may do
            trials = [(wanted, paths) for (wanted, _, paths), one in zip(at, errors, strict=True) if one is not None]
        return left

    async def _encode_at(self, wanted: Sequence[tuple[FacesToEncode, Path]]) -> list[FamiliarError | None]:
        """Encode the faces in photos, each at a path, and write that down; return what went wrong with each."""
        if not wanted:
            return []
        tasks = [EncodeTask(path=path, hash=one.hash, faces=one.faces, turn=one.turn) for one, path in wanted]
        found = await self._workers.encode(tasks)
        with self._store.writing():
            for (one, _), encoded in zip(wanted, found, strict=True):
                if not isinstance(encoded, FamiliarError):
                    self._write(one, encoded)
        return [one if isinstance(one, FamiliarError) else None for one in found]


def in_parts(many: Sequence[T], size: int = TOGETHER) -> Iterator[Sequence[T]]:
    """Give a sequence in parts of at most so many."""
    for at in range(0, len(many), size):
        yield many[at : at + size]


def places_of(store: Store, photo: int) -> list[Path]:
    """Return the paths where the content of a photo may be, each once."""
    return list(dict.fromkeys((*store.sightings.paths_of(photo), *store.people.origins_of(photo))))
