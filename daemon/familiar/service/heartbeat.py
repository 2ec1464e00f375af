"""The heartbeat in the log: that the daemon lives, in which state it is, and which work waits.

It beats beside the turns of the loop, in every state: while the store can't be written, too, and until the end. Where
one call holds the loop, a thread beats, and says what it can without the loop.
"""

import asyncio
import os
import resource
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, TypeAlias

from familiar.arrivals.latencies import Latencies
from familiar.durations import duration
from familiar.errors import StoreError
from familiar.events import EventLog
from familiar.folders.intake import Intake
from familiar.library.space import space_of
from familiar.library.status import seconds_left
from familiar.plurals import counted
from familiar.remote_state import RemoteState
from familiar.service.failures import Failures
from familiar.service.stand_in import StandIn
from familiar.service.stop_request import StopRequest
from familiar.service.systemd import Notifier
from familiar.service.totals import ProcessCounts
from familiar.service.window import FileWindow
from familiar.store.files import FileRow
from familiar.store.store import Store

IN_STORE = ("settling", "pending", "failed", "oldest", "operations_waiting", "operations_failed", "seconds_left")
"""The fields that come from the store."""
NOTHING_KNOWN: Mapping[str, Any] = {
    **dict.fromkeys((*IN_STORE, "queue", "in_flight", "rate", "flickr_trouble", "backlog_waits", "remote_trouble")),
    "stages": [],
    "roots": [],
    "roots_offline": 0,
    "latencies": [],
    "remote": [],
}
"""The fields that come from the loop, where it has not told them."""
_LATE = 1.25
"""Periods after the last heartbeat at which the thread beats."""
_LONG = 10.0
"""Seconds for which a call may hold the loop without a sign of progress; from then on the daemon counts as failing, and
the thread says so."""

_PAGE = os.sysconf("SC_PAGE_SIZE")

DaemonState: TypeAlias = Literal["starting", "working", "failing", "stopping"]


class Heartbeat:
    """Logs the state of the daemon regularly."""

    def __init__(
        self,
        *,
        every: float,
        counts: ProcessCounts,
        store: Store,
        intake: Intake,
        window: FileWindow,
        latencies: Latencies,
        stop: StopRequest,
        failures: Failures,
        notifier: Notifier,
        log: EventLog,
        remote: Callable[[], RemoteState | None],
        clock: Callable[[], float],
        flickr_trouble: Callable[[], str | None],
        on_beat: Callable[[], None],
    ) -> None:
        """Take the sources of the fields, and where they are logged; it beats, and calls `on_beat`, every `every` s.

        `remote` gives the workers of Dask.
        """
        self._every = every
        self._counts = counts
        self._store = store
        self._intake = intake
        self._window = window
        self._latencies = latencies
        self._stop = stop
        self._failures = failures
        self._notifier = notifier
        self._log = log
        self._remote = remote
        self._clock = clock
        self._flickr_trouble = flickr_trouble
        self._on_beat = on_beat
        self._last = (clock(), counts.tally.handled)
        self._first_waiting: tuple[int | None, float] = (None, clock())
        self._task: asyncio.Task[None] | None = None
        self._told: Mapping[str, Any] = NOTHING_KNOWN
        self._turned_at = clock()
        is_rare = every >= 4 * _LONG  # then the thread does not wait until a heartbeat is missing
        self._tick = _LONG if is_rare else every
        late = 2 * _LONG if is_rare else _LATE * every
        self._stand_in = StandIn(self._guarded()(self._beat_for_loop), after=late, clock=clock)
        self.is_ready = False
        """Whether the daemon has started."""

    def start(self) -> None:
        """Begin to beat."""
        self._task = asyncio.create_task(self._beat_regularly())
        self._turned_at = self._clock()
        self._stand_in.start()

    async def close(self) -> None:
        """Beat no more; raises nothing."""
        self._stand_in.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _beat_regularly(self) -> None:
        due = (self._counts.totals.beaten_at or self._clock()) + self._every  # also of the daemon before a reload
        while True:
            while (left := due - self._clock()) > 0:
                await asyncio.sleep(min(left, self._tick))
                self._note_turn()
            due = max(due, self._clock()) + self._every
            with self._guarded():
                self._beat(self._clock())

    def _note_turn(self) -> None:
        """Note that nothing holds the loop."""
        with self._stand_in.relieved():
            self._turned_at = self._clock()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Log any error of a block: a daemon that works must not look dead."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - see above
            self._log.emit("service.error", error=f"heartbeat: {error!r}", exc_info=True)

    def _beat(self, now: float) -> None:
        handled, (since, handled_then) = self._counts.tally.handled, self._last
        self._last = (now, handled)
        waiting, roots = self._waiting(now), self._intake.root_list()
        with self._stand_in.relieved():
            self._told = {
                "queue": self._intake.queued,
                "in_flight": self._window.count,
                "stages": self._latencies.present(),
                "rate": (handled - handled_then) * 60 / (now - since),
                "roots": roots,
                "roots_offline": sum(root["state"] == "offline" for root in roots),
                "flickr_trouble": self._flickr_trouble(),
                "latencies": self._latencies.take(),
                "remote": _remote(self._remote()),
                "remote_trouble": _trouble(self._remote()),
                "backlog_waits": self._window.waits_because,
                **waiting,
            }
            self._tell(self.state, self._failures.reason or self._counts.totals.rejected)
        self._notifier.status(self._status(waiting))
        with suppress(StoreError):
            self._on_beat()

    def _beat_for_loop(self) -> None:
        """Beat while a call holds the loop: with what it told last, but for what only the store knows."""
        held = self._clock() - max(self._turned_at + self._tick, self._notifier.pinged_at)
        self._told = {**self._told, **dict.fromkeys((*IN_STORE, "rate")), "latencies": []}
        state, reason = self.state, self._failures.reason or self._counts.totals.rejected
        if held >= _LONG and state != "stopping":
            state, reason = "failing", f"one call has lasted for {held:.0f} s: is the store locked, or a disk hanging?"
            self._notifier.status(f"failing: {reason}")
        self._tell(state, reason)

    def _tell(self, state: DaemonState, reason: str | None) -> None:
        own = of_process(self._counts, self._store.path)
        self._counts.totals.beaten_at = self._clock()
        self._log.emit(
            "service.heartbeat",
            run=self._counts.id,
            state=state,
            reason=reason,
            **self._told,
            **own,
            period=self._every,
        )

    def show(self) -> None:
        """Show the state in `systemctl status` now, as after a reload."""
        self._notifier.status(self._status(self._waiting(self._clock())))

    @property
    def state(self) -> DaemonState:
        """The state of the daemon; `failing` if it can't work for now."""
        if self._stop.is_set:
            return "stopping"
        if self._failures.reason is not None:
            return "failing"
        return "working" if self.is_ready else "starting"

    def _waiting(self, now: float) -> dict[str, Any]:
        """Return what waits, from the store; None for what can't be read."""
        try:
            roots = self._intake.online_roots
            files, first = self._store.files.waiting(roots), self._first_pending(roots)
            failed, open_operations = self._store.files.count_failures(), self._store.journal.open_counts()
            is_waiting = self._window.waits_because is not None
            left = None if is_waiting else seconds_left(self._store, files["pending"], self._remote())
        except StoreError:
            return dict.fromkeys(IN_STORE)
        file_id = None if first is None else first.id
        if file_id != self._first_waiting[0]:
            self._first_waiting = (file_id, now)
        retried = open_operations.get("failed", 0)
        return {
            **files,
            "failed": failed,
            "oldest": 0.0 if file_id is None else now - self._first_waiting[1],
            "operations_waiting": sum(open_operations.values()) - retried,
            "operations_failed": retried,
            "seconds_left": left,
        }

    def _first_pending(self, roots: list[int]) -> FileRow | None:
        """Return the file that is handled next, if there is one; the backlog counts unless it waits."""
        takes_backlog = self._window.waits_because is None
        return next(self._store.files.pending(roots=roots, limit=1, backlog=takes_backlog), None)

    def _status(self, waiting: Mapping[str, Any]) -> str:
        if self._failures.reason is not None:
            return f"failing: {self._failures.reason}"
        problem = self._counts.totals.rejected
        rejected = "" if problem is None else f"; running with the old configuration: {problem}"
        handled = counted(self._counts.tally.handled, "photo")
        pending, seconds = waiting["pending"], waiting["seconds_left"]
        left = "" if seconds is None else f", about {duration(seconds)} left"
        waits = "" if self._window.waits_because is None else f"; the backlog waits: {self._window.waits_because}"
        remote = self._remote()
        waits += f"; photos wait for a worker of Dask: {remote.reason}" if remote is not None and remote.waits else ""
        return f"{handled} handled, {'?' if pending is None else pending} pending{left}{waits}{rejected}"


def of_process(counts: ProcessCounts, store: Path) -> dict[str, Any]:
    """Return the fields of a heartbeat that need no open store: totals, memory, and the space on its disk."""
    tally, totals = counts.tally, counts.totals
    return {
        "done": tally.done,
        "set_aside": tally.set_aside,
        "photos": totals.photos,
        "faces": totals.faces,
        "operations": totals.of_operations(),
        "worker_deaths": totals.worker_deaths,
        "flickr_calls": totals.flickr_calls,
        "flickr_downloads": totals.flickr_downloads,
        "tags_added": totals.tags_added,
        "tags_removed": totals.tags_removed,
        "memory": _resident(),
        **space_of(store),
    }


def _remote(state: RemoteState | None) -> list[dict[str, str | int | None]]:
    """Return the workers of Dask as a list, which all readers of logs take."""
    shown = ("address", "state", "version", "threads", "in_flight", "photos", "per_minute")
    return [] if state is None else [{name: getattr(worker, name) for name in shown} for worker in state.workers]


def _trouble(state: RemoteState | None) -> str | None:
    return None if state is None else state.reason


def _resident() -> int:
    """Return the bytes of memory that the process has, or has had at most if no more files can be opened."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
