"""The Flickr part of the daemon: listing, downloads and tags side by side, none of which can stop anything else."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from familiar.errors import FamiliarError, StoreError
from familiar.events import EventLog
from familiar.flickr.api.client import Client
from familiar.flickr.api.credentials import Credentials, Login
from familiar.flickr.api.downloads import Downloader
from familiar.flickr.api.errors import NotAllowedError, PassingError, StoppedError
from familiar.flickr.sync.calls import CallQueue
from familiar.flickr.sync.fetcher import Fetcher
from familiar.flickr.sync.file_cache import FileCache
from familiar.flickr.sync.lister import Lister
from familiar.flickr.sync.tag_decisions import TagDecider
from familiar.flickr.sync.tag_sender import Sender
from familiar.library.operations import OperationRunner
from familiar.settings import FlickrSettings
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_SLICE = 50
"""Photos on whose tags is decided in one go, before the loop sees to its other work."""
_KEEP_EVERY = 0.3
"""Seconds between two looks at what is done."""
_LOOK_EVERY = 2.0
"""Seconds between two looks whether somebody has logged in anew."""
_STOPPED_AGAIN = 900.0
"""Seconds until it is tried whether Flickr lets us in again."""


def connect(credentials: Credentials, settings: FlickrSettings, store: Store, log: EventLog) -> tuple[CallQueue, Login]:
    """Return the way to Flickr, and whose it is.

    Raises:
        StoppedError: nobody is logged in, or somebody else than before.
        UsageError: the files with key and login are wrong.
    """
    key, login = credentials.needed()
    account = store.flickr.fact("account")
    if account is not None and account["nsid"] != login.nsid:
        raise StoppedError(
            f"This state folder has the photos of {account['username']!r}, and {login.username!r} is logged in; "
            "use another --state for another account."
        )
    if account is None:
        store.flickr.remember("account", {"nsid": login.nsid, "username": login.username})
    client = Client(key, login, endpoint=settings.endpoint, timeout=settings.timeout)
    downloader = Downloader(timeout=settings.timeout)
    return CallQueue(client=client, downloader=downloader, settings=settings, store=store, log=log), login


class FlickrSync:
    """Runs beside the folders, in the daemon's loop; `tick` is called by the loop, and jobs run in between."""

    def __init__(
        self,
        *,
        settings: FlickrSettings,
        credentials: Credentials,
        store: Store,
        workers: Workers,
        runner: OperationRunner,
        decider: TagDecider,
        cache: Path,
        log: EventLog,
        once: bool,
    ) -> None:
        """Take the rooms; with `once` the account is looked at one time, and no tag is sent."""
        self._settings = settings
        self._credentials = credentials
        self._store = store
        self._workers = workers
        self._runner = runner
        self._decider = decider
        self.cache = cache
        self._log = log
        self._once = once
        self._wake: Callable[[], None] = lambda: None
        self._root_id = -1
        self._calls: CallQueue | None = None
        self._fetcher: Fetcher | None = None
        self._keeper: FileCache | None = None
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self._ended: set[str] = set()
        self._not_before = float("-inf")
        self._stamp: object = None
        self._news = asyncio.Event()
        self._told: dict[str, int] | None = None
        self._settled_basis: str | None = None
        self._kept_at = float("-inf")
        self._looked_at = float("-inf")
        self.trouble: str | None = None
        """Why the part stands still, or None."""

    # What the loop calls

    def start(self, wake: Callable[[], None]) -> None:
        """Make the cache ready; `wake` makes the loop look at once."""
        self._wake = wake
        self.cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        root = self._store.roots.know(self.cache)
        self._root_id = root.id
        self._store.roots.set_online(root.id, device=self.cache.stat().st_dev)
        self._keeper = FileCache(settings=self._settings, store=self._store, root_id=self._root_id)

    @property
    def roots(self) -> list[int]:
        """The id of the cache, whose files are handled as those of a folder."""
        return [self._root_id]

    def hash_of(self, path: Path) -> str | None:
        """Return the hash of a file that was fetched in this run, once."""
        return None if self._fetcher is None else self._fetcher.hash_of(path)

    async def tick(self, now: float) -> None:
        """Look after the jobs, take in what is done, and decide on tags; raises `StoreError`."""
        assert self._keeper is not None, "it was started"
        if now - self._kept_at >= _KEEP_EVERY:
            self._kept_at = now
            if self._keeper.advance():
                self._settled_basis = None
        else:
            asyncio.get_running_loop().call_later(_KEEP_EVERY, self._wake)
        await self._decide()
        if self.trouble is not None and not self._may_try_again(now):
            return
        if now < self._not_before:
            return
        if self._calls is not None and now - self._looked_at >= _LOOK_EVERY:
            self._looked_at = now
            if self._credentials.stamp() != self._stamp:
                await self._disconnect()
        try:
            self._connect()
            self._advance_jobs()
            assert self._fetcher is not None, "there is one when it is connected"
            self._fetcher.advance()
        except StoreError:
            await self._disconnect()
            raise
        except FamiliarError as error:
            await self._stand_still(error, now)
        except Exception as error:  # noqa: BLE001 - the folders must not suffer
            await self._disconnect()
            self._log.emit("flickr.error", error=repr(error), retry_in=self._settings.later, exc_info=True)
            self._not_before = now + self._settings.later
            self.trouble = f"an unexpected error: {error!r}" if self._once else self.trouble

    @property
    def is_idle(self) -> bool:
        """Whether a single look is over, and all that it found is done; or nothing can be done."""
        if self._store.flickr.under_way() or self._decider.basis() != self._settled_basis:
            return False
        if self.trouble is not None:
            return True
        return "list" in self._ended and self._fetcher is not None and self._fetcher.is_idle

    def tell(self) -> None:
        """Log how far it is, if that has changed."""
        counts = self._store.flickr.counts()
        if counts == self._told:
            return
        self._told = counts
        pace = self._store.flickr_calls.pace()
        waiting = counts["listed"] + counts["fetched"]
        self._log.emit(
            "flickr.progress",
            waiting=waiting,
            done=counts["done"],
            refused=counts["refused"],
            calls=self._store.flickr_calls.last_hour("api"),
            per_minute=pace,
            minutes_left=waiting / pace if pace else None,
        )

    async def close(self) -> None:
        """Break off what is under way; it is taken up at the next start."""
        with suppress(StoreError):  # then files stay that are not kept, until the next start
            self._store.check_in_place()
            if self._keeper is not None:
                self._keeper.advance()
                self._keeper.clear()
        await self._disconnect()

    # Jobs

    def _connect(self) -> None:
        if self._calls is not None:
            return
        self._stamp = self._credentials.stamp()
        calls, login = connect(self._credentials, self._settings, self._store, self._log)
        self._calls = calls
        self._fetcher = Fetcher(
            calls=calls,
            workers=self._workers,
            settings=self._settings,
            store=self._store,
            log=self._log,
            cache=self.cache,
            root_id=self._root_id,
            wake=self._wake,
        )
        self._fetcher.sweep()
        self._start_job("list", self._list(calls))
        if self._settings.tags and not self._once:
            self._start_job("send", self._send(calls, login))
        self._log.emit("flickr.connected", account=login.username, perms=login.perms)

    def _start_job(self, name: str, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(job)
        task.add_done_callback(lambda _: self._wake())
        self._jobs[name] = task

    def _advance_jobs(self) -> None:
        """Take in jobs that have ended; raises what one has ended with."""
        for name, task in list(self._jobs.items()):
            if task.done():
                del self._jobs[name]
                task.result()
                self._ended.add(name)

    async def _list(self, calls: CallQueue) -> None:
        lister = Lister(calls=calls, settings=self._settings, store=self._store, log=self._log, found=self._wake)
        while True:
            try:
                await lister.look()
            except PassingError as error:
                if self._once:
                    raise
                self._log.emit("flickr.unavailable", error=str(error), retry_in=self._settings.later)
                await asyncio.sleep(self._settings.later)
                continue
            self._recover()
            if self._once:
                return
            await asyncio.sleep(self._settings.every * 60)

    def _recover(self) -> None:
        """Note that Flickr answers again."""
        self.trouble = None
        self._store.flickr.remember("trouble", None)

    async def _send(self, calls: CallQueue, login: Login) -> None:
        sender = Sender(calls=calls, store=self._store, log=self._log, later=self._settings.later)
        while True:
            try:
                await self._send_now(sender, login)
            except NotAllowedError as error:
                self._log.emit("flickr.not_allowed", error=str(error))
                return
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), self._settings.later)
            except TimeoutError:
                continue

    async def _send_now(self, sender: Sender, login: Login) -> None:
        if not login.may_write and self._store.flickr_tags.open(limit=1):
            raise NotAllowedError("it may only read")
        await sender.send_all()

    async def _stand_still(self, error: FamiliarError, now: float) -> None:
        """End all jobs; they begin again when key or login change, or after a while."""
        await self._disconnect()
        is_passing = not isinstance(error, StoppedError)
        wait = self._settings.later if is_passing else _STOPPED_AGAIN
        if str(error) != self.trouble:
            self._log.emit("flickr.stopped", error=str(error), retry_in=wait)
        self.trouble = str(error)
        self._store.flickr.remember("trouble", self.trouble)
        self._not_before = now + wait

    def _may_try_again(self, now: float) -> bool:
        if self._once:
            return False
        if self._credentials.stamp() != self._stamp:
            self._not_before = now
        return now >= self._not_before

    async def _disconnect(self) -> None:
        jobs, self._jobs = list(self._jobs.values()), {}
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        fetcher, self._fetcher = self._fetcher, None
        calls, self._calls = self._calls, None
        if fetcher is not None:
            await fetcher.close()
        if calls is not None:
            with suppress(StoreError):  # then what was counted ahead stays counted
                calls.close()

    # Tags

    async def _decide(self) -> None:
        """Decide on the tags of some photos, until all are decided on what holds now."""
        basis = self._decider.basis()
        if basis == self._settled_basis:
            return
        photos = [] if basis is None else self._store.flickr.undecided(basis, limit=_SLICE)
        if basis is None or not photos:
            self._settled_basis = basis
            return
        with self._store.writing():
            plans = [self._decider.decide(photo, basis) for photo in photos]
        for plan_id in plans:
            if plan_id is not None:
                await self._runner.perform(plan_id, {})
        self._news.set()
        self._wake()
