"""familiar flickr status: the progress of the account."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from familiar.api.flickr import FlickrAccount
from familiar.api.library import Library
from familiar.cli.console.command import Answer, command, pass_library
from familiar.cli.console.output import local_time, print_table, say
from familiar.cli.flickr.accounts import account_option, for_accounts
from familiar.flickr.sync.status import AccountStatus
from familiar.plurals import counted

_WIDE = 60
"""Characters of a tag that are shown as text."""
_SHOWN = 20
"""Rows of a table that are shown as text."""


@command(epilog="Example: familiar flickr status --json")
@account_option
@pass_library
def status(library: Library, account: str | None) -> Answer:
    """Show the login, the progress, the calls of the last hour, and waiting tags.

    Makes no call to Flickr.
    """
    return for_accounts(library, account, _status)


def _status(account: FlickrAccount) -> Answer:
    found = account.status()
    return Answer(data=asdict(found), text=lambda: _show(found))


def _show(found: AccountStatus) -> None:
    _show_account(found)
    _show_photos(found)
    for wait in found.waits:
        say(f"waiting: {wait.reason}")
    tags = found.tags
    say(
        f"tags: {tags['added']} added, {tags['to_add']} to be added, {tags['to_remove']} to be removed, "
        f"{tags['refused']} refused"
    )
    for reason, count in found.tag_failures.items():
        say(f"not sent for now: {counted(count, 'tag')}: {reason}")
    _table(("photo", "not fetched because"), [(each.photo, each.reason) for each in found.not_fetched])
    _table(
        ("photo", "tag", "refused because"),
        [(each.photo, _shortened(each.tag), each.reason) for each in found.refused_tags],
    )


def _show_account(found: AccountStatus) -> None:
    if found.username is None:
        say("account: not logged in; use familiar flickr login")
    else:
        say(f"account: {found.username} ({found.nsid}), access: {found.perms}")
    if found.trouble:
        say(f"stopped: {found.trouble}")
    say(f"daemon: {'syncs' if found.enabled else 'does not sync; to enable, set enabled: true in flickr'}")


def _show_photos(found: AccountStatus) -> None:
    photos, calls = found.photos, found.calls
    say(
        f"photos: {photos['done']} done, {photos['listed'] + photos['fetched']} waiting, {photos['refused']} "
        f"can't be fetched, {photos['left']} skipped, {photos['gone']} gone"
    )
    if found.minutes_left is not None:
        rate, left = counted(round(found.photos_per_minute), "photo"), math.ceil(found.minutes_left)
        say(f"rate: {rate} a minute; {counted(left, 'minute')} left")
    if found.listing:
        say("listing: in progress")
    say(f"listed: {_time(found.listed_at)}; last poll: {_time(found.polled_at)}")
    say(f"calls in the last hour: {calls.last_hour} of {calls.limit}; downloads: {calls.downloads_last_hour}")


def _time(moment: datetime | None) -> str:
    return "never" if moment is None else local_time(moment.isoformat()) or ""


def _shortened(text: str) -> str:
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 1]}…"


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if rows:
        say("")
        print_table(columns, rows[:_SHOWN])
    if len(rows) > _SHOWN:
        say(f"... and {len(rows) - _SHOWN} more; use --json to show all.")
