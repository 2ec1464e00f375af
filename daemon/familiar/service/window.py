"""The files in progress: some of those that are pending, handled side by side and done in their order.

What arrives is done before the backlog, without waiting for its turn.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

from familiar.arrivals.handler import Handler
from familiar.errors import StoreError, WorkersError
from familiar.events import EventLog
from familiar.library.tasks import Tasks
from familiar.service.backlog import Backlog
from familiar.service.wake import Wake
from familiar.store.files import FileRow
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

WIDTH = 64
"""Files in progress at once, of those that arrive and as many of the backlog: as far as the others get ahead of the
slowest one."""
AT_ONCE = 16
"""Files of the backlog that begin together, if the workers have enough to do: a look at the store costs as much for
one."""
_PUT_OFF = 60.0
"""Seconds until a file is tried again of which not even the failure could be recorded."""
_WARM_UP = 3.0
"""Seconds before a file has settled at which workers start, so that they are ready when it has."""


class FileWindow:
    """A job: begins to handle pending files, as long as there is room."""

    def __init__(
        self,
        *,
        store: Store,
        handler: Handler,
        workers: Workers,
        roots: Callable[[], list[int]],
        wake: Wake,
        log: EventLog,
        backlog: Backlog | None = None,
    ) -> None:
        """Take what handles a file, and what gives the ids of the roots whose files are handled now.

        Without a `backlog`, which may let its files wait, they never do.
        """
        self._store = store
        self._handler = handler
        self._workers = workers
        self._roots = roots
        self._wake = wake
        self._backlog = backlog
        self._log = log
        self._width = max(WIDTH, workers.slots)
        self._at_once = max(min(AT_ONCE, self._width - workers.slots), 1)
        self._tasks: Tasks[int] = Tasks(wake.now)
        self._in_progress = Counter[bool]()
        self._turns = {in_backlog: _past_turn() for in_backlog in (False, True)}
        self._now = float("-inf")
        self._not_before: dict[int, float] = {}

    async def advance(self, now: float) -> None:
        """Begin with pending files, the first found first; those of the backlog last.

        Raises:
            StoreError, WorkersError: a file could not be handled because of it.
        """
        self._now = now
        self._tasks.check()
        self._store.files.retry(now)
        if self._backlog is not None:
            self._wake.at(self._backlog.check(now, busy=min(len(self._tasks), self._workers.count)))
        self._begin()
        due = self._store.files.next_settled(roots=self._roots())
        if due is not None and due - now < _WARM_UP:
            self._workers.warm_up()
        self._wake.at(due)

    @property
    def is_idle(self) -> bool:
        """Whether no file is in progress, pending or settling."""
        roots = self._roots()
        return (
            not self._tasks
            and not self._tasks.has_failed
            and self._store.files.next_settled(roots=roots) is None
            and not any(self._store.files.pending(roots=roots, limit=1))
        )

    @property
    def waits_because(self) -> str | None:
        """Why the backlog waits; None if it does not."""
        return None if self._backlog is None else self._backlog.reason

    @property
    def count(self) -> int:
        """How many files are in progress."""
        return len(self._tasks)

    async def close(self) -> None:
        """Give back what is in progress: it is pending in the store."""
        await self._tasks.close()

    def _begin(self) -> None:
        room = {in_backlog: self._width - self._in_progress[in_backlog] for in_backlog in (False, True)}
        if not any(room.values()):
            return
        takes_backlog = self.waits_because is None and room[True] >= self._at_once
        for file in self._store.files.pending(
            roots=self._roots(), limit=2 * self._width, known=self._tasks, backlog=takes_backlog
        ):
            if file.in_backlog and not room[True]:
                break
            if self._now < self._not_before.get(file.id, self._now) or not room[file.in_backlog]:
                continue
            room[file.in_backlog] -= 1
            self._in_progress[file.in_backlog] += 1
            before, own = self._turns[file.in_backlog], asyncio.Event()
            self._turns[file.in_backlog] = own
            self._tasks.start(file.id, self._handle(file, before, own))

    async def _handle(self, file: FileRow, before: asyncio.Event, own: asyncio.Event) -> None:
        try:
            await self._handler.handle(file, before)
            await before.wait()
        except (StoreError, WorkersError):
            raise
        except Exception as error:  # noqa: BLE001 - what went wrong could not even be written down
            self._not_before[file.id] = self._now + _PUT_OFF
            self._log.emit("photo.error", path=file.path, error=repr(error), exc_info=True)
        finally:
            self._in_progress[file.in_backlog] -= 1
            own.set()


def _past_turn() -> asyncio.Event:
    turn = asyncio.Event()
    turn.set()
    return turn
