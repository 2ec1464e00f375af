"""The wait for the state folder and its store, before the loop runs: the heartbeat comes then, too."""

import time
from pathlib import Path

from familiar.errors import StoreUnavailableError
from familiar.events import EventLog
from familiar.service.heartbeat import IN_STORE, DaemonState, of_process
from familiar.service.systemd import Notifier
from familiar.service.totals import ProcessCounts

_LOOK_AGAIN = 0.1
"""Seconds between two looks whether a command has ended."""
_RETRY = 10.0
"""Seconds until a store is tried again whose disk is full."""


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
        self._began = self._last = time.monotonic()
        self._is_told = False

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
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            due = until if self._every is None else min(until, self._last + self._every)
            time.sleep(max(due - now, 0.0))
            self._beat(state, reason)

    def _beat(self, state: DaemonState, reason: str) -> None:
        """Log a heartbeat if it is due."""
        now = time.monotonic()
        if self._every is None or now < self._last + self._every:
            return
        self._last = now
        self._log.emit(
            "service.heartbeat",
            run=self._counts.id,
            state=state,
            reason=reason,
            stages=[],
            roots=[],
            roots_offline=0,
            latencies=[],
            remote=[],
            **dict.fromkeys((*IN_STORE, "queue", "in_flight", "rate", "flickr_trouble", "backlog_waits")),
            **of_process(self._counts, self._store),
            period=self._every,
        )
