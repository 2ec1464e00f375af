"""The slots of files with the workers: what arrives gets them before the backlog, and videos get only some."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Request:
    """A file that waits for a slot, or has one."""

    slot: asyncio.Future[None]
    is_video: bool


class WorkerSlots:
    """Slots that files take, in the order in which they ask, but those of the backlog last."""

    def __init__(self, count: int, *, videos: int) -> None:
        """Take how many there are, and how many of them videos may have: a video keeps a worker busy for minutes."""
        self._free = count
        self._free_for_videos = videos
        self._waiting: dict[bool, deque[_Request]] = {in_backlog: deque() for in_backlog in (False, True)}

    @asynccontextmanager
    async def taken(self, *, in_backlog: bool, is_video: bool) -> AsyncIterator[None]:
        """Wait for a slot, and have it for a block."""
        request = _Request(slot=asyncio.get_running_loop().create_future(), is_video=is_video)
        self._waiting[in_backlog].append(request)
        self._hand_out()
        try:
            await request.slot
            yield
        finally:
            if request.slot.done() and not request.slot.cancelled():
                self._change(request, 1)
            else:
                self._waiting[in_backlog].remove(request)
            self._hand_out()

    def _hand_out(self) -> None:
        """Give free slots to those that wait."""
        for waiting in self._waiting.values():
            for request in list(waiting):
                if self._suits(request):
                    waiting.remove(request)
                    self._change(request, -1)
                    request.slot.set_result(None)

    def _suits(self, request: _Request) -> bool:
        is_free = self._free > 0 and (self._free_for_videos > 0 or not request.is_video)
        return is_free and not request.slot.done()

    def _change(self, request: _Request, number: int) -> None:
        self._free += number
        self._free_for_videos += number * request.is_video
