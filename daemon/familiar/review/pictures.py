"""Pictures of faces and photos: cut in worker processes, and cached on disk."""

import asyncio
import hashlib
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from familiar.errors import FamiliarError
from familiar.library.face_pictures import FaceCutter, PlacedFace
from familiar.review.library_thread import LibraryThread
from familiar.review.picture_cache import PictureCache

FACE = 192
"""Pixels of the side of a face's picture: twice what most are shown at, as screens of phones have twice as many."""

PHOTO = 1600
"""Pixels of the longer side of a photo."""

_AT_ONCE = 8
"""Pictures that are cut at the same time; further ones wait."""

_REMEMBERED = 20_000
"""Faces whose places are remembered: those that pages show."""


class FacePictures:
    """Gives pictures by the ids of faces."""

    def __init__(self, library: LibraryThread, cache: PictureCache) -> None:
        """Take the library, and where pictures are kept."""
        self._library = library
        self._cache = cache
        self._cutter: FaceCutter | None = None
        self._placed: OrderedDict[int, PlacedFace] = OrderedDict()
        self._cutting: dict[str, asyncio.Task[bytes | None]] = {}
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._opening = asyncio.Lock()

    async def warm_up(self) -> None:
        """Start the workers ahead of the first picture, if there is a library."""
        with suppress(FamiliarError):  # the first page tells what is wrong
            (await self.cutter()).warm_up()

    async def prepare(self, face_ids: Iterable[int]) -> None:
        """Find the places of faces that a page is about to show, in one question instead of many."""
        wanted = [face for face in face_ids if face not in self._placed]
        if wanted:
            for placed in await self._library.ask(lambda library: library.faces.place(wanted)):
                self._placed[placed.id] = placed
        while len(self._placed) > _REMEMBERED:
            self._placed.popitem(last=False)

    async def face(self, face_id: int, version: str) -> bytes | None:
        """Return the picture of a face; None if there is no such face, or no file of its photo can be read.

        Args:
            face_id: the face.
            version: the beginning of the hash of its photo.
        """
        placed = await self._place(face_id, version)
        if placed is None:
            return None
        return await self._made(_name(placed, FACE), lambda cutter: cutter.cut(placed, size=FACE))

    async def photo(self, face_id: int, version: str) -> bytes | None:
        """Return the photo that a face is in, as `face` does."""
        placed = await self._place(face_id, version)
        if placed is None:
            return None
        shown = (await self._library.ask(lambda library: library.faces.photo_of(face_id))).photo
        size = (shown.width, shown.height)
        return await self._made(_name(placed, PHOTO), lambda cutter: cutter.show(placed, size, size=PHOTO))

    async def _place(self, face_id: int, version: str) -> PlacedFace | None:
        known = self._placed.get(face_id)
        if known is None or not any(map(os.path.lexists, known.paths)):  # the photo was moved since
            self._placed.pop(face_id, None)
            await self.prepare([face_id])
            known = self._placed.get(face_id)
        return known if known is not None and known.hash.startswith(version) else None

    async def _made(self, name: str, cut: Callable[[FaceCutter], Awaitable[bytes | None]]) -> bytes | None:
        """Return a picture from the cache, or have it cut, once for all who ask in the meantime."""
        kept = self._cache.get(name)
        if kept is not None:
            return kept
        if name not in self._cutting:
            task = asyncio.create_task(self._cut(name, cut))
            self._cutting[name] = task
            task.add_done_callback(lambda _task: self._cutting.pop(name, None))
        return await asyncio.shield(self._cutting[name])

    async def _cut(self, name: str, cut: Callable[[FaceCutter], Awaitable[bytes | None]]) -> bytes | None:
        async with self._slots:
            picture = await cut(await self.cutter())
        if picture is not None:
            self._cache.put(name, picture)
        return picture

    async def cutter(self) -> FaceCutter:
        """Return what cuts faces out; its workers end with this."""
        async with self._opening:
            if self._cutter is None:
                self._cutter = await self._library.ask(lambda library: library.faces.cutter())
            return self._cutter

    def close(self) -> None:
        """End the workers."""
        if self._cutter is not None:
            self._cutter.close()


def _name(face: PlacedFace, size: int) -> str:
    """Return the name of a picture in the cache, which tells nothing, and is another one if anything differs."""
    box = face.box
    what = f"{face.hash} {box.left} {box.top} {box.right} {box.bottom} {face.time} {size} {face.turn}"
    return f"{hashlib.blake2s(what.encode(), digest_size=16).hexdigest()}.webp"
