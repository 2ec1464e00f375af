"""Jobs that run at the same time and end together, and the loop in which they do."""

import asyncio
from asyncio.events import _set_running_loop
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


async def run_all(
    jobs: Iterable[Coroutine[Any, Any, T]], progress: Callable[[int, int], None] = lambda _done, _of: None
) -> list[T]:
    """Return what jobs give, in their order; `progress` is told how many have ended, of how many.

    The first that fails ends all others; none is left behind.
    """
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        for number, task in enumerate(asyncio.as_completed(tasks), start=1):
            await task
            progress(number, len(tasks))
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [task.result() for task in tasks]


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in this thread, also where an event loop runs in it already, as in a notebook.

    That loop stands still meanwhile. Another thread would not do: the store is used by the one that has opened it, and
    signals come to the main one.
    """
    with _outside_of_loops(), asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(coroutine)


@contextmanager
def _outside_of_loops() -> Iterator[None]:
    """Let a block be as if no loop ran in this thread."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        yield
        return
    task = asyncio.current_task()
    if task is not None:
        _leave_task(loop, task)
    _set_running_loop(None)
    try:
        yield
    finally:
        _set_running_loop(loop)
        if task is not None:
            _enter_task(loop, task)
