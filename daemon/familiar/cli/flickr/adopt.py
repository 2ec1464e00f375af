"""familiar flickr adopt: take tags for familiar's own again."""

import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from familiar.api.flickr import FlickrAccount
from familiar.api.library import Library
from familiar.cli.console.command import Answer, command, pass_library, wants_json
from familiar.cli.console.output import print_table, say
from familiar.cli.flickr.accounts import account_option, for_accounts
from familiar.flickr.sync.tag_adoption import AdoptableTag
from familiar.plurals import counted

_SHOWN = 20
"""Rows of the plan that are shown as text."""


@command(epilog="Example: familiar flickr adopt --dry-run")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--dry-run", is_flag=True, help="Show the tags; change nothing.")
@account_option
@pass_library
def adopt(library: Library, *, account: str | None, yes: bool, dry_run: bool) -> Answer:
    """Show tags that familiar may have added before its state was lost, and let them count as added by familiar.

    These are tags that the account itself has added, and that are exactly what a rule gives now. Tags that you added by
    hand may be among them: Flickr does not tell the difference. familiar removes an adopted tag when its rule does not
    give it any more. Asks Flickr once for each photo with such a tag; changes nothing on Flickr. Exits with
    1 if Flickr gave no answer about some of them.
    """
    return for_accounts(library, account, lambda one: _adopt(one, yes=yes, dry_run=dry_run))


def _adopt(account: FlickrAccount, *, yes: bool, dry_run: bool) -> Answer:
    found = account.adoptable_tags()
    tags = found.tags
    for photo, reason in found.failures.items():
        click.echo(f"failed for now: {photo}: {reason}", err=True)
    if not wants_json():
        _show_plan(tags)
    adopted = None
    if tags and not dry_run and (yes or _is_confirmed(tags)):
        adopted = account.adopt(tags)
    data = {"tags": [asdict(tag) for tag in tags], "failures": found.failures, "adopted": adopted}
    return Answer(data=data, text=lambda: _show(tags, adopted, dry_run=dry_run), failed=bool(found.failures))


def _is_confirmed(tags: Sequence[AdoptableTag]) -> bool:
    """Ask, if there is somebody to ask."""
    if wants_json() or not sys.stdin.isatty():
        return False
    return click.confirm(f"Adopt {counted(len(tags), 'tag')}?", err=True)


def _show_plan(tags: Sequence[AdoptableTag]) -> None:
    if tags:
        print_table(("photo", "tag", "rule"), [(tag.photo, tag.tag, tag.rule) for tag in tags[:_SHOWN]])
    if len(tags) > _SHOWN:
        say(f"... and {len(tags) - _SHOWN} more; --json prints all.")


def _show(tags: Sequence[AdoptableTag], adopted: int | None, *, dry_run: bool) -> None:
    """Say what came of a plan that was shown before."""
    if not tags:
        say("There is no tag to adopt.")
    elif adopted is not None:
        say(f"{counted(adopted, 'tag')} adopted.")
    else:
        hint = "" if dry_run or sys.stdin.isatty() else f"; --yes adopts {counted(len(tags), 'tag')}"
        say(f"Nothing was changed{hint}.")
