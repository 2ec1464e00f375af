"""Files that can't be handled for now and are retried, and photos that never can."""

from collections.abc import Callable

from familiar.arrivals.tally import Tally
from familiar.backoff import HOURLY
from familiar.events import EventLog
from familiar.library.live_photos import review
from familiar.store.files import FileRow
from familiar.store.store import Store


class Retries:
    """Records why a file waits, and until when."""

    def __init__(self, *, store: Store, tally: Tally, log: EventLog, clock: Callable[[], float]) -> None:
        """Take the store, what is counted, the log, and a clock that gives monotonic seconds."""
        self._store = store
        self._tally = tally
        self._log = log
        self._clock = clock

    def wait(self, file: FileRow, seconds: float) -> None:
        """Retry an unchanged file after some seconds."""
        self._store.files.wait(
            file.id, size=file.size, mtime_ns=file.mtime_ns, ctime_ns=file.ctime_ns, due=self._clock() + seconds
        )

    def settle_again(self, file: FileRow) -> None:
        """Let a file that has changed settle again."""
        self._store.files.wait(file.id, size=-1, mtime_ns=-1, due=self._clock())

    def fail(self, file: FileRow, reason: str, *, seconds: float | None = None) -> None:
        """Note that a file could not be handled; it is retried after some seconds, or else with increasing waits."""
        wait = HOURLY.after(file.attempts) if seconds is None else seconds
        self._store.files.mark_failed(file.id, reason=reason, due=self._clock() + wait)
        self._tally.failed += 1
        self._log.emit("file.failed", path=file.path, reason=reason, retry_in=wait)

    def set_aside(self, file: FileRow, hash_: str, reason: str) -> None:
        """Set a file aside whose content can't be handled."""
        with self._store.writing():
            photo_id = self._store.photos.set_aside(hash_, reason)
            self._store.files.mark_done(file.id, photo_id)
            review(self._store, file.path, self._log)
        self._tally.set_aside += 1
        self._log.emit("photo.set_aside", photo=photo_id, path=file.path, hash=hash_, reason=reason)
