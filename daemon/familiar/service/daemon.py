"""The loop of the daemon, in the one thread that owns the store and the effects."""

from collections.abc import Callable, Sequence

from familiar.errors import StoreUnavailableError, WorkersError
from familiar.jobs.job import Job
from familiar.service.failures import Failures
from familiar.service.heartbeat import Heartbeat
from familiar.service.shutdown import Shutdown
from familiar.service.startup import Startup
from familiar.service.stop_request import StopRequest
from familiar.service.wake import Wake


class Daemon:
    """Runs until it is stopped, or (`until_idle`) until nothing is left to do."""

    def __init__(
        self,
        *,
        startup: Startup,
        jobs: Sequence[Job],
        shutdown: Shutdown,
        stop: StopRequest,
        wake: Wake,
        failures: Failures,
        heartbeat: Heartbeat,
        clock: Callable[[], float],
    ) -> None:
        """Take the jobs in the order in which each turn runs them, and what begins, ends and times the loop.

        `clock` gives monotonic seconds.
        """
        self._startup = startup
        self._jobs = tuple(jobs)
        self._shutdown = shutdown
        self._stop = stop
        self._wake = wake
        self._failures = failures
        self._heartbeat = heartbeat
        self._clock = clock

    async def run(self, *, until_idle: bool = False) -> bool:
        """Run until stopped; return whether to restart with new settings.

        Unfinished work waits in the store for the next start.

        Raises:
            StoreReplacedError: the store was deleted, moved or replaced; nothing more was done.
            StoreSchemaError: another version of familiar changed the store; nothing more was done.
            WorkersError: no worker can be started (with `until_idle`); otherwise, photos wait until one can be.
            FamiliarError: nothing could be done for too long.
        """
        self._heartbeat.start()
        try:
            with self._failures.telling_of_loss():
                await self._startup.begin()
            try:
                if not self._stop.is_set:
                    with self._failures.telling_of_loss():
                        self._startup.open()
                        self._heartbeat.is_ready = True
                        await self._work(until_idle=until_idle)
            finally:
                await self._shutdown.finish()
        finally:
            await self._heartbeat.close()
        return self._stop.begins_again

    @property
    def was_stopped(self) -> bool:
        """Whether it was asked to end before it was idle."""
        return self._stop.is_set

    async def _work(self, *, until_idle: bool) -> None:
        while not self._stop.is_set:
            now = self._clock()
            try:
                if await self._turn(now, until_idle=until_idle):
                    self._failures.pass_over()
                # the last ones first: that files are in progress is told without asking the store
                if until_idle and all(job.is_idle for job in reversed(self._jobs)):
                    return
                await self._wake.sleep(now)
            except StoreUnavailableError as error:
                await self._failures.wait(error)
            except OSError as error:
                await self._failures.wait_for_system(error)

    async def _turn(self, now: float, *, until_idle: bool) -> bool:
        """Advance all jobs; return whether none of them lacked workers."""
        refusal: WorkersError | None = None
        for job in self._jobs:
            if self._stop.is_set:
                return True
            try:
                await job.advance(now)
            except WorkersError as error:  # jobs without workers go on
                refusal = error
        if refusal is not None:
            if until_idle:
                raise refusal
            await self._failures.wait_for_workers(refusal)
        return refusal is None
