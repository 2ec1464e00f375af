"""A store that fails: wait if the failure is temporary, and report a lost store before the daemon ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from familiar.errors import StoreReplacedError, StoreUnavailableError
from familiar.events import EventLog
from familiar.service.stop_request import StopRequest
from familiar.service.systemd import Notifier

_RETRY = 10.0
"""Seconds until the store is tried again that could not be written."""


class StoreFailures:
    """Handles failures of the store in the loop."""

    def __init__(self, *, stop: StopRequest, rescan: Callable[[], None], notifier: Notifier, log: EventLog) -> None:
        """Take who is told, and what compares all folders again: what was found in the meantime may not be recorded."""
        self._stop = stop
        self._rescan = rescan
        self._notifier = notifier
        self._log = log

    async def wait(self, error: StoreUnavailableError) -> None:
        """Wait until the store may be tried again."""
        self._log.emit("store.failed", error=str(error), retry_in=_RETRY)
        self._notifier.ping()
        self._rescan()
        await self._stop.wait(_RETRY)

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
