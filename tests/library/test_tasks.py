"""Errors of tasks come to whoever looks after them, once."""

import asyncio

import pytest

from familiar.library.tasks import Tasks


async def fail(reason: str) -> None:
    raise ValueError(reason)


async def settle() -> None:
    """Let the loop turn until what has ended is known to have."""
    for _ in range(3):
        await asyncio.sleep(0)


def test_the_error_of_a_task_is_raised_once_where_tasks_are_looked_after() -> None:
    async def run() -> None:
        tasks: Tasks[int] = Tasks()
        tasks.start(1, fail("disk full"))
        await settle()
        assert tasks.has_failed
        with pytest.raises(ValueError, match="disk full"):
            tasks.check()
        tasks.check()

    asyncio.run(run())


def test_a_task_that_fails_ends_no_other() -> None:
    async def run() -> None:
        ended: list[None] = []
        tasks: Tasks[int] = Tasks(lambda: ended.append(None))
        never = asyncio.Event()
        tasks.start(1, fail("disk full"))
        tasks.start(2, _wait(never))
        await settle()
        assert (list(tasks), len(tasks), 1 in tasks, len(ended)) == ([2], 1, False, 1)
        assert await tasks.close() == 1
        await settle()
        assert len(tasks) == 0

    asyncio.run(run())


def test_cancelled_tasks_are_not_an_error() -> None:
    async def run() -> None:
        tasks: Tasks[str] = Tasks()
        tasks.start("list", _wait(asyncio.Event()))
        await tasks.close()
        await settle()
        tasks.check()

    asyncio.run(run())


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
