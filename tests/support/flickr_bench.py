"""The rooms of the Flickr part, built without a daemon, against a server of the tests."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from familiar.flickr.api.client import Client
from familiar.flickr.api.credentials import Credentials, Key, Login, Perms
from familiar.flickr.api.downloads import Downloader
from familiar.flickr.sync.account_log import AccountLog
from familiar.flickr.sync.calls import CallQueue
from familiar.flickr.sync.job import FlickrSync
from familiar.flickr.sync.lister import Lister
from familiar.flickr.sync.single import SingleFlickrSync
from familiar.flickr.sync.tag_decisions import TagDecider
from familiar.flickr.sync.tag_sender import Sender
from familiar.library.operations import OperationRunner
from familiar.library.sources import FlickrCache
from familiar.model import Tag
from familiar.service.totals import EventTotals
from familiar.settings import FlickrSettings, VisionSettings
from familiar.store.store import Store
from familiar.vision.workers import tasks as worker
from familiar.vision.workers.pool import Workers
from support.flickr_server.faults import HANGING
from support.flickr_server.server import FlickrServer
from support.log import CheckedLog
from support.stores import put_store

_IMPATIENT = 1.0
"""Seconds that an answer may take where one hangs; a busy machine may take some tenths for a good one."""


@dataclass(slots=True)
class FlickrBench:
    """A store, and what asks the server; `later` moves the store's clock."""

    flickr: FlickrServer
    store: Store
    settings: FlickrSettings
    log: CheckedLog = field(default_factory=CheckedLog)
    totals: EventTotals = field(default_factory=EventTotals)
    perms: str = "write"

    @classmethod
    @contextmanager
    def at(cls, folder: Path, flickr: FlickrServer, **settings: Any) -> Iterator["FlickrBench"]:
        chosen = {"backoff": 0.02, "download_pause": 0, "timeout": 60, "endpoint": flickr.url, **settings}
        with Store(put_store(folder), now=Moving()) as store:
            yield cls(flickr, store, FlickrSettings.model_validate(chosen))

    def later(self, seconds: float) -> None:
        now = self.store.now
        assert isinstance(now, Moving)
        now.ahead += timedelta(seconds=seconds)

    def fail_next(self, fault: str, *, method: str = "*") -> None:
        """Let the next request of a method fail; if it hangs, the calls that follow do not wait for long."""
        if fault in HANGING:
            self.settings = self.settings.model_copy(update={"timeout": _IMPATIENT})
            self.flickr.faults.hang_seconds = 2 * _IMPATIENT
        self.flickr.faults.next(fault, method=method)

    def go_away(self) -> None:
        """Let nobody answer."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.settings = self.settings.model_copy(update={"endpoint": endpoint})

    def come_back(self) -> None:
        """Let the server answer again."""
        self.settings = self.settings.model_copy(update={"endpoint": self.flickr.url})

    @contextmanager
    def calls(self) -> Iterator[CallQueue]:
        token = self.flickr.logins.grant(self.perms)
        login = Login(token=token.key, secret=token.secret, perms="write", nsid="1@N00", username="Ana")
        key = Key(key=self.flickr.logins.key, secret=self.flickr.logins.secret)
        calls = CallQueue(
            client=Client(key, login, endpoint=self.settings.endpoint, timeout=self.settings.timeout),
            login=login,
            downloader=Downloader(timeout=self.settings.timeout),
            settings=self.settings,
            store=self.store,
            log=AccountLog(self.log, "flickr"),
        )
        try:
            yield calls
        finally:
            calls.close()

    def look(self, *, within: float = 60, captions: bool = False, times: int = 1) -> None:
        """List what there is, or what has changed, some times; with `captions` as sidecars need it."""

        async def look() -> None:
            with self.calls() as calls:
                found = Lister(
                    calls=calls,
                    settings=self.settings,
                    store=self.store,
                    log=AccountLog(self.log, "flickr"),
                    on_found=lambda: None,
                    captions=captions,
                )
                for _ in range(times):
                    await asyncio.wait_for(found.look(), within)

        asyncio.run(look())

    def send(self, *, later: float = 60) -> Sender:
        """Send the tags that wait; what fails is tried again `later`, in seconds."""

        async def send() -> Sender:
            with self.calls() as calls:
                sender = Sender(calls=calls, store=self.store, log=self.log, later=later)
                await sender.send_all()
                return sender

        return asyncio.run(send())

    def run(self, until: Callable[[FlickrSync], bool], *, within: float = 60, once: bool = False) -> FlickrSync:
        """Run the part, whose files nobody handles, until something holds."""

        async def run() -> FlickrSync:
            part = self.part(once=once)
            part.start()
            ends = time.monotonic() + within
            try:
                while not until(part):
                    assert time.monotonic() < ends, self.log.events
                    await part.advance(time.monotonic())
                    await asyncio.sleep(0.01)
            finally:
                await part.close()
            return part

        return asyncio.run(run())

    def part(self, *, once: bool = False, credentials: Credentials | None = None) -> FlickrSync:
        kind = SingleFlickrSync if once else FlickrSync
        return kind(
            settings=self.settings,
            credentials=credentials or self.credentials,
            store=self.store,
            workers=cast("Workers", OwnWorkers()),
            runner=cast("OperationRunner", None),
            decider=cast("TagDecider", Undecided()),
            cache=FlickrCache(self.store),
            on_work=lambda: None,
            on_changed=lambda _photo, _plan: None,
            on_call=self.totals.note_call,
            log=self.log,
        )

    @property
    def cache(self) -> Path:
        return FlickrCache(self.store).folder_of(self.settings.name)

    @property
    def credentials(self) -> Credentials:
        return Credentials.of(self.store.path.parent, {})

    def log_in(self) -> None:
        token = self.flickr.logins.grant(self.perms)
        perms: Perms = "write" if self.perms == "write" else "read"
        login = Login(token=token.key, secret=token.secret, perms=perms, nsid="1@N00", username="Ana")
        self.credentials.keep_key(Key(key=self.flickr.logins.key, secret=self.flickr.logins.secret))
        self.credentials.keep_login(login)

    def want(self, photo_id: str, *texts: str) -> None:
        for text in texts:
            self.store.flickr_tags.want_on(photo_id, Tag(text=text, rule="names"))

    def listed(self, *, newest: bool = True) -> list[str]:
        return [photo.id for photo in self.store.flickr.waiting(newest=newest, limit=100_000)]

    def asked(self) -> list[str]:
        return [entry.name.removeprefix("flickr.") for entry in self.flickr.record.calls()]


class OwnWorkers:
    """Decodes in the test's own process what workers would."""

    async def check(self, path: Path) -> worker.CheckedFile:
        return worker.check(path, VisionSettings().options)


class Undecided:
    """Rules without tags."""

    def basis(self) -> None:
        return None


@dataclass(slots=True)
class Moving:
    """A clock that goes, and can be set ahead."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead
