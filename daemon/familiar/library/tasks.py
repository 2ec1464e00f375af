"""Running tasks, and how their errors reach the owner."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterator
from functools import partial
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Tasks(Generic[K]):
    """Tasks in progress, each under a key; the first error of one is raised by `check`, in the loop that calls it."""

    def __init__(self, on_end: Callable[[], None] = lambda: None) -> None:
        """Take what is called each time a task has ended."""
        self._on_end = on_end
        self._tasks: dict[K, asyncio.Task[None]] = {}
        self._error: BaseException | None = None

    def __len__(self) -> int:
        """Return how many tasks are in progress."""
        return len(self._tasks)

    def __contains__(self, key: object) -> bool:
        """Return whether the task of this key is in progress."""
        return key in self._tasks

    def __iter__(self) -> Iterator[K]:
        """Give the keys of the tasks in progress."""
        return iter(self._tasks)

    @property
    def has_failed(self) -> bool:
        """Whether `check` would raise."""
        return self._error is not None

    def start(self, key: K, coroutine: Coroutine[Any, Any, None]) -> None:
        """Start a task; no task with this key may be running."""
        assert key not in self._tasks, key
        task = asyncio.create_task(coroutine)
        self._tasks[key] = task
        task.add_done_callback(partial(self._end, key))

    def check(self) -> None:
        """Raise what a task has ended with since the last time, if one has failed."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    async def close(self) -> int:
        """Cancel all tasks; return how many were in progress."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(tasks)

    def _end(self, key: K, task: asyncio.Task[None]) -> None:
        del self._tasks[key]
        if not task.cancelled() and self._error is None:
            self._error = task.exception()
        self._on_end()
