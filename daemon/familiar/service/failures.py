"""Failures that are no photo's fault: of the store, of the system, and of workers that can't be started."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from familiar.errors import FamiliarError, StoreReplacedError, StoreSchemaError, StoreUnavailableError, WorkersError
from familiar.events import EventLog
from familiar.service.stop_request import StopRequest
from familiar.service.systemd import Notifier

_RETRY = 10.0
"""Seconds until it is tried again what the store or the system refused."""


class Failures:
    """Handles failures that concern all photos in the loop: waits, or reports a lost store before the daemon ends."""

    def __init__(
        self,
        *,
        stop: StopRequest,
        rescan: Callable[[], None],
        notifier: Notifier,
        log: EventLog,
        clock: Callable[[], float],
        longest: float,
        pause: float = _RETRY,
    ) -> None:
        """Take who is told, and what compares all folders again: what was found in the meantime may not be recorded.

        `longest` are the seconds after which failures are not waited for any more, and end the daemon; `pause` are the
        seconds between two turns of the loop while no worker can be started; `clock` gives monotonic seconds.
        """
        self._stop = stop
        self._rescan = rescan
        self._notifier = notifier
        self._log = log
        self._clock = clock
        self._longest = longest
        self._pause = pause
        self._since: float | None = None
        self.reason: str | None = None
        """Why nothing can be done now; None if all works."""
        self._told: WorkersError | None = None

    def pass_over(self) -> None:
        """Note that everything works, again."""
        if self.reason is not None and self._since is not None:
            self._log.emit("service.recovered", seconds=self._clock() - self._since)
        self._since = self.reason = None

    async def wait(self, error: StoreUnavailableError) -> None:
        """Wait until the store may be tried again; raises the error after too long."""
        seconds = self._seconds(error)
        self._log.emit("store.failed", error=str(error), retry_in=seconds)
        await self._wait(seconds)

    async def wait_for_system(self, error: OSError) -> None:
        """Wait after a call of the system that nothing else has handled: too many open files, no memory.

        Raises:
            FamiliarError: it has failed for too long.
        """
        failure = FamiliarError(f"a call of the system failed: {error}.")
        seconds = self._seconds(failure)
        self._log.emit("service.failed", error=str(error), retry_in=seconds, exc_info=error)
        await self._wait(seconds)

    async def wait_for_workers(self, error: WorkersError) -> None:
        """Report workers that could not be started, once for each try, and wait for a short time.

        Raises:
            WorkersError: none could be started for too long. Other machines are waited for as long as it takes.
        """
        if error.lasts:
            self._since = None
        seconds = min(self._pause, self._seconds(error))
        if error is not self._told:
            self._told = error
            self._log.emit("workers.refused", error=str(error), retry_in=error.retry_in)
        self._notifier.ping()
        await self._stop.wait(seconds)

    def _seconds(self, error: FamiliarError) -> float:
        """Return how long to wait now; raises the error after too long."""
        if self.reason is None:
            self._notifier.status(f"failing: {error}")
        now, self.reason = self._clock(), str(error)
        self._since = now if self._since is None else self._since
        left = self._since + self._longest - now
        if left <= 0:
            raise error
        return min(_RETRY, left)

    async def _wait(self, seconds: float) -> None:
        self._notifier.ping()
        self._rescan()
        await self._stop.wait(seconds)

    @contextmanager
    def telling_of_loss(self) -> Iterator[None]:
        """Tell of a store that was replaced or changed, before anything else ends: nothing can be written any more."""
        try:
            yield
        except StoreReplacedError as error:
            self._log.emit("store.replaced", path=error.path, reason=error.reason)
            self._notifier.status(f"stopped: {error.path} {error.reason}")
            self._notifier.stopping()
            raise
        except StoreSchemaError as error:
            self._log.emit("store.changed", path=error.path, reason=error.reason)
            self._notifier.status(f"stopped: {error.reason}")
            self._notifier.stopping()
            raise
