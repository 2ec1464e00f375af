"""Flickr in the daemon: parallel listing, downloads and tags, which never stop other work."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from familiar.errors import FamiliarError, StoreError
from familiar.events import EventLog
from familiar.flickr.api.credentials import Credentials, Login
from familiar.flickr.api.errors import NotAllowedError, PassingError, StoppedError
from familiar.flickr.sync.account_log import AccountLog
from familiar.flickr.sync.connection import FlickrConnection, connect
from familiar.flickr.sync.fetcher import Fetcher
from familiar.flickr.sync.file_cache import FileCache
from familiar.flickr.sync.lister import Lister
from familiar.flickr.sync.marked_people import MarkedPeopleLister
from familiar.flickr.sync.progress import FlickrProgress
from familiar.flickr.sync.rule_backlog import RuleBacklog
from familiar.flickr.sync.tag_backlog import TagBacklog
from familiar.flickr.sync.tag_decisions import TagDecider
from familiar.flickr.sync.tag_sender import Sender
from familiar.library.operations import OperationRunner
from familiar.library.sources import FlickrCache
from familiar.settings import FlickrSettings
from familiar.store.flickr.calls import Kind
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_KEEP_EVERY = 0.3
"""Seconds between two looks at what is done."""
_LOOK_EVERY = 2.0
"""Seconds between two checks for a new login."""
_ALLOWED_AGAIN = 10
"""Multiple of the time between retries until tags are tried again that the login should allow, and Flickr does not."""
_STOPPED_AGAIN = 900.0
"""Seconds until it is tried whether Flickr lets us in again."""


class FlickrSync:
    """A job: syncs an account and the store, as the account has it, while the daemon runs."""

    def __init__(
        self,
        *,
        settings: FlickrSettings,
        credentials: Credentials,
        store: Store,
        workers: Workers,
        runner: OperationRunner,
        decider: TagDecider,
        cache: FlickrCache,
        on_work: Callable[[], None],
        on_changed: Callable[[int, int | None], None],
        on_call: Callable[[Kind], None] = lambda _kind: None,
        log: EventLog,
        captions: bool = False,
    ) -> None:
        """Take the parts; with `captions`, sidecars are to say what owners say on Flickr.

        `on_work` is called when the next turn of the loop should follow immediately, `on_changed` with each known photo
        of which Flickr says something else than before, and the plan that was made for that, if there is one, `on_call`
        for each call or download.
        """
        log = AccountLog(log, settings.name)
        self._settings = settings
        self._credentials = credentials
        self._store = store
        self._workers = workers
        self._cache = cache
        self._on_work = on_work
        self._on_call = on_call
        self._log = log
        self._captions = captions
        self._tags = TagBacklog(store=store, decider=decider, runner=runner)
        self._rules = RuleBacklog(
            store=store, decider=decider, runner=runner, cache=cache, on_changed=on_changed, log=log
        )
        self._progress = FlickrProgress(store=store, log=log)
        self._files: FileCache | None = None
        self._connection: FlickrConnection | None = None
        self._root_id = -1
        self._stamp: object = None
        self._news = asyncio.Event()
        self._not_before = self._kept_at = self._looked_at = float("-inf")
        self.trouble: str | None = None
        """Why nothing is done for now, or None."""

    def start(self) -> None:
        """Prepare the cache."""
        folder = self._cache.folder_of(self._settings.name)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root_id = self._store.roots.know(folder).id
        self._store.roots.set_online(self._root_id, device=folder.stat().st_dev)
        self._files = FileCache(settings=self._settings, store=self._store, root_id=self._root_id)

    @property
    def root_id(self) -> int:
        """The id of the cache, whose files are handled like those of a folder."""
        return self._root_id

    async def advance(self, now: float) -> None:
        """Check the tasks, record results, and decide on tags.

        Raises:
            StoreError: the store can't be used; all tasks were ended.
        """
        self._take_in(now)
        if await self._rules.advance():
            self._on_work()
        if await self._tags.advance():
            self._news.set()
            self._on_work()
        if (self.trouble is not None and not self._may_try_again(now)) or now < self._not_before:
            return
        await self._follow_login(now)
        try:
            connection = self._connected()
            connection.advance()
        except StoreError:
            await self._disconnect()
            raise
        except FamiliarError as error:
            await self._stand_still(error, now)
        except Exception as error:  # noqa: BLE001 - the folders must not suffer
            await self._disconnect()
            self._log.emit("flickr.error", error=repr(error), retry_in=self._settings.later, exc_info=True)
            self._not_before = now + self._settings.later
            self._on_unexpected(error)

    @property
    def is_idle(self) -> bool:
        """Always true: nothing waits for it."""
        return True

    def tell(self) -> None:
        """Log the progress, if it has changed."""
        self._progress.tell()

    async def close(self) -> None:
        """Cancel running tasks; the next start continues them."""
        with suppress(StoreError):  # then unneeded files stay until the next start
            self._store.check_in_place()
            if self._files is not None:
                self._files.advance()
                self._files.clear()
        await self._disconnect()

    def _take_in(self, now: float) -> None:
        assert self._files is not None, "it was started"
        if now - self._kept_at < _KEEP_EVERY:
            asyncio.get_running_loop().call_later(_KEEP_EVERY, self._on_work)
            return
        self._kept_at = now
        if self._files.advance():
            self._tags.look_again()

    async def _follow_login(self, now: float) -> None:
        """Connect again if there is a new login."""
        if self._connection is not None and now - self._looked_at >= _LOOK_EVERY:
            self._looked_at = now
            if self._credentials.stamp() != self._stamp:
                await self._disconnect()

    def _connected(self) -> FlickrConnection:
        if self._connection is not None:
            return self._connection
        self._stamp = self._credentials.stamp()
        calls, login = connect(self._credentials, self._settings, self._store, self._log, self._on_call)
        fetcher = Fetcher(
            calls=calls,
            workers=self._workers,
            settings=self._settings,
            store=self._store,
            log=self._log,
            cache=self._cache,
            root_id=self._root_id,
            on_fetched=self._on_work,
        )
        self._connection = FlickrConnection(calls=calls, login=login, fetcher=fetcher, on_end=self._on_work)
        fetcher.sweep()
        self._start_tasks(self._connection)
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _stand_still(self, error: FamiliarError, now: float) -> None:
        """End all tasks; they restart when key or login change, or after a while."""
        await self._disconnect()
        is_passing = not isinstance(error, StoppedError)
        wait = self._settings.later if is_passing else _STOPPED_AGAIN
        if str(error) != self.trouble:
            self._log.emit("flickr.stopped", error=str(error), retry_in=wait)
        self.trouble = str(error)
        self._store.flickr_facts.remember("trouble", self.trouble)
        self._not_before = now + wait

    def _recover(self) -> None:
        """Note that Flickr answers again."""
        self.trouble = None
        self._store.flickr_facts.remember("trouble", None)

    def _lister(self, connection: FlickrConnection) -> Lister:
        return Lister(
            calls=connection.calls,
            settings=self._settings,
            store=self._store,
            log=self._log,
            on_found=self._on_listed,
            captions=self._captions,
        )

    def _on_listed(self) -> None:
        self._tags.look_again()  # rules may ask for what Flickr says of a photo
        self._on_work()

    # What a single look does otherwise

    def _start_tasks(self, connection: FlickrConnection) -> None:
        connection.start("list", self._list_again_and_again(connection))
        if self._settings.tags:
            connection.start("send", self._send(connection))
        if self._settings.people:
            connection.start("people", self._ask_for_people(connection))

    def _may_try_again(self, now: float, /) -> bool:
        if self._credentials.stamp() != self._stamp:
            self._not_before = now
        return now >= self._not_before

    def _on_unexpected(self, error: Exception) -> None:
        """Take in an unexpected error; it is tried again."""

    # Tasks

    async def _list_again_and_again(self, connection: FlickrConnection) -> None:
        lister = self._lister(connection)
        while True:
            try:
                await lister.look()
            except PassingError as error:
                self._log.emit("flickr.unavailable", error=str(error), retry_in=self._settings.later)
                await asyncio.sleep(self._settings.later)
                continue
            self._recover()
            await asyncio.sleep(self._settings.every * 60)

    async def _ask_for_people(self, connection: FlickrConnection) -> None:
        lister = MarkedPeopleLister(calls=connection.calls, store=self._store)
        while True:
            with suppress(PassingError, NotAllowedError):  # the listing says so
                await lister.look()
            await asyncio.sleep(self._settings.later)

    async def _send(self, connection: FlickrConnection) -> None:
        sender = Sender(calls=connection.calls, store=self._store, log=self._log, later=self._settings.later)
        told = None
        while True:
            try:
                await self._send_now(sender, connection.login)
            except NotAllowedError as error:
                if str(error) != told:
                    self._log.emit("flickr.not_allowed", error=str(error))
                    told = str(error)
                if not connection.login.may_write:
                    return
                await asyncio.sleep(_ALLOWED_AGAIN * self._settings.later)  # an account may be read-only for a while
                continue
            told = None
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), self._settings.later)

    async def _send_now(self, sender: Sender, login: Login) -> None:
        if not login.may_write and self._store.flickr_tags.open(limit=1):
            raise NotAllowedError("the login has read access only")
        await sender.send_all()
