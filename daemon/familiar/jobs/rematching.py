"""Match all faces again when people have changed, in any process."""

from collections.abc import Callable

from familiar.events import EventLog
from familiar.library.matching_round import BLOCK, MatchingRound
from familiar.library.recognition import Recogniser
from familiar.library.sidecars.reader import SidecarReader
from familiar.store.store import Store

_PAUSE = 10.0
"""Times that matching all faces took: as long as sidecars bring names in, they are matched again after that."""


_GAP = 0.05
"""Seconds after many faces were written, in which photos go on, and others write."""


class Rematching:
    """A job: keeps the matches up to date, some faces at a time."""

    def __init__(
        self,
        *,
        store: Store,
        recogniser: Recogniser,
        sidecar_reader: SidecarReader,
        wake_at: Callable[[float], object],
        log: EventLog,
        clock: Callable[[], float],
    ) -> None:
        """Take what matches, what knows whether sidecars changed people, and what requests the next turn.

        Times are in monotonic seconds, as `clock` gives them.
        """
        self._store = store
        self._recogniser = recogniser
        self._sidecar_reader = sidecar_reader
        self._wake_at = wake_at
        self._log = log
        self._clock = clock
        self._round: MatchingRound | None = None
        self._started = float("-inf")
        self._not_before = float("-inf")

    async def advance(self, now: float) -> None:
        """Match some faces, if people have changed.

        Raises:
            StoreError: the store can't be used; the next turn goes on with the faces that are left.
        """
        if self._round is None:
            if not self._recogniser.is_stale or self._is_too_soon():
                return
            self._round, self._started = self._recogniser.matching_round(), self._clock()
        under_way, self._round = self._round, None  # after an error, the next turn begins with another one
        if (written := under_way.advance()) is not None:
            self._round = under_way
            self._wake_at(now + _GAP if written >= BLOCK else now)
        elif under_way.is_complete:
            seconds = self._clock() - self._started
            self._not_before = self._clock() + _PAUSE * seconds
            self._log.emit("people.rematched", people=under_way.people, faces=under_way.done, seconds=seconds)

    @property
    def is_idle(self) -> bool:
        """Whether all faces are matched with the present people."""
        return not self._recogniser.is_stale

    async def close(self) -> None:
        """End; the next start goes on with the faces that are left."""
        self._round = None

    def _is_too_soon(self) -> bool:
        """Return whether only sidecars changed people, with more to come: each would match all faces again."""
        return self._clock() < self._not_before and self._sidecar_reader.caused(self._store.people.version)
