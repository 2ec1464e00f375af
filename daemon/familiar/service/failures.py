"""Failures that concern all photos: of the store, and of workers that can't be started."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from familiar.errors import StoreReplacedError, StoreUnavailableError, WorkersError
from familiar.events import EventLog
from familiar.service.stop_request import StopRequest
from familiar.service.systemd import Notifier

_PAUSE = 10.0
"""Seconds between two turns of the loop while all photos wait."""


class Failures:
    """Handles failures that are no photo's fault in the loop: waits, or reports a lost store before the daemon ends."""

    def __init__(
        self,
        *,
        stop: StopRequest,
        rescan: Callable[[], None],
        notifier: Notifier,
        log: EventLog,
        pause: float = _PAUSE,
    ) -> None:
        """Take who is told, and what compares all folders again: what was found in the meantime may not be recorded.

        `pause` is the number of seconds between two turns of the loop while all photos wait.
        """
        self._stop = stop
        self._rescan = rescan
        self._notifier = notifier
        self._log = log
        self._pause = pause
        self._told: WorkersError | None = None

    async def wait_for_workers(self, error: WorkersError) -> None:
        """Report workers that could not be started, once for each try, and wait for a short time."""
        if error is not self._told:
            self._told = error
            self._log.emit("workers.refused", error=str(error), retry_in=error.retry_in)
        self._notifier.status(f"waiting: {error}")
        self._notifier.ping()
        await self._stop.wait(self._pause)

    async def wait(self, error: StoreUnavailableError) -> None:
        """Wait until the store may be tried again."""
        self._log.emit("store.failed", error=str(error), retry_in=self._pause)
        self._notifier.ping()
        self._rescan()
        await self._stop.wait(self._pause)

    @contextmanager
    def telling_of_loss(self) -> Iterator[None]:
        """Tell of a store that was replaced, before anything else ends: from then on nothing can be written."""
        try:
            yield
        except StoreReplacedError as error:
            self._log.emit("store.replaced", path=error.path, reason=error.reason)
            self._notifier.status(f"stopped: {error.path} {error.reason}")
            self._notifier.stopping()
            raise
