"""The wait for the state folder and its store, before the loop runs: the heartbeat comes then, too.

A thread beats, as a large store that is migrated or checked takes long, and a call may wait for a lock.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from familiar.errors import StoreUnavailableError
from familiar.events import EventLog
from familiar.service.heartbeat import NOTHING_KNOWN, DaemonState, of_process
from familiar.service.stand_in import StandIn
from familiar.service.systemd import Notifier
from familiar.service.totals import ProcessCounts

_LOOK_AGAIN = 0.1
"""Seconds between two looks whether a command has ended."""
_RETRY = 10.0
"""Seconds until a store is tried again whose disk is full."""
_EXTEND = 10.0
"""Seconds after which the service manager is told again that the start takes longer."""


class Opening:
    """Waits for what has the state folder, and for room on its disk; tells the log and the service manager."""

    def __init__(
        self, *, heartbeat: float | None, counts: ProcessCounts, store: Path, notifier: Notifier, log: EventLog
    ) -> None:
        """Take the seconds between two heartbeats, None for none, and the path of the store that is to be opened."""
        self._every = heartbeat
        self._counts = counts
        self._store = store
        self._notifier = notifier
        self._log = log
        self._began = self._last = counts.totals.beaten_at = time.monotonic()
        self._until = float("inf")
        self._is_told = False
        self._state: DaemonState = "starting"
        self._reason = "the store is being opened"

    @contextmanager
    def watched(self, *, longest: float) -> Iterator[None]:
        """Tell the log and the service manager that the start goes on in a block, the latter for so many seconds."""
        if self._every is None:
            yield
            return
        self._until = self._began + longest
        stand_in = StandIn(self._go_on, after=min(self._every, _EXTEND), clock=time.monotonic)
        stand_in.start()
        try:
            yield
        finally:
            stand_in.close()

    def wait_for_command(self, pid: int | None, *, longest: float) -> bool:
        """Wait for a moment while a command has the folder; return whether that was longer than some seconds."""
        if time.monotonic() >= self._began + longest:
            return False
        if not self._is_told:
            self._log.emit("service.waiting", pid=pid)
            self._is_told = True
        self._wait(_LOOK_AGAIN, state="starting", reason=f"waiting for the command that has the folder (pid {pid})")
        return True

    def wait_for_room(self, error: StoreUnavailableError, *, longest: float) -> bool:
        """Wait before the store is tried again; return whether that is worth it, for these seconds in all."""
        left = min(_RETRY, self._began + longest - time.monotonic())
        if left <= 0:
            return False
        self._log.emit("store.failed", error=str(error), retry_in=left)
        self._notifier.status(f"waiting: {error}")
        self._wait(left, state="failing", reason=str(error))
        return True

    def _wait(self, seconds: float, *, state: DaemonState, reason: str) -> None:
        """Wait, and let the service manager wait, too."""
        self._notifier.extend(2 * seconds + 10)
        before, self._state, self._reason = (self._state, self._reason), state, reason
        time.sleep(seconds)
        self._state, self._reason = before

    def _go_on(self) -> None:
        """Log a heartbeat if it is due, and let the service manager wait; called by a thread."""
        now = time.monotonic()
        if now < self._until:
            self._notifier.extend(6 * _EXTEND)
        if self._every is None or now < self._last + self._every:
            return
        self._last = self._counts.totals.beaten_at = now
        self._log.emit(
            "service.heartbeat",
            run=self._counts.id,
            state=self._state,
            reason=self._reason,
            **NOTHING_KNOWN,
            **of_process(self._counts, self._store),
            period=self._every,
        )
