"""Pictures of faces and of whole photos, cut in worker processes from wherever the photos are now."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from familiar.errors import FamiliarError, StoreError, WorkersError
from familiar.identity.regions import UPRIGHT, stored_size
from familiar.model import Box, Crop
from familiar.vision.workers.pool import Workers

MARGIN = 0.3
"""Share of a face's longer side that its picture shows on each side of it."""

_QUALITY = 85
"""Of a WebP file, from 1 to 100."""

_DATA_SET_MARGIN, _DATA_SET_QUALITY = 0.4, 92
"""Of crops for data sets, where nothing else is asked for (docs/datasets.md)."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFace:
    """A face with what is needed to cut it out without the store: its photo's hash and all of its paths.

    `time` is that of the frame, in a video, in seconds; `turn` is that of the photo.
    """

    id: int
    photo_id: int
    hash: str
    box: Box
    time: float | None
    paths: tuple[Path, ...]
    turn: int | None = None


class FaceCutter:
    """Cuts faces out of photos, in worker processes; it has no part of the store, and can be used by any thread."""

    def __init__(self, workers: Workers) -> None:
        """Take the workers, which end with `close`."""
        self._workers = workers

    async def cut(self, face: PlacedFace, *, size: int) -> bytes | None:
        """Return the picture of a face as a WebP file, a square of `size` pixels; None if no file of its can be read.

        Raises:
            WorkersError: no worker can be started.
        """
        wish = Crop(
            target=Path("face.webp"),
            rule="",
            box=face.box,
            margin=MARGIN,
            size=size,
            time=face.time,
            quality=_QUALITY,
            turn=face.turn,
        )
        return await first_cut(self._workers, face, face.paths, wish)

    async def crop(self, face: PlacedFace) -> bytes | None:
        """Return the face for a data set, as `familiar crop` does without options: a JPEG file, or None as `cut`.

        Raises:
            WorkersError: no worker can be started.
        """
        wish = Crop(
            target=Path("face.jpg"),
            rule="",
            box=face.box,
            margin=_DATA_SET_MARGIN,
            size=None,
            square=True,
            time=face.time,
            quality=_DATA_SET_QUALITY,
            turn=face.turn,
        )
        return await first_cut(self._workers, face, face.paths, wish)

    async def show(self, face: PlacedFace, photo: tuple[int, int], *, size: int) -> bytes | None:
        """Return the photo of a face, or the frame of a video, as a WebP file; None if no file of its can be read.

        Args:
            face: one of its faces.
            photo: width and height of the photo in pixels, as it is shown.
            size: pixels of the longer side; a smaller photo is not enlarged.

        Raises:
            WorkersError: no worker can be started.
        """
        right, bottom = stored_size(*photo, face.turn or UPRIGHT)
        whole = Box(left=0, top=0, right=right, bottom=bottom)
        wish = Crop(
            target=Path("photo.webp"),
            rule="",
            box=whole,
            margin=0,
            size=min(size, max(photo)),
            square=False,
            time=face.time,
            quality=_QUALITY,
            turn=face.turn,
        )
        return await first_cut(self._workers, face, face.paths, wish)

    def warm_up(self) -> None:
        """Start the workers ahead of the first picture."""
        self._workers.warm_up()

    def close(self) -> None:
        """End the workers."""
        self._workers.close()


async def first_cut(workers: Workers, face: FaceInPhoto, paths: Iterable[Path], wish: Crop) -> bytes | None:
    """Return the picture that is wished, from the first of the photo's paths that can be read; None if none can.

    Raises:
        StoreError, WorkersError: the failure is not about the photo.
    """
    for path in filter(os.path.lexists, paths):
        try:
            return await workers.crop(path, face.hash, wish)
        except (StoreError, WorkersError):
            raise
        except FamiliarError:
            continue  # another of its paths may do
    return None
