"""The heartbeat in the log: shows that the daemon is alive, and the waiting work."""

from collections.abc import Callable

from familiar.events import EventLog
from familiar.folders.intake import Intake
from familiar.plurals import counted
from familiar.service.systemd import Notifier
from familiar.service.tally import Tally
from familiar.service.window import FileWindow
from familiar.store.store import Store


class Heartbeat:
    """Logs the state of the daemon regularly."""

    def __init__(
        self,
        *,
        every: float,
        begun_at: float,
        store: Store,
        intake: Intake,
        window: FileWindow,
        tally: Tally,
        notifier: Notifier,
        log: EventLog,
        on_beat: Callable[[], None],
    ) -> None:
        """Take what is counted; the first beat is `every` seconds after `begun_at`, and `on_beat` is called at each."""
        self._every = every
        self._store = store
        self._intake = intake
        self._window = window
        self._tally = tally
        self._notifier = notifier
        self._log = log
        self._on_beat = on_beat
        self._last = (begun_at, 0)

    async def advance(self, now: float) -> None:
        """Beat, if it is time."""
        since, handled_then = self._last
        if now - since < self._every:
            return
        tally, waiting = self._tally, self._store.files.waiting()
        self._last = (now, tally.handled)
        self._log.emit(
            "service.heartbeat",
            queue=self._intake.queued,
            settling=waiting["settling"],
            pending=waiting["pending"],
            in_flight=self._window.count,
            done=tally.done,
            failed=tally.failed,
            set_aside=tally.set_aside,
            rate=(tally.handled - handled_then) * 60 / (now - since),
            roots=self._intake.root_states(),
        )
        self._on_beat()
        self._notifier.status(f"{counted(tally.handled, 'photo')} handled, {waiting['pending']} pending")

    @property
    def is_idle(self) -> bool:
        """Always true: nothing waits for it."""
        return True

    async def close(self) -> None:
        """End; nothing is in progress."""
