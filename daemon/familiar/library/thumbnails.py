"""Pictures of faces, cut out of their photos wherever these are now."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from familiar.errors import FamiliarError, StoreError, WorkersError
from familiar.library.concurrency import run_all
from familiar.library.pictures import MARGIN
from familiar.model import Box, Crop
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers


class FaceInPhoto(Protocol):
    """A face that the store knows: where it is in its photo, and at which time, in a video."""

    @property
    def id(self) -> int:
        """The face's id."""

    @property
    def photo_id(self) -> int:
        """The photo's id."""

    @property
    def hash(self) -> str:
        """The photo's hash."""

    @property
    def box(self) -> Box:
        """Where the face is."""

    @property
    def time(self) -> float | None:
        """The time of the frame, in seconds."""


class FaceThumbnails:
    """Cuts faces out, in the worker processes."""

    def __init__(self, *, store: Store, workers: Workers) -> None:
        """Take the open store and the workers."""
        self._store = store
        self._workers = workers
        self._slots = asyncio.Semaphore(workers.slots)

    async def of(
        self,
        faces: Sequence[FaceInPhoto],
        *,
        size: int,
        suffix: str = ".png",
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> dict[int, bytes]:
        """Return the picture file of each face, a square of `size` pixels, by the face's id.

        Faces whose photos are gone or can't be read are left out.
        """
        pictures = await run_all((self._cut(face, size, suffix) for face in faces), progress)
        found = zip(faces, pictures, strict=True)
        return {face.id: picture for face, picture in found if picture is not None}

    async def _cut(self, face: FaceInPhoto, size: int, suffix: str) -> bytes | None:
        wish = Crop(
            target=Path(f"face{suffix}"),
            rule="",
            box=face.box,
            margin=MARGIN,
            size=size,
            time=face.time,
            turn=self._store.photos.turn_of(face.photo_id),
        )
        async with self._slots:
            for path in filter(os.path.lexists, self._store.sightings.paths_of(face.photo_id)):
                try:
                    return await self._workers.crop(path, face.hash, wish)
                except (StoreError, WorkersError):
                    raise
                except FamiliarError:
                    continue  # another of its paths may do
        return None
