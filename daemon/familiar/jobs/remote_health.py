"""Report the workers of Dask: which join, leave or are refused, and whether any can be used."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from familiar.events import EventLog
from familiar.remote_state import RemoteState, RemoteWorker
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_KEPT = 5.0
"""Seconds between two writes to the store."""


class RemoteHealth:
    """Looks at the workers of Dask, logs what is new, and keeps their state for other processes."""

    def __init__(self, *, workers: Workers, store: Store, log: EventLog, clock: Callable[[], float]) -> None:
        """Take the workers, and a clock that gives monotonic seconds."""
        self._workers = workers
        self._store = store
        self._log = log
        self._clock = clock
        self._before: RemoteState | None = None
        self._reason: str | None = None
        self._kept: Mapping[str, Any] | None = store.remote_workers.last()
        self._kept_at = float("-inf")

    def look(self) -> None:
        """Log what is new, and keep it."""
        state = self._workers.health().remote
        if state is not None:
            self._tell(state)
        self._before = state
        kept = None if state is None else asdict(state)
        if kept != self._kept and self._clock() - self._kept_at >= _KEPT:
            self._store.remote_workers.keep(kept)
            self._kept, self._kept_at = kept, self._clock()

    def _tell(self, state: RemoteState) -> None:
        before = {} if self._before is None else {worker.address: worker for worker in self._before.workers}
        now = {worker.address: worker for worker in state.workers}
        for address, worker in now.items():
            self._tell_of_worker(worker, before.get(address))
        for address in before.keys() - now.keys():
            self._log.emit("remote.left", address=address)
        if state.reason is None and (self._reason is not None or self._before is None):
            self._log.emit("remote.usable", scheduler=state.scheduler)
        elif state.reason is not None and state.reason != self._reason:
            self._log.emit("remote.unusable", scheduler=state.scheduler, reason=state.reason)
        self._reason = state.reason

    def _tell_of_worker(self, worker: RemoteWorker, before: RemoteWorker | None) -> None:
        if before is not None and (before.state, before.reason) == (worker.state, worker.reason):
            return
        if worker.state == "ready":
            self._log.emit(
                "remote.joined",
                address=worker.address,
                worker=worker.name,
                threads=worker.threads,
                version=worker.version,
            )
        elif worker.state != "joining":
            self._log.emit("remote.refused", address=worker.address, worker=worker.name, reason=worker.reason)
