"""After a change of the model: references are encoded again before anything else, all other faces in the background."""

import asyncio
from collections.abc import Callable

from familiar.embedding_models import name_of
from familiar.errors import StoreError, WorkersError
from familiar.events import EventLog
from familiar.jobs.job import Stop
from familiar.library.encoding import TOGETHER
from familiar.library.reencoding import Reencoder
from familiar.library.tasks import Tasks
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_PROGRESS = 1.0
"""Seconds between two calls of `on_progress` while references are encoded."""

_TRY_AGAIN = 3600.0
"""Seconds after which photos that could not be read are tried again."""


class ReferenceReencoding:
    """A job: encodes the references with the current model, once, before photos are handled."""

    def __init__(self, *, reencoder: Reencoder, stop: Stop, on_progress: Callable[[], None]) -> None:
        """Take what encodes, what ends it before its time, and what is called at least each second meanwhile."""
        self._reencoder = reencoder
        self._stop = stop
        self._on_progress = on_progress
        self._is_done = False

    async def advance(self, _now: float) -> None:
        """Encode all references of another model, or as many as possible until a stop."""
        if self._is_done:
            return
        renewal = asyncio.create_task(self._reencoder.reencode_references())
        try:
            while not renewal.done() and not self._stop.is_set:
                pause = asyncio.create_task(self._stop.wait(_PROGRESS))
                await asyncio.wait({renewal, pause}, return_when=asyncio.FIRST_COMPLETED)
                pause.cancel()
                self._on_progress()
        finally:
            renewal.cancel()
            (outcome,) = await asyncio.gather(renewal, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome
        self._is_done = not isinstance(outcome, BaseException)  # it may have been broken off

    @property
    def is_idle(self) -> bool:
        """Whether it is done."""
        return self._is_done

    async def close(self) -> None:
        """End; nothing is in progress."""


class BackgroundReencoding:
    """A job: encodes all other faces again, newest photos first, some photos at a time.

    Photos that can't be read are tried again from time to time: their disk may be there then.
    """

    def __init__(
        self,
        *,
        store: Store,
        workers: Workers,
        reencoder: Reencoder,
        model: str,
        on_end: Callable[[], None],
        log: EventLog,
        clock: Callable[[], float],
    ) -> None:
        """Take what encodes, and the model in use; `on_end` is called when there is room for more.

        `clock` gives monotonic seconds.
        """
        self._store = store
        self._places = workers.count + 1  # so that no worker waits while what another one gave is written
        self._reencoder = reencoder
        self._model = model
        self._on_end = on_end
        self._log = log
        self._clock = clock
        self._tasks: Tasks[tuple[int, ...]] = Tasks(on_end)
        self._below: int | None = None
        self._started: float | None = None
        self._again_at = float("-inf")
        self._renewed = self._restored = self._left = 0

    async def advance(self, _now: float) -> None:
        """Begin with some photos.

        Raises:
            StoreError: what was encoded could not be written.
        """
        self._tasks.check()
        if self.is_idle or len(self._tasks) >= self._places:
            return
        if self._started is None and (outdated := self._store.photos.count_outdated(self._model)):
            self._started = self._clock()
            if self._again_at == float("-inf"):
                self._log.emit("model.changed", model=name_of(self._model), faces=outdated)
        if restored := self._reencoder.restore():
            self._restored += restored
            self._on_end()
            return
        while len(self._tasks) < self._places and (photos := self._next()):
            self._below = photos[-1]
            self._tasks.start(photos, self._reencode(photos))
        if not self._tasks:
            self._end()

    @property
    def is_idle(self) -> bool:
        """Whether all faces are of the current model, or can't be encoded now."""
        return self._clock() < self._again_at

    async def close(self) -> None:
        """Cancel what is in progress; it is done at the next start."""
        await self._tasks.close()

    def _next(self) -> tuple[int, ...]:
        """Return the photos whose turn it is."""
        under_way = {photo for photos in self._tasks for photo in photos}
        photos = self._store.photos.outdated(self._model, below=self._below, limit=TOGETHER + len(under_way))
        return tuple([photo for photo in photos if photo not in under_way][:TOGETHER])

    def _end(self) -> None:
        if self._started is not None and (self._renewed or self._restored or self._again_at == float("-inf")):
            self._log.emit(
                "model.renewed",
                photos=self._renewed,
                restored=self._restored,
                left=self._left,
                seconds=self._clock() - self._started,
            )
        self._again_at = self._clock() + _TRY_AGAIN if self._left else float("inf")
        self._below = self._started = None
        self._renewed = self._restored = self._left = 0

    async def _reencode(self, photos: tuple[int, ...]) -> None:
        try:
            left = await self._reencoder.reencode(photos)
        except (StoreError, WorkersError):
            self._below = None
            raise
        self._left += len(left)
        self._renewed += len(photos) - len(left)
