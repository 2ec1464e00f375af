"""Jobs that run at the same time and end together."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def run_all(
    jobs: Iterable[Coroutine[Any, Any, T]], progress: Callable[[int, int], None] = lambda _done, _of: None
) -> list[T]:
    """Return the results of jobs, in their order; `progress` gets the number of ended jobs and the total.

    The first failure cancels all others; none keeps running.
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
