"""The connection to Flickr while there is a login, with all its users."""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from familiar.errors import StoreError
from familiar.events import EventLog
from familiar.flickr.api.client import Client
from familiar.flickr.api.credentials import Credentials, Login
from familiar.flickr.api.downloads import Downloader
from familiar.flickr.api.errors import StoppedError
from familiar.flickr.sync.calls import CallQueue
from familiar.flickr.sync.fetcher import Fetcher
from familiar.library.tasks import Tasks
from familiar.settings import FlickrSettings
from familiar.store.flickr.calls import Kind
from familiar.store.store import Store


def connect(
    credentials: Credentials,
    settings: FlickrSettings,
    store: Store,
    log: EventLog,
    on_call: Callable[[Kind], None] = lambda _kind: None,
) -> tuple[CallQueue, Login]:
    """Return the queue of calls, and the login; `on_call` is called for each call and download.

    Raises:
        StoppedError: there is no login, or one of another account.
        UsageError: the files with key and login are wrong.
    """
    key, login = credentials.needed()
    check_account(store, settings.name, login)
    store.flickr_facts.remember("account", {"nsid": login.nsid, "username": login.username})
    sharing = [
        other
        for other in store.flickr_facts.accounts()
        if other != settings.name and credentials.of_account(other).key() == key
    ]
    client = Client(key, login, endpoint=settings.endpoint, timeout=settings.timeout)
    downloader = Downloader(timeout=settings.timeout)
    calls = CallQueue(
        client=client,
        login=login,
        downloader=downloader,
        settings=settings,
        store=store.of_account(settings.name, sharing=sharing),
        log=log,
        on_call=on_call,
    )
    return calls, login


def check_account(store: Store, name: str, login: Login) -> None:
    """Check that a login is that of the account whose photos the store has under a name.

    Raises:
        StoppedError: it is another one.
    """
    for other in store.flickr_facts.accounts():
        known = store.of_account(other).flickr_facts.get("account")
        if other == name and known["nsid"] != login.nsid:
            raise StoppedError(
                f"The account {name!r} has the photos of {known['username']!r}, and {login.username!r} is logged in; "
                "another account needs a name of its own in `flickr`, in the configuration."
            )
        if other != name and known["nsid"] == login.nsid:
            raise StoppedError(
                f"{login.username!r} is logged in, whose photos the account {other!r} has; use {other!r} in place of "
                f"{name!r}."
            )


class FlickrConnection:
    """Calls and downloads of one login, and their tasks, which end together."""

    def __init__(self, *, calls: CallQueue, login: Login, fetcher: Fetcher, on_end: Callable[[], None]) -> None:
        """Take the parts; `on_end` is called when a task has ended."""
        self.calls = calls
        self.login = login
        self._fetcher = fetcher
        self._tasks: Tasks[str] = Tasks(on_end)

    def start(self, name: str, task: Coroutine[Any, Any, None]) -> None:
        """Start a task that makes calls."""
        self._tasks.start(name, task)

    def advance(self) -> None:
        """Continue the downloads.

        Raises:
            StoppedError, PassingError, StoreError: raised in a task or download.
        """
        self._tasks.check()
        self._fetcher.advance()

    @property
    def is_idle(self) -> bool:
        """Whether no download is in progress, or waits for its time, which is near."""
        return self._fetcher.is_idle

    @property
    def has_no_files(self) -> bool:
        """Whether the image servers do not answer."""
        return self._fetcher.is_away

    async def close(self) -> None:
        """Cancel all tasks and downloads; the next connection continues them."""
        await self._tasks.close()
        await self._fetcher.close()
        with suppress(StoreError):  # then counts made in advance stay
            self.calls.close()
