"""Pictures of photos on a disk that does not answer: nobody else waits for them."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from familiar.errors import StoreError
from familiar.library.pictures import PlacedPhoto
from familiar.model import Crop
from familiar.review.page_pictures import PagePictures
from familiar.review.picture_cache import PictureCache
from familiar.review.silent_disks import SilentDisks

PHOTO = PlacedPhoto(id=1, hash="a" * 64, size=(40, 30), paths=(Path("/proc/self/stat"),))


class StuckCutter:
    """Workers that wait for a disk; it counts how often they were asked."""

    at_once = 1
    asked = 0

    async def pictures(self, _photo: PlacedPhoto, _wishes: Sequence[Crop]) -> list[bytes | None]:
        self.asked += 1
        await asyncio.Event().wait()
        raise AssertionError("nobody sets the event")


class OnePhoto:
    """A library that knows one photo, and gives these workers."""

    def __init__(self, cutter: StuckCutter) -> None:
        self.faces = self.photos = self
        self._cutter = cutter

    def cutter(self) -> StuckCutter:
        return self._cutter

    def place(self, _ids: Sequence[int]) -> list[PlacedPhoto]:
        return [PHOTO]

    async def ask(self, question: Callable[[Any], Any]) -> Any:
        return question(self)


class StuckDisks(SilentDisks):
    """Disks of which none answers."""

    async def answers(self, paths: Sequence[Path]) -> bool:
        go = threading.Event()
        threading.Timer(1, go.set).start()
        try:
            await self.ask(paths[0], go.wait)
        except Exception:  # noqa: BLE001 - it does not answer in time
            return False
        return True


def test_a_disk_that_does_not_answer_is_given_up_and_left_alone_for_a_while(tmp_path: Path) -> None:
    cutter = StuckCutter()

    async def show() -> tuple[bytes | None, bytes | None]:
        library: Any = OnePhoto(cutter)
        disks = StuckDisks(patience=0.1)
        pictures = PagePictures(library, PictureCache(tmp_path, limit=1000), disks, patience=0.1)
        return await pictures.photo(1, "a" * 12, size=10), await pictures.photo(1, "a" * 12, size=20)

    begin = time.monotonic()
    assert asyncio.run(show()) == (None, None)
    assert time.monotonic() - begin < 10
    assert cutter.asked == 1


class ClosedLibrary:
    """A library of which the store can't be read."""

    async def ask(self, _question: Callable[[Any], Any]) -> Any:
        raise StoreError("the store can't be read")


def test_pictures_that_are_prepared_in_vain_are_no_error_until_one_is_asked_for(tmp_path: Path) -> None:
    said: list[object] = []

    async def prepare() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: said.append(context["message"]))
        library: Any = ClosedLibrary()
        pictures = PagePictures(library, PictureCache(tmp_path, limit=1000), SilentDisks())
        pictures.prepare(photos=[PHOTO])
        await asyncio.sleep(0.01)
        with pytest.raises(StoreError):
            await pictures.photo(1, "a" * 12, size=10)

    asyncio.run(prepare())
    assert said == []
