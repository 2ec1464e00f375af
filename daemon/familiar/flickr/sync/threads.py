"""Blocking calls in threads that are not joined at the end."""

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar

R = TypeVar("R")

_Job: TypeAlias = Callable[[], None]


class CallThreads:
    """Some threads that take calls one by one.

    Unlike those of the standard library's pool, they do not hold up the end of the process: a server that does not
    answer must not.
    """

    def __init__(self, count: int) -> None:
        """Start this many threads."""
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._count = count
        for _ in range(count):
            threading.Thread(target=self._work, name="flickr", daemon=True).start()

    async def run(self, function: Callable[..., R], *arguments: Any) -> R:
        """Run a function in a thread, and return what it returns."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()

        def tell(set_: Callable[[Any], None], outcome: Any) -> None:
            if not answer.done():  # somebody may have stopped waiting
                set_(outcome)

        def job() -> None:
            try:
                told: tuple[Callable[[Any], None], Any] = (answer.set_result, function(*arguments))
            except BaseException as error:  # noqa: BLE001 - it is raised where the answer is awaited
                told = (answer.set_exception, error)
            with suppress(RuntimeError):  # the loop has ended, and nobody waits
                loop.call_soon_threadsafe(tell, *told)

        self._jobs.put(job)
        return await answer

    def close(self) -> None:
        """Let each thread end after its call."""
        for _ in range(self._count):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
