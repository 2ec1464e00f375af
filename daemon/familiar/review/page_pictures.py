"""Pictures of faces and photos: cut in worker processes, and cached on disk."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from familiar.errors import FamiliarError
from familiar.library.pictures import PictureCutter, PlacedFace, PlacedPhoto, face_wish, photo_wish
from familiar.model import Crop
from familiar.review.library_thread import LibraryThread
from familiar.review.picture_cache import PictureCache
from familiar.review.silent_disks import SilentDisks

R = TypeVar("R")

FACE = 192
"""Pixels of the side of a face's picture: twice what most are shown at, as screens of phones have twice as many."""

TILE = 320
"""Pixels of the side of a photo's picture in the timeline."""

PHOTO = 1600
"""Pixels of the longer side of a photo."""

_REMEMBERED = 20_000
"""Faces and photos whose places are remembered: those that pages show."""

_PATIENCE = 15.0
"""Seconds after which the disk of a photo is asked whether it answers."""


@dataclass(slots=True, kw_only=True)
class _Cutting:
    """Pictures that are wanted of one photo, by their names."""

    photo: PlacedPhoto
    wishes: dict[str, Crop] = field(default_factory=dict)


class WithId(Protocol):
    """A face or a photo that a page shows."""

    @property
    def id(self) -> int:
        """Its id."""


class PagePictures:
    """Gives pictures by the ids of faces and photos."""

    def __init__(
        self, library: LibraryThread, cache: PictureCache, disks: SilentDisks, *, patience: float = _PATIENCE
    ) -> None:
        """Take the library, where pictures are kept, and what tells whether disks answer.

        `patience` is the number of seconds after which the disk of a photo is asked whether it answers.
        """
        self._library = library
        self._cache = cache
        self._disks = disks
        self._patience = patience
        self._cutter: PictureCutter | None = None
        self._faces: OrderedDict[int, PlacedFace] = OrderedDict()
        self._photos: OrderedDict[int, PlacedPhoto] = OrderedDict()
        self._waiting: OrderedDict[int, _Cutting] = OrderedDict()
        self._answers: dict[str, asyncio.Future[bytes | None]] = {}
        self._cuttings: set[asyncio.Task[None]] = set()
        self._preparing: set[asyncio.Task[None]] = set()
        self._opening = asyncio.Lock()

    async def warm_up(self) -> None:
        """Start the workers ahead of the first picture.

        Raises:
            FamiliarError: there is no library yet, or no worker can be started.
        """
        (await self.cutter()).warm_up()

    def prepare(self, *, faces: Iterable[WithId] = (), photos: Iterable[WithId] = ()) -> None:
        """Find the places of what a page is about to show in the background, in one question instead of many."""
        task = asyncio.create_task(self._prepare([face.id for face in faces], [photo.id for photo in photos]))
        self._preparing.add(task)
        task.add_done_callback(self._preparing.discard)

    async def _prepare(self, faces: Sequence[int], photos: Sequence[int]) -> None:
        with suppress(FamiliarError):  # the request for a picture gets the reason
            await self._find(faces=faces, photos=photos)

    async def _find(self, *, faces: Iterable[int] = (), photos: Iterable[int] = ()) -> None:
        """Find the places that are not remembered."""
        ids = [face for face in faces if face not in self._faces]
        others = [photo for photo in photos if photo not in self._photos]
        if ids:
            found = await self._library.ask(lambda library: library.faces.place(ids))
            _remember(self._faces, {face.id: face for face in found})
        if others:
            placed = await self._library.ask(lambda library: library.photos.place(others))
            _remember(self._photos, {photo.id: photo for photo in placed})

    async def face(self, face_id: int, version: str) -> bytes | None:
        """Return the picture of a face; None if there is no such face, or no file of its photo can be read.

        Args:
            face_id: the face.
            version: the beginning of the hash of its photo.
        """
        for _ in range(2):
            await self._find(faces=[face_id])
            face = self._faces.get(face_id)
            if face is None or not face.photo.hash.startswith(version):
                return None
            picture = await self._made(face.photo, face_wish(face, FACE))
            if picture is not None:
                return picture
            self._faces.pop(face_id, None)  # the photo may have been moved since
        return None

    async def photo(
        self, photo_id: int, version: str, *, size: int, square: bool = False, time: float | None = None
    ) -> bytes | None:
        """Return the picture of a photo, or of the square in its middle, as `face` does.

        Args:
            photo_id: the photo.
            version: the beginning of its hash.
            size: pixels of the longer side.
            square: whether only the square in its middle is shown.
            time: that of the frame, in a video.
        """
        for _ in range(2):
            await self._find(photos=[photo_id])
            photo = self._photos.get(photo_id)
            if photo is None or not photo.hash.startswith(version):
                return None
            picture = await self._made(photo, photo_wish(photo, size, square=square, time=time))
            if picture is not None:
                return picture
            self._photos.pop(photo_id, None)
        return None

    async def _made(self, photo: PlacedPhoto, wish: Crop) -> bytes | None:
        """Return a picture from the cache, or have it cut, once for all who ask in the meantime."""
        name = _name(photo, wish)
        kept = await asyncio.to_thread(self._cache.get, name)
        if kept is not None:
            return kept
        if any(map(self._disks.is_silent, photo.paths)):
            return None
        if name not in self._answers:
            self._answers[name] = asyncio.get_running_loop().create_future()
            self._answers[name].add_done_callback(lambda answer: answer.cancelled() or answer.exception())
            self._waiting.setdefault(photo.id, _Cutting(photo=photo)).wishes[name] = wish
            self._begin(await self.cutter())
        return await asyncio.shield(self._answers[name])

    def _begin(self, cutter: PictureCutter) -> None:
        """Begin to cut pictures, as many at once as is of use; those of one photo are cut together."""
        while self._waiting and len(self._cuttings) < cutter.at_once:
            _, cutting = self._waiting.popitem(last=False)
            task = asyncio.create_task(self._cut(cutter, cutting))
            self._cuttings.add(task)
            task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        """Go on with the next photo after one."""
        self._cuttings.discard(task)
        if self._waiting and self._cutter is not None:
            self._begin(self._cutter)

    async def _cut(self, cutter: PictureCutter, cutting: _Cutting) -> None:
        names = list(cutting.wishes)
        answers = {name: self._answers[name] for name in names}
        try:
            pictures = await self._cut_patiently(cutter, cutting.photo, list(cutting.wishes.values()))
            for name, picture in zip(names, pictures, strict=True):
                answers[name].set_result(picture)
            for name, picture in zip(names, pictures, strict=True):
                if picture is not None:
                    await asyncio.to_thread(self._cache.put, name, picture)
        except FamiliarError as error:
            for answer in answers.values():
                answer.set_exception(error)
        finally:
            for name, answer in answers.items():
                answer.cancel()  # this does nothing if it already has its answer
                self._answers.pop(name, None)

    async def _cut_patiently(
        self, cutter: PictureCutter, photo: PlacedPhoto, wishes: Sequence[Crop]
    ) -> list[bytes | None]:
        """Return pictures of one photo; none if its disk does not answer, so that the worker is free for others."""
        cutting = asyncio.create_task(cutter.pictures(photo, wishes))
        try:
            while not (await asyncio.wait([cutting], timeout=self._patience))[0]:
                if not await self._disks.answers(photo.paths):
                    return [None] * len(wishes)
            return await cutting
        finally:
            cutting.cancel()  # which ends its worker if it still waits

    async def cutter(self) -> PictureCutter:
        """Return what cuts faces out; its workers end with this."""
        async with self._opening:
            if self._cutter is None:
                self._cutter = await self._library.ask(lambda library: library.faces.cutter())
            return self._cutter

    def close(self) -> None:
        """End the workers."""
        if self._cutter is not None:
            self._cutter.close()


def _remember(known: "OrderedDict[int, R]", found: "dict[int, R]") -> None:
    known.update(found)
    while len(known) > _REMEMBERED:
        known.popitem(last=False)


def _name(photo: PlacedPhoto, wish: Crop) -> str:
    """Return the name of a picture in the cache, which tells nothing, and is another one if anything differs."""
    box = wish.box
    where = f"{box.left} {box.top} {box.right} {box.bottom} {wish.margin} {wish.square}"
    what = f"{photo.hash} {where} {wish.time} {wish.size} {wish.turn}"
    return f"{hashlib.blake2s(what.encode(), digest_size=16).hexdigest()}.webp"
