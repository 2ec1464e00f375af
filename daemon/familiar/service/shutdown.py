"""The end of the daemon: what is in progress is given back, and waits in the store for the next start."""

import asyncio
from collections.abc import Callable, Sequence

from familiar.events import EventLog
from familiar.jobs.job import Job
from familiar.service.signals import Signals
from familiar.service.stop_request import StopRequest
from familiar.service.window import FileWindow
from familiar.vision.workers.pool import Workers

_STOP_WITHIN = 8.0
"""Seconds that running tasks of the workers get to end when the daemon stops."""


class Shutdown:
    """Ends the jobs and the workers."""

    def __init__(
        self,
        *,
        jobs: Sequence[Job],
        window: FileWindow,
        workers: Workers,
        signals: Signals,
        stop: StopRequest,
        log: EventLog,
        clock: Callable[[], float],
    ) -> None:
        """Take what is ended: the jobs in their order, and `window`, one of them, first.

        `clock` gives monotonic seconds.
        """
        self._jobs = tuple(jobs)
        self._window = window
        self._workers = workers
        self._signals = signals
        self._stop = stop
        self._log = log
        self._clock = clock

    async def finish(self) -> None:
        """Give back the files in progress, and end the jobs from the last to the first, and the workers."""
        started, given_back = self._clock(), self._window.count
        for job in (self._window, *reversed(self._jobs)):
            await job.close()
        await asyncio.to_thread(self._workers.close, within=_STOP_WITHIN)
        await self._signals.close()  # one that has arrived may end a daemon that was to begin again
        if not self._stop.begins_again:
            self._log.emit("service.stopped", given_back=given_back, seconds=self._clock() - started)
