"""All access to Flickr: within the budgets, one API call at a time, with retries."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from familiar.backoff import Backoff
from familiar.events import EventLog
from familiar.flickr.api.client import Client
from familiar.flickr.api.credentials import Login
from familiar.flickr.api.downloads import Downloader
from familiar.flickr.api.errors import FlickrError, ForbiddenError, PassingError
from familiar.flickr.sync.budget import limit_of, waiting
from familiar.flickr.sync.download_pace import DownloadPace
from familiar.flickr.sync.threads import CallThreads
from familiar.settings import FlickrSettings
from familiar.store.flickr.calls import Kind
from familiar.store.store import Store

_TRIES = 6
"""How often a call is made before it counts as failed for now."""
_PATIENCE = 20.0
"""Seconds without any answer to several calls after which a call is made only once."""
_LONGEST = 300.0
_WORTH_TELLING = 10.0
_ANEW = 60.0
_TOGETHER = 16
_LASTS = 30.0
"""Seconds; calls count for a minute longer than an hour, so that no call is too early."""
_THROTTLED = 8
"""Multiple of the first wait without calls after a call too many, if the server does not say how long."""

R = TypeVar("R")


@dataclass(slots=True, kw_only=True)
class _Allowance:
    """Downloads that were counted ahead, to record several at a time; they expire after a while."""

    left: int = 0
    counted_at: float = 0.0

    def take(self, now: float) -> bool:
        """Take one, if there is one."""
        if self.left <= 0 or now >= self.counted_at + _LASTS:
            return False
        self.left -= 1
        return True


@dataclass(slots=True, kw_only=True)
class _Silence:
    """No answer to any call between two times, in monotonic seconds: the start of the first, the end of the last."""

    began: float
    lasted_until: float

    @property
    def seconds(self) -> float:
        return self.lasted_until - self.began


class CallQueue:
    """Calls and downloads, counted in the store; used by the thread that owns the store."""

    def __init__(
        self,
        *,
        client: Client,
        login: Login,
        downloader: Downloader,
        settings: FlickrSettings,
        store: Store,
        log: EventLog,
        on_call: Callable[[Kind], None] = lambda _kind: None,
    ) -> None:
        """Take the client of a login, and the store in which calls are counted; `on_call` is called for each."""
        self._client = client
        self._login = login
        self._downloader = downloader
        self._settings = settings
        self._store = store
        self._log = log
        self._backoff = Backoff(first=settings.backoff, longest=_LONGEST)
        self._pace = DownloadPace(pause=settings.download_pause, store=store, log=log)
        self._on_call = on_call
        self._is_connected = False
        self._one = asyncio.Lock()
        self._threads = CallThreads(settings.downloads + 1)
        self._allowed = _Allowance()
        self._told: dict[Kind, float] = {}
        self._silences: dict[Kind, _Silence] = {}

    async def read(self, method: str, *, urgent: bool = False, **parameters: str | int) -> dict[str, Any]:
        """Call a method that changes nothing; `urgent` calls may use the reserve.

        Raises:
            StoppedError, NotAllowedError, RefusedError: as `Client.call` does.
            PassingError: all tries failed.
        """
        return await self._patiently(
            "api", lambda: self._call(method, parameters), urgent=urgent, again=lambda _error: True
        )

    async def write(self, method: str, **parameters: str | int) -> None:
        """Call a method that changes something; it is not retried if it may have been carried out.

        Raises:
            StoppedError, NotAllowedError, RefusedError: as `Client.call` does.
            PassingError: `maybe_done` says whether it may have been carried out.
        """
        await self._patiently(
            "api", lambda: self._call(method, parameters), urgent=True, again=lambda error: not error.maybe_done
        )

    async def fetch(self, url: str, temporary: Path) -> int:
        """Fetch a file; raises as `Downloader.fetch` does."""
        return await self._patiently(
            "images",
            lambda: self._download(url, temporary),
            urgent=True,
            again=lambda error: not isinstance(error, ForbiddenError),
        )

    def silence(self, kind: Kind) -> float:
        """Return for how many seconds calls or downloads had no answer, until the last one; 0 if that had one."""
        silence = self._silences.get(kind)
        return 0.0 if silence is None else silence.seconds

    def close(self) -> None:
        """Close connections, and undo counts made in advance."""
        self._threads.close()
        self._downloader.close()
        left, self._allowed.left = self._allowed.left, 0
        if left:
            self._store.flickr_calls.give_back("images", left, counted_at=self._allowed.counted_at)

    async def _call(self, method: str, parameters: dict[str, str | int]) -> dict[str, Any]:
        async with self._one:
            return await self._threads.run(lambda: self._client.call(method, **parameters))

    async def _download(self, url: str, temporary: Path) -> int:
        began = await self._pace.turn()
        try:
            size = await self._threads.run(self._downloader.fetch, url, temporary)
        except PassingError as error:
            if error.throttled:
                self._pace.refused(began=began)
            raise
        self._pace.succeeded()
        return size

    async def _patiently(
        self, kind: Kind, call: Callable[[], Awaitable[R]], *, urgent: bool, again: Callable[[PassingError], bool]
    ) -> R:
        for attempt in range(_TRIES):
            await self._turn(kind, urgent=urgent)
            counted_at, began = self._store.now().timestamp(), time.monotonic()
            self._on_call(kind)
            try:
                answer = await call()
            except PassingError as error:
                if error.throttled:
                    self._store.flickr_calls.pause(kind, error.wait or _THROTTLED * self._settings.backoff)
                if not error.sent:
                    self._store.flickr_calls.give_back(kind, 1, counted_at=counted_at)
                if attempt + 1 == _TRIES or self._is_away(kind, error, began) or not again(error):
                    raise
                seconds = self._pause_after(attempt, error)
                self._log.emit("flickr.retried", what=kind, error=str(error), retry_in=seconds)
                await asyncio.sleep(seconds)
            except FlickrError:
                self._silences.pop(kind, None)
                raise
            else:
                self._note_answer(kind)
                return answer
        raise AssertionError("the last try returns or raises")

    def _note_answer(self, kind: Kind) -> None:
        """Note that a call was answered; the first one shows that Flickr takes the login, and nothing is stopped."""
        self._silences.pop(kind, None)
        if kind == "api" and not self._is_connected:
            self._is_connected = True
            self._store.flickr_facts.remember("trouble", None)
            self._log.emit("flickr.connected", username=self._login.username, perms=self._login.perms)

    def _is_away(self, kind: Kind, error: PassingError, began: float) -> bool:
        """Return whether there has been no answer for so long, to several calls, that it is no use to wait for one."""
        if not error.away:
            self._silences.pop(kind, None)
            return False
        now = time.monotonic()
        silence = self._silences.get(kind)
        if silence is None:
            self._silences[kind] = _Silence(began=began, lasted_until=now)
            return False
        silence.lasted_until = now
        return silence.seconds > _PATIENCE

    def _pause_after(self, attempt: int, error: PassingError) -> float:
        seconds = self._backoff.after(attempt) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        return seconds if error.throttled else max(seconds, error.wait or 0.0)

    async def _turn(self, kind: Kind, *, urgent: bool) -> None:
        """Wait until the budget has room for a call, and count it."""
        if kind == "images" and self._allowed.take(self._store.now().timestamp()):
            return
        limit = limit_of(self._settings, kind, urgent=urgent)
        while (seconds := self._take(kind, limit)) > 0:
            if seconds > _WORTH_TELLING:
                self._tell(kind, limit)
            await asyncio.sleep(min(seconds, 5.0))

    def _tell(self, kind: Kind, limit: int) -> None:
        """Report why calls wait: once, and again if the wait grows."""
        found = waiting(self._store, kind, limit=limit)
        if found is None or found.until.timestamp() < self._told.get(kind, 0.0) + _ANEW:
            return
        self._told[kind] = found.until.timestamp()
        seconds = (found.until - self._store.now()).total_seconds()
        self._log.emit("flickr.waiting", what=kind, seconds=seconds, reason=found.reason)

    def _take(self, kind: Kind, limit: int) -> float:
        """Count a call, or some downloads at once, if there is room for them; return the seconds to wait, or 0."""
        if kind == "images" and self._store.flickr_calls.take(kind, limit=limit, count=_TOGETHER) <= 0:
            self._allowed = _Allowance(left=_TOGETHER - 1, counted_at=self._store.now().timestamp())
            return 0.0
        return self._store.flickr_calls.take(kind, limit=limit)
