"""After a change of the model: references are encoded again before anything else, all other faces in the background."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from familiar.errors import StoreError
from familiar.events import EventLog
from familiar.library.recognition import Recogniser
from familiar.library.reencoding import Reencoder
from familiar.library.tasks import Tasks
from familiar.service.stop_request import StopRequest
from familiar.service.systemd import Notifier
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_PING = 1.0
"""Seconds between two pings while references are encoded."""


class ReferenceReencoding:
    """A job: encodes the references with the current model, once, before photos are handled."""

    def __init__(self, *, reencoder: Reencoder, stop: StopRequest, notifier: Notifier) -> None:
        """Take what encodes, and what ends it before its time."""
        self._reencoder = reencoder
        self._stop = stop
        self._notifier = notifier
        self._is_done = False

    async def advance(self, _now: float) -> None:
        """Encode all references of another model, or as many as possible until a stop."""
        if self._is_done:
            return
        renewal = asyncio.create_task(self._reencoder.reencode_references())
        try:
            while not renewal.done() and not self._stop.is_set:
                pause = asyncio.create_task(self._stop.wait(_PING))
                await asyncio.wait({renewal, pause}, return_when=asyncio.FIRST_COMPLETED)
                pause.cancel()
                self._notifier.ping()
        finally:
            renewal.cancel()
            (outcome,) = await asyncio.gather(renewal, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome
        self._is_done = outcome is None

    @property
    def is_idle(self) -> bool:
        """Whether it is done."""
        return self._is_done

    async def close(self) -> None:
        """End; nothing is in progress."""


class BackgroundReencoding:
    """A job: encodes all other faces again, newest photos first, a few at a time."""

    def __init__(
        self,
        *,
        store: Store,
        workers: Workers,
        reencoder: Reencoder,
        recogniser: Recogniser,
        on_end: Callable[[], None],
        log: EventLog,
        clock: Callable[[], float],
    ) -> None:
        """Take what encodes and matches; `on_end` is called when there is room for more."""
        self._store = store
        self._workers = workers
        self._reencoder = reencoder
        self._recogniser = recogniser
        self._log = log
        self._clock = clock
        self._tasks: Tasks[int] = Tasks(on_end)
        self._below: int | None = None
        self._started: float | None = None
        self._is_done = False
        self._renewed = self._left = 0

    async def advance(self, _now: float) -> None:
        """Begin with some photos.

        Raises:
            StoreError: what was encoded could not be written.
        """
        self._tasks.check()
        room = self._workers.count - len(self._tasks)
        if self._is_done or room <= 0:
            return
        model = self._recogniser.model
        photos = self._store.photos.outdated(model, below=self._below, limit=room + len(self._tasks))
        if photos and self._started is None:
            self._started = self._clock()
            self._log.emit("model.changed", model=model, faces=self._store.photos.count_outdated(model))
        for photo_id in [one for one in photos if one not in self._tasks][:room]:
            self._below = photo_id
            self._tasks.start(photo_id, self._reencode(photo_id))
        if not photos and not self._tasks:
            self._end()

    @property
    def is_idle(self) -> bool:
        """Whether all faces are of the current model, or can't be encoded now."""
        return self._is_done

    async def close(self) -> None:
        """Cancel what is in progress; it is done at the next start."""
        await self._tasks.close()

    def _end(self) -> None:
        self._is_done = True
        if self._started is not None:
            seconds = self._clock() - self._started
            self._log.emit("model.renewed", photos=self._renewed, left=self._left, seconds=seconds)

    async def _reencode(self, photo_id: int) -> None:
        try:
            if await self._reencoder.reencode(photo_id):
                self._recogniser.recognise(photo_id)
                self._renewed += 1
            else:
                self._left += 1
        except StoreError:
            self._below = None
            raise
        except Exception as error:  # noqa: BLE001 - one photo must not stop the others
            self._left += 1
            path = next(iter(self._store.files.paths_of(photo_id)), Path())
            self._log.emit("photo.error", path=path, error=repr(error), exc_info=True)
