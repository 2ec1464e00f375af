"""Who gets the next slot with the workers."""

import asyncio
from collections.abc import Callable

from familiar.arrivals.slots import WorkerSlots


class Visitors:
    """Files that take slots, and leave when they are told."""

    def __init__(self, slots: WorkerSlots) -> None:
        self.inside: list[str] = []
        self._slots = slots
        self._leave: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, name: str) -> None:
        """Let a file come: its name says whether it is a video, and of the backlog."""
        self._leave[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._visit(name))
        await asyncio.sleep(0)

    async def _visit(self, name: str) -> None:
        async with self._slots.taken(in_backlog=name.startswith("old"), is_video=name.endswith("video")):
            self.inside.append(name)
            await self._leave[name].wait()
            self.inside.remove(name)

    async def leave(self, name: str) -> None:
        self._leave[name].set()
        await self._tasks[name]
        await asyncio.sleep(0)

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.gather(self._tasks[name], return_exceptions=True)
        await asyncio.sleep(0)


def visiting(count: int, videos: int, visit: Callable[[Visitors], object]) -> None:
    async def run() -> None:
        await visit(Visitors(WorkerSlots(count, videos=videos)))  # type: ignore[misc]

    asyncio.run(run())


def test_what_arrives_gets_a_slot_before_the_backlog_that_waited_longer() -> None:
    async def visit(files: Visitors) -> None:
        for name in ("old 1", "old 2", "old 3", "new"):
            await files.come(name)
        assert files.inside == ["old 1"]
        await files.leave("old 1")
        assert files.inside == ["new"]
        await files.leave("new")
        assert files.inside == ["old 2"]
        for name in ("old 2", "old 3"):
            await files.leave(name)

    visiting(1, 1, visit)


def test_a_photo_does_not_wait_for_videos() -> None:
    async def visit(files: Visitors) -> None:
        for name in ("1 video", "2 video", "old video", "photo"):
            await files.come(name)
        assert files.inside == ["1 video", "photo"]
        await files.leave("photo")
        assert files.inside == ["1 video"]
        await files.leave("1 video")
        assert files.inside == ["2 video"]
        for name in ("2 video", "old video"):
            await files.leave(name)

    visiting(4, 1, visit)


def test_a_file_that_no_longer_wants_its_slot_leaves_it_to_others_whether_it_has_it_or_waits() -> None:
    async def visit(files: Visitors) -> None:
        for name in ("1", "2", "3"):
            await files.come(name)
        await files.cancel("2")
        await files.cancel("1")
        assert files.inside == ["1", "3"]  # the first one did not say that it left
        await files.leave("3")
        await files.come("4")
        assert files.inside == ["1", "4"]
        await files.leave("4")

    visiting(1, 1, visit)
