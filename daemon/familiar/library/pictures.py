"""Pictures of faces and of whole photos for a page, cut in worker processes from wherever the photos are now."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from familiar.errors import FamiliarError, StoreError, WorkersError
from familiar.model import Box, Crop
from familiar.vision.workers.pictures import PictureTask
from familiar.vision.workers.pool import Workers

MARGIN = 0.3
"""Share of a face's longer side that its picture shows on each side of it."""

_QUALITY = 85
"""Of a WebP file, from 1 to 100."""

_DATA_SET_MARGIN, _DATA_SET_QUALITY = 0.4, 92
"""Of crops for data sets, where nothing else is asked for (docs/datasets.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedPhoto:
    """A photo with what is needed to show it without the store: its hash and all of its paths.

    `size` is its width and height in pixels before a sidecar turns it, `turn` how that does so. `time` is that of a
    frame that can be shown, in a video, in seconds.
    """

    id: int
    hash: str
    size: tuple[int, int]
    paths: tuple[Path, ...]
    turn: int | None = None
    time: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFace:
    """A face with what is needed to cut it out without the store; `time` is that of the frame, in a video."""

    id: int
    box: Box
    time: float | None
    photo: PlacedPhoto


def face_wish(face: PlacedFace, size: int) -> Crop:
    """Return the picture of a face, a square of `size` pixels."""
    return _wish(face.box, MARGIN, size, face.time, face.photo.turn, square=True)


def photo_wish(photo: PlacedPhoto, size: int, *, square: bool = False, time: float | None = None) -> Crop:
    """Return the picture of a photo with `size` pixels of its longer side, or the square in its middle.

    A smaller photo is not enlarged. `time` is that of the frame, in a video; by default that of the photo.
    """
    width, height = photo.size
    largest = min(photo.size) if square else max(photo.size)
    whole = Box(left=0, top=0, right=width, bottom=height)
    at = photo.time if time is None else time
    return _wish(whole, 0, min(size, largest), at, photo.turn, square=square)


def _wish(box: Box, margin: float, size: int, time: float | None, turn: int | None, *, square: bool) -> Crop:
    return Crop(
        target=Path("picture.webp"),
        rule="",
        box=box,
        margin=margin,
        size=size,
        square=square,
        time=time,
        quality=_QUALITY,
        turn=turn,
        is_quick=True,
    )


class PictureCutter:
    """Cuts pictures out of photos, in worker processes; it has no part of the store, and can be used by any thread."""

    def __init__(self, workers: Workers) -> None:
        """Take the workers, which end with `close`."""
        self._workers = workers

    @property
    def at_once(self) -> int:
        """Number of photos that are worth being asked for at the same time."""
        return self._workers.count + 1

    async def pictures(self, photo: PlacedPhoto, wishes: Sequence[Crop]) -> list[bytes | None]:
        """Return the WebP files of several pictures of one photo, which is decoded once; None where one can't be made.

        Raises:
            WorkersError: no worker can be started.
        """
        task = PictureTask(paths=photo.paths, hash=photo.hash, size=photo.size, wishes=wishes)
        try:
            made = await self._workers.pictures(task)
        except (StoreError, WorkersError):
            raise
        except FamiliarError:
            return [None] * len(wishes)
        return [None if isinstance(one, FamiliarError) else one for one in made]

    async def cut(self, face: PlacedFace, *, size: int) -> bytes | None:
        """Return the picture of a face as a WebP file, a square of `size` pixels; None if no file of its can be read.

        Raises:
            WorkersError: no worker can be started.
        """
        (picture,) = await self.pictures(face.photo, [face_wish(face, size)])
        return picture

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
            turn=face.photo.turn,
        )
        (picture,) = await self.pictures(face.photo, [wish])
        return picture

    async def show(self, photo: PlacedPhoto, *, size: int) -> bytes | None:
        """Return a photo, or a frame of a video, as a WebP file with at most `size` pixels of its longer side.

        It is None if no file of its can be read; a smaller photo is not enlarged.

        Raises:
            WorkersError: no worker can be started.
        """
        (picture,) = await self.pictures(photo, [photo_wish(photo, size)])
        return picture

    def warm_up(self) -> None:
        """Start the workers ahead of the first picture."""
        self._workers.warm_up()

    def close(self) -> None:
        """End the workers."""
        self._workers.close()
