"""Start-up of the daemon, before it is ready."""

from collections.abc import Callable, Sequence
from typing import Protocol

from familiar.events import EventLog
from familiar.jobs.open_operations import OpenOperations
from familiar.service.signals import Signals
from familiar.service.systemd import Notifier
from familiar.service.wake import Wake


class Startable(Protocol):
    """A job that has to be started."""

    def start(self) -> None:
        """Start watching."""


class Startup:
    """Listens to signals, completes operations of an earlier daemon, and opens the sources."""

    def __init__(
        self,
        *,
        signals: Signals,
        operations: OpenOperations,
        sources: Sequence[Startable],
        wake: Wake,
        notifier: Notifier,
        log: EventLog,
        clock: Callable[[], float],
    ) -> None:
        """Take what is begun; `clock` gives monotonic seconds."""
        self._signals = signals
        self._operations = operations
        self._sources = tuple(sources)
        self._wake = wake
        self._notifier = notifier
        self._log = log
        self._clock = clock
        self._begun_at = clock()

    async def begin(self) -> None:
        """Listen to signals, and carry out open steps of the journal."""
        self._begun_at = self._clock()
        self._wake.attach()
        self._signals.listen()
        await self._operations.begin()

    def open(self) -> None:
        """Start watching: new files are detected from now on."""
        for source in self._sources:
            source.start()
        self._log.emit("service.ready", seconds=self._clock() - self._begun_at)
        self._notifier.ready()
