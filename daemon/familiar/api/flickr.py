"""An account on Flickr: login, sync of photos, and tags."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from familiar.albums import ALL, AlbumChoice
from familiar.api.daemon import Configuration, daemon_for, rule_book
from familiar.api.flickr_results import AccountAlbum, PushResult, SyncResult, push_result, sync_result
from familiar.api.session import Session
from familiar.errors import UsageError
from familiar.flickr.api.albums import AlbumEntry
from familiar.flickr.api.client import Client
from familiar.flickr.api.credentials import Credentials, Key, Login, Perms
from familiar.flickr.api.errors import FlickrError, NotAllowedError, StoppedError
from familiar.flickr.sync.account_log import AccountLog
from familiar.flickr.sync.album_lister import AlbumLister
from familiar.flickr.sync.connection import check_account, connect
from familiar.flickr.sync.status import AccountStatus, status_of
from familiar.flickr.sync.tag_adoption import AdoptableTag, AdoptableTags, TagAdoption
from familiar.flickr.sync.tag_changes import TagChange, decide_all, tag_changes
from familiar.flickr.sync.tag_decisions import TagDecider
from familiar.flickr.sync.tag_sender import Sender
from familiar.library.argument_types import checked_arguments
from familiar.library.companions import CompanionRules
from familiar.library.operations import OperationRunner
from familiar.library.progress import Count
from familiar.model import Tag
from familiar.photo_details import Album
from familiar.plurals import counted
from familiar.service.inputs import FlickrAccess
from familiar.service.systemd import Notifier
from familiar.settings import FlickrSettings
from familiar.store.store import Store

_COUNT_EVERY = 0.5
"""Seconds between two counts of the photos, as counting many takes long."""


@checked_arguments
class LoginAttempt:
    """A started login: a person allows it at `address`, where Flickr then shows a number."""

    def __init__(self, client: Client, address: str, keep: Callable[[Login], None]) -> None:
        """Take the login that waits for the number, and what keeps it."""
        self.address = address
        self._client = client
        self._keep = keep

    def complete(self, number: str) -> Login:
        """Log in with the number that Flickr shows; store key and login in the state folder, for the owner only.

        Raises:
            RefusedError: it is not the right number.
            UsageError: the library has the photos of another account; nothing is stored then.
            FlickrError: Flickr can't be reached, or refuses.
        """
        login = self._client.end_login(number)
        self._keep(login)
        return login


@checked_arguments
class FlickrAccount:
    """An account on Flickr whose photos a library knows.

    All methods raise UsageError if the configuration is wrong, has several accounts and none was named, or none of the
    name.
    """

    def __init__(self, session: Session, name: str | None = None) -> None:
        """Take the opened library, and the name of the account in its configuration; None: the only one."""
        self._session = session
        self._name = name

    @property
    def name(self) -> str:
        """Its name as a source."""
        return self._settings.name

    def of(self, name: str) -> "FlickrAccount":
        """Return another account of the configuration."""
        return FlickrAccount(self._session, name)

    def key(self) -> Key | None:
        """Return the API key, or None if none is stored.

        Raises:
            UsageError: its file can't be read, or is wrong.
        """
        return self._credentials.key()

    def begin_login(self, *, perms: Perms = "write", key: Key | None = None) -> LoginAttempt:
        """Start a login; a missing store is created.

        Args:
            perms: the access that familiar gets.
            key: the key of an application (flickr.com/services/apps/create); by default the stored one.

        Raises:
            UsageError: there is no key.
            FlickrError: Flickr can't be reached, or refuses.
        """
        key = key or self.key()
        if key is None:
            raise UsageError("No API key is stored; create one at flickr.com/services/apps/create.")
        settings = self._settings
        client = Client(key, None, endpoint=settings.endpoint, timeout=settings.timeout)
        self._session.store(create=True).of_account(settings.name).flickr_calls.note("api", 2)
        return LoginAttempt(client, client.begin_login(perms), partial(self._keep_login, key))

    def _keep_login(self, key: Key, login: Login) -> None:
        store = self._session.store(create=True)
        try:
            check_account(store, self.name, login)
        except StoppedError as error:
            raise UsageError(f"{error} The login was not kept.") from error
        self._credentials.keep_key(key)
        self._credentials.keep_login(login)
        own = store.of_account(self.name)
        own.flickr_facts.remember("account", {"nsid": login.nsid, "username": login.username})
        own.flickr_facts.remember("trouble", None)

    def status(self) -> AccountStatus:
        """Return the login, the progress of the account, and waiting tags; makes no call to Flickr.

        Raises:
            NoStoreError: no store exists.
            UsageError: the configuration, or a file with key or login, is wrong.
        """
        return status_of(self._store(), self._settings, self._credentials.login())

    def albums(self) -> list[AccountAlbum]:
        """Return the albums of the account, in the order of its owner; asks Flickr once for each 500.

        A missing store is created, in which calls are counted.

        Raises:
            NoLoginError: there is no login.
            StoppedError, NotAllowedError, PassingError: Flickr does not allow it, or does not answer.
        """
        settings = self._settings
        choice = settings.album_choice or AlbumChoice(texts=(ALL,))
        listed = self._session.run(self._albums(settings, choice))
        return [
            AccountAlbum(
                id=one.id, title=one.title, photos=one.photos, chosen=choice.has(Album(id=one.id, title=one.title))
            )
            for one in listed
        ]

    def sync(self, *, retry: bool = False) -> SyncResult:
        """Fetch new photos from Flickr and handle them; tags are stored, and sent by `push`.

        Args:
            retry: retry photos that could not be fetched.

        Raises:
            NoLoginError: there is no login.
            BusyError: the daemon, which does this automatically, or a scan is running.
            UsageError: the configuration or the rules are wrong.
        """
        session, account = self._session, self._settings
        settings = session.settings.model_copy(update={"folders": ()})
        self._credentials.needed()
        with session.held_store(lasts=True, create=True) as store:
            own = store.of_account(account.name)
            if retry:
                own.flickr.retry_refused()
            with session.progress("photos from Flickr") as count:
                made = daemon_for(
                    session,
                    Configuration(environment=session.environment, paths=(), files=False),
                    settings,
                    rule_book(session, settings, store),
                    store,
                    Notifier({}),
                    watch=False,
                    flickr=FlickrAccess(credentials=session.environment.credentials, accounts=[account], once=True),
                    report=_counting(own, count),
                )
                session.run(made.daemon.run(until_idle=True))
            return sync_result(own, made)

    def tag_changes(self) -> list[TagChange]:
        """Return what `push` would send; nothing is sent.

        Raises:
            NoStoreError: no store exists.
            UsageError: the configuration or the rules are wrong.
        """
        self._session.rematch()
        store = self._store()
        return tag_changes(store, self._decider(store))

    def push(self, *, retry: bool = False) -> PushResult:
        """Send the tags of rules, and remove tags that rules no longer give.

        Only tags that familiar added are removed. Tags that failed before are retried immediately.

        Args:
            retry: retry tags that were refused.

        Raises:
            NoStoreError: no store exists.
            BusyError: the daemon, which does this automatically, or a scan is running.
            StoppedError, NotAllowedError: Flickr does not allow it.
            UsageError: the configuration or the rules are wrong.
        """
        settings = self._settings
        with self._session.held_store() as store:
            own = store.of_account(settings.name)
            if retry:
                own.flickr_tags.retry_refused()
            own.flickr_tags.retry_put_off()
            return self._session.run(self._push(own, settings))

    def adoptable_tags(self) -> AdoptableTags:
        """Return tags on Flickr that familiar can adopt; asks Flickr once for each photo that may have one.

        These are tags that the account itself has added, and that are exactly what a rule gives. familiar may have
        added them before its state folder was lost, or the owner by hand: Flickr does not tell the two apart. Photos
        that Flickr gives no answer about are in `failures`; their tags may be adopted later.

        Raises:
            NoStoreError: no store exists.
            StoppedError, NotAllowedError, PassingError: Flickr does not allow it, or does not answer.
            UsageError: the configuration or the rules are wrong.
        """
        session = self._session
        session.rematch()
        return session.run(self._adoptable(self._store(), self._settings))

    def adopt(self, tags: Sequence[AdoptableTag]) -> int:
        """Let tags of `adoptable_tags` count as added by familiar, which removes them when no rule gives them any more.

        Returns the number of adopted tags: others were added by familiar, or undone by a person, in between.

        Raises:
            NoStoreError: no store exists.
        """
        store = self._session.store()
        adopted = [one for one in tags if store.flickr_tags.adopt(one.photo, Tag(text=one.tag, rule=one.rule))]
        for one in adopted:
            self._session.log.emit("flickr.tag_adopted", photo=one.photo, tag=one.tag)
        return len(adopted)

    async def _albums(self, settings: FlickrSettings, choice: AlbumChoice) -> tuple[AlbumEntry, ...]:
        store = self._session.store(create=True).of_account(self.name)
        log = AccountLog(self._session.log, settings.name)
        calls, _ = connect(self._credentials, settings, store, log)
        lister = AlbumLister(calls=calls, choice=choice, videos=settings.videos, store=store, log=log)
        try:
            return (await lister.ask(())).albums
        finally:
            calls.close()

    async def _adoptable(self, store: Store, settings: FlickrSettings) -> AdoptableTags:
        session = self._session
        calls, login = connect(self._credentials, settings, store, AccountLog(session.log, settings.name))
        try:
            with session.progress("photos with tags of rules") as count:
                return await TagAdoption(calls=calls, login=login, store=store, decider=self._decider(store)).plan(
                    count
                )
        finally:
            calls.close()

    async def _push(self, store: Store, settings: FlickrSettings) -> PushResult:
        session = self._session
        calls, login = connect(self._credentials, settings, store, AccountLog(session.log, settings.name))
        sender = Sender(calls=calls, store=store, log=session.log, later=settings.later)
        try:
            if session.recogniser.is_stale:  # this process holds the state folder, so no daemon does it
                session.recogniser.rematch()
            decider = self._decider(store)
            async with session.workers() as workers:
                runner = OperationRunner(
                    store=store,
                    workers=workers,
                    disks=session.disks,
                    log=session.log,
                    companions=CompanionRules.of(session.settings),
                )
                await decide_all(store, decider, runner)
            if not login.may_write and store.flickr_tags.open_tags():
                raise NotAllowedError("the login has read access only")
            try:
                await sender.send_all()
            except FlickrError:
                added, removed = sender.sent.added, sender.sent.removed
                session.notify(f"{counted(added, 'tag')} added, {removed} removed before the error.")
                raise
        finally:
            calls.close()
        return push_result(store, sender)

    def _decider(self, store: Store) -> TagDecider:
        session = self._session
        rules = rule_book(session, session.settings, store)
        planner = session.planner(lambda: rules.rules)
        return TagDecider(store=store, recogniser=session.recogniser, planner=planner, log=session.log)

    def _store(self) -> Store:
        """Return the store as this account has it."""
        return self._session.store().of_account(self.name)

    @property
    def _credentials(self) -> Credentials:
        return self._session.environment.credentials.of_account(self.name)

    @property
    def _settings(self) -> FlickrSettings:
        accounts = {account.name: account for account in self._session.settings.accounts}
        if self._name is None and len(accounts) > 1:
            raise UsageError(
                f"There are several accounts on Flickr; choose one of {', '.join(accounts)}: with --account, or from "
                "flickr_accounts."
            )
        found = next(iter(accounts.values())) if self._name is None else accounts.get(self._name)
        if found is None:
            known = ", ".join(accounts)
            raise UsageError(f"There is no account {self._name!r} in the configuration; known are {known}.")
        return found


def _counting(store: Store, count: Count) -> Callable[[object], None]:
    """Return a function that reports the photos done and their total, at limited intervals."""
    told = float("-inf")

    def report(_: object) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told < _COUNT_EVERY:
            return
        told = now
        counts = store.flickr.counts()
        done = counts["done"] + counts["refused"]
        count(done, done + counts["listed"] + counts["fetched"])

    return report
