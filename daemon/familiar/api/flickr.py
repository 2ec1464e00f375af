"""An account on Flickr: login, sync of photos, and tags."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from familiar.api.daemon import Configuration, daemon_for, rule_book
from familiar.api.session import Session
from familiar.errors import UsageError
from familiar.flickr.api.client import Client
from familiar.flickr.api.credentials import Key, Login, Perms
from familiar.flickr.api.errors import NotAllowedError
from familiar.flickr.sync.connection import connect
from familiar.flickr.sync.status import AccountStatus, RefusedTag, status_of
from familiar.flickr.sync.tag_adoption import AdoptableTag, TagAdoption
from familiar.flickr.sync.tag_changes import TagChange, decide_all, tag_changes
from familiar.flickr.sync.tag_decisions import TagDecider
from familiar.flickr.sync.tag_sender import Sender
from familiar.library.argument_types import checked_arguments
from familiar.library.companions import CompanionRules
from familiar.library.operations import OperationRunner
from familiar.library.progress import Count
from familiar.model import Tag
from familiar.service.assembly import Assembly, FlickrAccess
from familiar.service.systemd import Notifier
from familiar.settings import FlickrSettings
from familiar.store.store import Store

_COUNT_EVERY = 0.5
"""Seconds between two counts of the photos, as counting many takes long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResult:
    """The result of a sync.

    `handled` and `set_aside` count photos of this run. `failed` are tried again by the next sync; `refused` can't be
    fetched; `photos` is the total of known photos. `tags` are counts by state. `trouble` is the error that ended the
    sync, if any; `stopped` is true if it was stopped before its end.
    """

    handled: int
    set_aside: int
    failed: int
    refused: int
    photos: int
    trouble: str | None
    stopped: bool
    tags: Mapping[str, int]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to retry."""
        return not (self.failed or self.trouble or self.stopped)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushResult:
    """The result of sending tags.

    Counts of tags that were added, removed, already on their photos (`kept`), refused, or failed for now; `to_add` and
    `to_remove` are still waiting. `refusals` has the reasons of this run, and `trouble` why it ended before all was
    tried, or None.
    """

    added: int
    removed: int
    kept: int
    refused: int
    failed: int
    to_add: int
    to_remove: int
    refusals: tuple[RefusedTag, ...]
    trouble: str | None

    @property
    def is_complete(self) -> bool:
        """Whether no tags are left to send."""
        return not (self.failed or self.to_add or self.to_remove)


@checked_arguments
class LoginAttempt:
    """A started login: a person allows it at `address`, where Flickr then shows a number."""

    def __init__(self, session: Session, client: Client, key: Key, address: str) -> None:
        """Take the opened library, and the login that waits for the number."""
        self.address = address
        self._session = session
        self._client = client
        self._key = key

    def complete(self, number: str) -> Login:
        """Log in with the number that Flickr shows; store key and login in the state folder, for the owner only.

        Raises:
            RefusedError: it is not the right number.
            UsageError: the library has the photos of another account; nothing is stored then.
            FlickrError: Flickr can't be reached, or refuses.
        """
        login, store = self._client.end_login(number), self._session.store(create=True)
        _check_account(store, login)
        credentials = self._session.environment.credentials
        credentials.keep_key(self._key)
        credentials.keep_login(login)
        store.flickr.remember("account", {"nsid": login.nsid, "username": login.username})
        store.flickr.remember("trouble", None)
        return login


@checked_arguments
class FlickrAccount:
    """The account on Flickr whose photos a library knows; each library has one at most."""

    def __init__(self, session: Session) -> None:
        """Take the opened library."""
        self._session = session

    def key(self) -> Key | None:
        """Return the API key, or None if none is stored.

        Raises:
            UsageError: its file can't be read, or is wrong.
        """
        return self._session.environment.credentials.key()

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
        settings = self._session.settings.flickr
        client = Client(key, None, endpoint=settings.endpoint, timeout=settings.timeout)
        self._session.store(create=True).flickr_calls.note("api", 2)
        return LoginAttempt(self._session, client, key, client.begin_login(perms))

    def status(self) -> AccountStatus:
        """Return the login, the progress of the account, and waiting tags; makes no call to Flickr.

        Raises:
            NoStoreError: no store exists.
            UsageError: the configuration, or a file with key or login, is wrong.
        """
        session = self._session
        settings, store = session.settings.flickr, session.store()
        return status_of(store, settings, session.environment.credentials.login())

    def sync(self, *, retry: bool = False) -> SyncResult:
        """Fetch new photos from Flickr and handle them; tags are stored, and sent by `push`.

        Args:
            retry: retry photos that could not be fetched.

        Raises:
            NoLoginError: there is no login.
            BusyError: the daemon, which does this automatically, or a scan is running.
            UsageError: the configuration or the rules are wrong.
        """
        session = self._session
        settings = session.settings.model_copy(update={"folders": ()})
        session.environment.credentials.needed()
        with session.held_store(lasts=True, create=True) as store:
            if retry:
                store.flickr.retry_refused()
            with session.progress("photos from Flickr") as count:
                made = daemon_for(
                    session,
                    Configuration(environment=session.environment, paths=(), files=False),
                    settings,
                    rule_book(session, settings, store),
                    store,
                    Notifier({}),
                    watch=False,
                    flickr=FlickrAccess(credentials=session.environment.credentials, once=True),
                    report=_counting(store, count),
                )
                session.run(made.daemon.run(until_idle=True))
            return _sync_result(store, made)

    def tag_changes(self) -> list[TagChange]:
        """Return what `push` would send; nothing is sent.

        Raises:
            NoStoreError: no store exists.
            UsageError: the configuration or the rules are wrong.
        """
        self._session.rematch()
        return tag_changes(self._session.store(), self._decider())

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
        settings = self._session.settings.flickr
        with self._session.held_store() as store:
            if retry:
                store.flickr_tags.retry_refused()
            store.flickr_tags.retry_put_off()
            return self._session.run(self._push(store, settings))

    def adoptable_tags(self) -> list[AdoptableTag]:
        """Return tags on Flickr that familiar can adopt; asks Flickr once for each photo that may have one.

        These are tags that the account itself has added, and that are exactly what a rule gives. familiar may have
        added them before its state folder was lost, or the owner by hand: Flickr does not tell the two apart.

        Raises:
            NoStoreError: no store exists.
            StoppedError, NotAllowedError, PassingError: Flickr does not allow it, or does not answer.
            UsageError: the configuration or the rules are wrong.
        """
        session = self._session
        session.rematch()
        return session.run(self._adoptable(session.store(), session.settings.flickr))

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

    async def _adoptable(self, store: Store, settings: FlickrSettings) -> list[AdoptableTag]:
        session = self._session
        calls, login = connect(session.environment.credentials, settings, store, session.log)
        try:
            with session.progress("photos with tags of rules") as count:
                return await TagAdoption(calls=calls, login=login, store=store, decider=self._decider()).plan(count)
        finally:
            calls.close()

    async def _push(self, store: Store, settings: FlickrSettings) -> PushResult:
        session = self._session
        calls, login = connect(session.environment.credentials, settings, store, session.log)
        sender = Sender(calls=calls, store=store, log=session.log, later=settings.later)
        try:
            if session.recogniser.is_stale:  # this process holds the state folder, so no daemon does it
                session.recogniser.rematch()
            decider = self._decider()
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
            await sender.send_all()
            if sender.sent.trouble is None:
                store.flickr.remember("trouble", None)
        finally:
            calls.close()
        return _push_result(store, sender)

    def _decider(self) -> TagDecider:
        session, store = self._session, self._session.store()
        rules = rule_book(session, session.settings, store)
        planner = session.planner(lambda: rules.rules)
        return TagDecider(store=store, recogniser=session.recogniser, planner=planner, log=session.log)


def _check_account(store: Store, found: Login) -> None:
    account = store.flickr.fact("account")
    if account is not None and account["nsid"] != found.nsid:
        raise UsageError(
            f"This state folder has the photos of {account['username']!r}, and {found.username!r} has logged in; "
            "use another --state for another account. The login was not kept."
        )


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


def _sync_result(store: Store, made: Assembly) -> SyncResult:
    assert made.flickr is not None
    counts = store.flickr.counts()
    return SyncResult(
        handled=made.handler.tally.done,
        set_aside=made.handler.tally.set_aside,
        failed=counts["listed"] + counts["fetched"],
        refused=counts["refused"],
        photos=counts["done"],
        trouble=made.flickr.trouble,
        stopped=made.daemon.was_stopped,
        tags=store.flickr_tags.counts(),
    )


def _push_result(store: Store, sender: Sender) -> PushResult:
    sent, counts = sender.sent, store.flickr_tags.counts()
    return PushResult(
        added=sent.added,
        removed=sent.removed,
        kept=sent.kept,
        refused=sent.refused,
        failed=sent.failed,
        to_add=counts["to_add"],
        to_remove=counts["to_remove"],
        refusals=tuple(RefusedTag(photo=photo, tag=tag, reason=reason) for photo, tag, reason in sent.refusals),
        trouble=sent.trouble,
    )
