"""Settling files: a file that does not change and is not open for writing is complete and pending."""

from functools import partial

from familiar.events import EventLog
from familiar.filesystem.stamps import Stamp
from familiar.filesystem.writers import is_open_for_writing
from familiar.folders.isolation import surviving
from familiar.folders.roots import WatchedRoots
from familiar.library.sources import Source
from familiar.sources.completeness import Gone, Settled, look, settle
from familiar.store.files import FileRow
from familiar.store.store import Store

_BATCH = 100
"""Files that are looked at in one go, in one transaction: workers wait for the loop meanwhile."""
_BUSY = "is open for writing in another program"
_BUSY_RETRY = 60.0
"""Seconds after which a scan's file is tried again that a program was writing."""
_AFTER_ERROR = 60.0
"""Seconds after which a file is looked at again whose state could not be told, for a reason that is not expected."""


class Settler:
    """Takes files from *settling* to *pending*."""

    def __init__(
        self,
        *,
        store: Store,
        roots: WatchedRoots,
        source: Source,
        seconds: float,
        watch: bool,
        log: EventLog,
    ) -> None:
        """Take the seconds for which a file must not change; without `watch` no program is waited for."""
        self._store = store
        self._roots = roots
        self._source = source
        self._seconds = seconds
        self._watch = watch
        self._log = log
        self._busy: set[int] = set()
        self.failed = 0
        """Files that were not waited for."""

    def settle(self, now: float, online_roots: list[int]) -> None:
        """Check the files that are due."""
        files = self._store.files.settled(now, roots=online_roots, limit=_BATCH)
        if not files:
            return
        with self._store.writing():
            for file in files:
                with surviving(file.path, self._log, on_error=partial(self._put_off, file, now + _AFTER_ERROR)):
                    self._settle_file(file, now)

    def _settle_file(self, file: FileRow, now: float) -> None:
        match settle(file.stamp, look(file.path)):
            case Settled() if is_open_for_writing(file.path):
                self._wait_for_writer(file, now)
            case Settled():
                self._busy.discard(file.id)
                self._store.files.mark_pending(file.id)
                self._log.emit("file.pending", path=file.path)
            case Gone():
                self._source.mark_gone(file.path)
                if self._source.is_there(file.path):  # or may be
                    self._put_off(file, now)
            case wait:
                due = now + self._seconds
                self._wait(file, wait.stamp, due)

    def _wait_for_writer(self, file: FileRow, now: float) -> None:
        """Let a file wait while a program has it open for writing, however long it pauses."""
        if not self._watch:
            self._store.files.mark_failed(file.id, reason=_BUSY, due=now + _BUSY_RETRY)
            self._log.emit("file.failed", path=file.path, reason=_BUSY, retry_in=_BUSY_RETRY)
            self.failed += 1
            return
        if file.id not in self._busy:
            self._busy.add(file.id)
            self._log.emit("file.busy", path=file.path)
        self._put_off(file, now)

    def _put_off(self, file: FileRow, now: float) -> None:
        self._wait(file, file.stamp, now + self._seconds)

    def _wait(self, file: FileRow, stamp: Stamp, due: float) -> None:
        self._store.files.wait(file.id, size=stamp.size, mtime_ns=stamp.mtime_ns, ctime_ns=stamp.ctime_ns, due=due)
