"""Match all faces again when people have changed, in any process."""

from collections.abc import Callable

from familiar.events import EventLog
from familiar.library.recognition import Recogniser
from familiar.library.sidecars.reader import SidecarReader
from familiar.store.store import Store

_PAUSE = 10.0
"""Times that matching all faces took: as long as sidecars bring names in, they are matched again after that."""


class Rematching:
    """A job: keeps the matches up to date."""

    def __init__(
        self,
        *,
        store: Store,
        recogniser: Recogniser,
        sidecar_reader: SidecarReader,
        on_progress: Callable[[], None],
        log: EventLog,
        clock: Callable[[], float],
    ) -> None:
        """Take what matches, what knows whether sidecars changed people, and what is called while faces are matched."""
        self._store = store
        self._recogniser = recogniser
        self._sidecar_reader = sidecar_reader
        self._on_progress = on_progress
        self._log = log
        self._clock = clock
        self._not_before = float("-inf")

    async def advance(self, _now: float) -> None:
        """Match all faces, if people have changed."""
        if not self._recogniser.is_stale or self._is_too_soon():
            return
        started = self._clock()
        rematch = self._recogniser.rematch(lambda _done: self._on_progress())
        seconds = self._clock() - started
        self._not_before = self._clock() + _PAUSE * seconds
        self._log.emit("people.rematched", people=rematch.people, faces=rematch.faces, seconds=seconds)

    @property
    def is_idle(self) -> bool:
        """Whether all faces are matched with the present people."""
        return not self._recogniser.is_stale

    async def close(self) -> None:
        """End; nothing is in progress."""

    def _is_too_soon(self) -> bool:
        """Return whether only sidecars changed people, with more to come: each would match all faces again."""
        return self._clock() < self._not_before and self._sidecar_reader.caused(self._store.people.version)
