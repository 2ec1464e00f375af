"""familiar flickr: an account on Flickr, both ways."""

import asyncio
import math
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from familiar.cli.console.output import (
    FAILED,
    json_option,
    local_time,
    print_json,
    print_table,
    progress_bar,
    reported,
    say,
)
from familiar.cli.context import Context, pass_context
from familiar.cli.flickr.log import begin_flickr_log
from familiar.cli.starting import (
    Configuration,
    daemon_for,
    flickr_place,
    log_format_option,
    log_level_option,
    rule_book,
)
from familiar.errors import UsageError
from familiar.events import EventLog
from familiar.flickr.api.credentials import Key, Login, Perms
from familiar.flickr.sync.budget import limit_of, waiting
from familiar.service.systemd import Notifier
from familiar.settings import Settings
from familiar.store.flickr.calls import Kind
from familiar.store.store import Store

_WIDE = 60
"""Characters of a tag that people are shown."""
_SHOWN = 20
"""Rows of a table that people are shown."""


@click.group()
def flickr() -> None:
    """Photos from an account on Flickr, and tags back to it."""


@flickr.command(epilog="Example: familiar flickr login --perms write")
@click.option("--perms", type=click.Choice(["read", "write"]), default="write", help="What familiar may do there.")
@click.option("--new-key", is_flag=True, help="Ask for the API key again, though there is one.")
@json_option
@pass_context
def login(context: Context, perms: Perms, *, new_key: bool, as_json: bool) -> None:
    """Log in to Flickr, without a browser on this machine.

    Asks for the key of your application (flickr.com/services/apps/create) once, prints an address, and asks for the
    number that Flickr shows there. Key and login are kept in the state folder, for you alone; systemd can give them
    instead (LoadCredential=).
    """
    from familiar.flickr.api.client import Client  # noqa: PLC0415 - it takes a moment to import

    with reported():
        settings = context.settings()
        known = None if new_key else context.credentials.key()
        key = known or Key(
            key=_asked("API key"), secret=_asked("Secret of the key (it is not shown)", hide=sys.stdin.isatty())
        )
        client = Client(key, None, endpoint=settings.flickr.endpoint, timeout=settings.flickr.timeout)
        with context.store(create=True) as store:
            store.flickr_calls.note("api", 2)
            address = client.begin_login(perms)
            click.echo(f"Open this address, and allow familiar to {perms}:\n\n  {address}\n", err=True)
            found = client.end_login(_asked("The number that Flickr shows"))
            _check_account(store, found)
            context.credentials.keep_key(key)
            context.credentials.keep_login(found)
            store.flickr.remember("account", {"nsid": found.nsid, "username": found.username})
            store.flickr.remember("trouble", None)
    if as_json:
        print_json(_account(found))
    else:
        say(f"Logged in as {found.username} ({found.nsid}), who may {perms}.")


def _asked(what: str, *, hide: bool = False) -> str:
    text: str = click.prompt(what, hide_input=hide, err=True)
    return "".join(text.split())


def _check_account(store: Store, found: Login) -> None:
    account = store.flickr.fact("account")
    if account is not None and account["nsid"] != found.nsid:
        raise UsageError(
            f"This state folder has the photos of {account['username']!r}, and {found.username!r} has logged in; "
            "use another --state for another account. The login was not kept."
        )


def _account(found: Login | None) -> dict[str, Any]:
    if found is None:
        return {"username": None, "nsid": None, "perms": None}
    return {"username": found.username, "nsid": found.nsid, "perms": found.perms}


@flickr.command(epilog="Example: familiar flickr status --json")
@json_option
@pass_context
def status(context: Context, *, as_json: bool) -> None:
    """Show who is logged in, how far the account is, calls of this hour, and tags that wait.

    Flickr itself is not asked.
    """
    with reported():
        settings = context.settings()
        with context.store() as store:
            found = status_of(context, settings, store)
    if as_json:
        print_json(found)
    else:
        _show_status(found)


def status_of(context: Context, settings: Settings, store: Store) -> dict[str, Any]:
    """Return what is known of the account."""
    counts, pace = store.flickr.counts(), store.flickr_calls.pace()
    photos_left = counts["listed"] + counts["fetched"]
    return {
        "enabled": settings.flickr.enabled,
        **_account(context.credentials.login()),
        "trouble": store.flickr.fact("trouble"),
        "photos": counts,
        "listed_at": _iso(store.flickr.fact("listed at")),
        "polled_at": _iso(store.flickr.fact("polled at")),
        "listing": store.flickr.fact("walk") is not None,
        "calls": {
            "last_hour": store.flickr_calls.last_hour("api"),
            "limit": settings.flickr.calls_per_hour,
            "downloads_last_hour": store.flickr_calls.last_hour("images"),
        },
        "waits": _waits(settings, store),
        "photos_per_minute": pace,
        "minutes_left": photos_left / pace if pace and photos_left else None,
        "tags": store.flickr_tags.counts(),
        "not_fetched": [
            {"photo": photo.id, "reason": photo.reason, "given_up": photo.state == "refused"}
            for photo in store.flickr.troubled()
        ],
        "refused_tags": [
            {"photo": tag.flickr_id, "tag": tag.text, "reason": tag.refused} for tag in store.flickr_tags.refusals()
        ],
    }


def _waits(settings: Settings, store: Store) -> list[dict[str, Any]]:
    """Return what keeps calls and downloads from being made now."""
    kinds: tuple[Kind, ...] = ("api", "images")
    found = (waiting(store, kind, limit=limit_of(settings.flickr, kind, urgent=False)) for kind in kinds)
    return [{"what": one.what, "until": one.until.isoformat(), "reason": one.reason} for one in found if one]


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def _show_status(found: dict[str, Any]) -> None:
    if found["username"] is None:
        say("Nobody is logged in: familiar flickr login")
    else:
        say(f"account: {found['username']} ({found['nsid']}), who may {found['perms']}")
    if found["trouble"]:
        say(f"stopped: {found['trouble']}")
    say(f"daemon: {'works on Flickr' if found['enabled'] else 'leaves Flickr alone (flickr: {enabled: true})'}")
    photos, tags, calls = found["photos"], found["tags"], found["calls"]
    say(
        f"photos: {photos['done']} done, {photos['listed'] + photos['fetched']} wait, {photos['refused']} can't be "
        f"fetched, {photos['left']} videos left, {photos['gone']} gone"
    )
    if found["minutes_left"] is not None:
        say(f"pace: {found['photos_per_minute']:.0f} a minute; {math.ceil(found['minutes_left'])} minutes left")
    if found["listing"]:
        say("the account is being listed")
    listed, polled = (local_time(found[name]) or "never" for name in ("listed_at", "polled_at"))
    say(f"listed: {listed}; looked at last: {polled}")
    say(f"calls in the last hour: {calls['last_hour']} of {calls['limit']}; downloads: {calls['downloads_last_hour']}")
    for wait in found["waits"]:
        say(f"waits: {wait['reason']}")
    say(
        f"tags: {tags['added']} added, {tags['to_add']} to be added, {tags['to_remove']} to be removed, "
        f"{tags['refused']} refused"
    )
    _table(("photo", "not fetched because"), [(row["photo"], row["reason"]) for row in found["not_fetched"]])
    _table(
        ("photo", "tag", "refused because"),
        [(row["photo"], _shortened(row["tag"]), row["reason"]) for row in found["refused_tags"]],
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 1]}…"


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if rows:
        say("")
        print_table(columns, rows[:_SHOWN])
    if len(rows) > _SHOWN:
        say(f"... and {len(rows) - _SHOWN} more; --json gives all.")


@flickr.command(epilog="Example: familiar flickr sync")
@click.option("--retry", is_flag=True, help="Try photos again that could not be fetched.")
@log_format_option
@log_level_option
@json_option
@pass_context
def sync(context: Context, *, retry: bool, log_format: str | None, log_level: str | None, as_json: bool) -> None:
    """Bring down what is new on Flickr, handle it, and exit.

    The first time that is the whole account; what was broken off goes on. Tags that rules give are written down, and
    sent by `familiar flickr push` or by the daemon. Exits with 1 if something failed, and will be tried again.
    """
    with reported():
        settings = context.settings().model_copy(update={"folders": ()})
        context.credentials.needed()
        log, logs = begin_flickr_log(settings, log_format, log_level)
        with context.held_store(lasts=True, create=True) as store:
            if retry:
                store.flickr.retry_refused()
            summary = _sync(context, settings, store, log, quiet=as_json or logs)
    if as_json:
        print_json(summary)
    else:
        _show_sync(summary)
    if summary["failed"] or summary["trouble"] or summary["stopped"]:
        raise SystemExit(FAILED)


def _sync(context: Context, settings: Settings, store: Store, log: EventLog, *, quiet: bool) -> dict[str, Any]:
    with progress_bar("photos from Flickr", hidden=quiet) as progress:

        def report(_: object) -> None:
            counts = store.flickr.counts()
            done = counts["done"] + counts["refused"]
            progress(done, done + counts["listed"] + counts["fetched"])

        assembly = daemon_for(
            Configuration(context=context, paths=(), files=False),
            settings,
            rule_book(context, settings, store, log),
            store,
            log,
            Notifier({}),
            watch=False,
            flickr=flickr_place(context, once=True),
            report=None if quiet else report,
        )
        asyncio.run(assembly.daemon.run(until_idle=True))
    assert assembly.flickr is not None
    counts = store.flickr.counts()
    return {
        "handled": assembly.handler.tally.done,
        "set_aside": assembly.handler.tally.set_aside,
        "failed": counts["listed"] + counts["fetched"],
        "refused": counts["refused"],
        "photos": counts["done"],
        "trouble": assembly.flickr.trouble,
        "stopped": assembly.daemon.was_stopped,
        "tags": store.flickr_tags.counts(),
    }


def _show_sync(summary: dict[str, Any]) -> None:
    if summary["stopped"]:
        say("Stopped: what was not done waits for the next run.")
    if summary["trouble"]:
        say(f"Stopped: {summary['trouble']}")
    tags = summary["tags"]
    say(
        f"{summary['handled']} handled, {summary['failed']} wait, {summary['refused']} can't be fetched; "
        f"{summary['photos']} photos known. {tags['to_add']} tags to be added, {tags['to_remove']} to be removed."
    )


@flickr.command(epilog="Example: familiar flickr push --dry-run")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
@click.option("--retry", is_flag=True, help="Try tags again that were refused.")
@log_format_option
@log_level_option
@json_option
@pass_context
def push(
    context: Context, *, dry_run: bool, retry: bool, log_format: str | None, log_level: str | None, as_json: bool
) -> None:
    """Send the tags that rules give to Flickr, and take off those that they do not give any more.

    Only tags that familiar has added are ever taken off. A daemon that runs does this by itself. Tags that failed
    before are tried again at once. Exits with 1 if tags still wait.
    """
    from familiar.cli.flickr.push import planned, pushed  # noqa: PLC0415 - the client takes a moment to import

    with reported():
        settings = context.settings()
        if dry_run:
            with context.store() as store:
                changes = planned(context, settings, store)
            _show_changes(changes, as_json=as_json)
            return
        log, _ = begin_flickr_log(settings, log_format, log_level)
        with context.held_store() as store:
            if retry:
                store.flickr_tags.retry_refused()
            store.flickr_tags.retry_put_off()
            sent = pushed(context, settings, store, log)
            counts = store.flickr_tags.counts()
    left = counts["to_add"] + counts["to_remove"]
    if as_json:
        print_json({**sent, "to_add": counts["to_add"], "to_remove": counts["to_remove"]})
    else:
        say(
            f"{sent['added']} tags added, {sent['removed']} removed, {sent['kept']} were there already, "
            f"{sent['refused']} refused, {sent['failed']} failed for now." + (f" {left} still wait." if left else "")
        )
    if sent["failed"] or left:
        raise SystemExit(FAILED)


def _show_changes(changes: list[dict[str, str]], *, as_json: bool) -> None:
    if as_json:
        print_json(changes)
        return
    if changes:
        print_table(("photo", "would", "tag", "rule"), [tuple(change.values()) for change in changes])
    say(f"{len(changes)} changes. Nothing was sent.")
