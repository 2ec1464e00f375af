"""Open steps of the journal: steps to retry, steps recorded by others, steps to undo."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from familiar.jobs.job import Stop
from familiar.library.operations import OperationRunner

_BEFORE_READY = 5.0
"""Seconds of the start in which open steps are completed before folders are read; the rest goes on beside that."""
_IN_A_TURN = 0.5
"""Seconds of a turn in which steps that are due are completed before new files are handled."""


class OpenOperations:
    """A job: carries out open steps that are due, beside the loop if they take long."""

    def __init__(self, runner: OperationRunner, *, stop: Stop, on_end: Callable[[], None]) -> None:
        """Take what carries out plans, what ends the wait for it, and what is called when long steps are done."""
        self._runner = runner
        self._stop = stop
        self._on_end = on_end
        self._task: asyncio.Task[object] | None = None

    async def begin(self) -> None:
        """Carry out what an earlier process left open, for a short time; errors are raised by `advance`."""
        self._task = await self._started(self._runner.begin(), within=_BEFORE_READY)

    async def advance(self, _now: float) -> None:
        """Carry out all plans with due steps."""
        if self._task is None:
            self._task = await self._started(self._runner.perform_open(), within=_IN_A_TURN)
        if self._task.done():
            task, self._task = self._task, None
            task.result()

    async def _started(self, work: Coroutine[Any, Any, object], *, within: float) -> asyncio.Task[object]:
        """Start work, wait for it for so many seconds, and have the loop woken at its end if it takes longer.

        A stop ends the wait, and `close` the work.
        """
        task = asyncio.create_task(work)
        await asyncio.sleep(0)
        if task.done():  # as in most turns, when no step is due
            return task
        stopped = asyncio.create_task(self._stop.wait(within))
        await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not task.done():
            task.add_done_callback(lambda _: self._on_end())
        return task

    @property
    def is_idle(self) -> bool:
        """Whether no step is being carried out; failures are not waited for."""
        return self._task is None

    async def close(self) -> None:
        """Interrupt the step that goes on; what is open stands in the journal."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
