"""Pictures of faces, cut out of their photos wherever these are now."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from familiar.library.concurrency import run_all
from familiar.library.face_pictures import MARGIN, FaceInPhoto, first_cut
from familiar.model import Crop
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers


class FaceThumbnails:
    """Cuts faces out, in the worker processes."""

    def __init__(self, *, store: Store, workers: Workers) -> None:
        """Take the rooms."""
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
            return await first_cut(self._workers, face, self._store.sightings.paths_of(face.photo_id), wish)
