"""The places of files with the workers: what arrives takes them before the backlog, and videos take only some."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Wish:
    """A file that waits for a place, or has one."""

    place: asyncio.Future[None]
    is_video: bool


class Places:
    """Places that files take, in the order in which they ask, but those of the backlog last."""

    def __init__(self, count: int, *, videos: int) -> None:
        """Take how many there are, and how many of them videos may have: a video keeps a worker busy for minutes."""
        self._free = count
        self._free_for_videos = videos
        self._waiting: dict[bool, deque[_Wish]] = {in_backlog: deque() for in_backlog in (False, True)}

    @asynccontextmanager
    async def taken(self, *, in_backlog: bool, is_video: bool) -> AsyncIterator[None]:
        """Wait for a place, and have it for a block."""
        wish = _Wish(place=asyncio.get_running_loop().create_future(), is_video=is_video)
        self._waiting[in_backlog].append(wish)
        self._hand_out()
        try:
            await wish.place
            yield
        finally:
            if wish.place.done() and not wish.place.cancelled():
                self._change(wish, 1)
            else:
                self._waiting[in_backlog].remove(wish)
            self._hand_out()

    def _hand_out(self) -> None:
        """Give free places to those that wait."""
        for waiting in self._waiting.values():
            for wish in list(waiting):
                if self._suits(wish):
                    waiting.remove(wish)
                    self._change(wish, -1)
                    wish.place.set_result(None)

    def _suits(self, wish: _Wish) -> bool:
        is_free = self._free > 0 and (self._free_for_videos > 0 or not wish.is_video)
        return is_free and not wish.place.done()

    def _change(self, wish: _Wish, number: int) -> None:
        self._free += number
        self._free_for_videos += number * wish.is_video
