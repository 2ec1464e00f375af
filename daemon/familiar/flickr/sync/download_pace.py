"""The pace of downloads: what the image servers bear is not documented, so it is learnt from their refusals."""

import asyncio
import time
from collections.abc import Callable

from familiar.events import EventLog
from familiar.store.store import Store

_AT_LEAST = 0.5
_LONGEST = 60.0
"""Seconds between two downloads after the first refusal, at least, and after many."""
_LONGER = 1.5
"""What the pause is multiplied by after a refusal."""
_EASED_AFTER = 15.0
_EASED_BY = 0.8
"""After so many seconds without a refusal, the pause is this part of what it was.

Time counts, and not downloads: few refusals that have nothing to do with the pace would make it longer and longer.
"""


class DownloadPace:
    """Keeps a pause between the starts of two downloads.

    After a refusal the pause is longer, and then gets shorter again; what was learnt is kept in the store.
    """

    def __init__(
        self, *, pause: float, store: Store, log: EventLog, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the shortest pause, and a monotonic clock, both in seconds."""
        self._pause = pause
        self._store = store
        self._log = log
        self._clock = clock
        self._next = self._slowed_at = float("-inf")
        self._eased_at = clock()

    @property
    def pause(self) -> float:
        """Seconds between two downloads."""
        return max(self._pause, self._store.flickr_calls.learnt_pause())

    def reserve(self) -> float:
        """Reserve the next start of a download; return the seconds until then."""
        now = self._clock()
        start = max(now, self._next)
        self._next = start + self.pause
        return start - now

    async def turn(self) -> float:
        """Wait until a download may start; return when it does, by the clock."""
        await asyncio.sleep(self.reserve())
        return self._clock()

    def refused(self, *, began: float) -> None:
        """Learn from the refusal of a download that began at this time, once for those that went on together."""
        if began < self._slowed_at:
            return
        self._slowed_at = self._eased_at = self._clock()
        pause = min(max(_LONGER * self.pause, _AT_LEAST), _LONGEST)
        self._store.flickr_calls.learn_pause(pause)
        self._log.emit("flickr.slowed", pause=pause)

    def succeeded(self) -> None:
        """Learn from a download that was not refused."""
        learnt = self._store.flickr_calls.learnt_pause()
        if learnt and self._clock() - self._eased_at >= _EASED_AFTER:
            self._eased_at = self._clock()
            eased = learnt * _EASED_BY
            self._store.flickr_calls.learn_pause(eased if eased > max(self._pause, _AT_LEAST / 2) else 0.0)
