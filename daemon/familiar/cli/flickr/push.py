"""familiar flickr push: send the tags of rules to the account."""

from collections.abc import Sequence
from dataclasses import asdict

import click

from familiar.api.environment import Environment
from familiar.api.flickr import FlickrAccount
from familiar.api.flickr_results import PushResult
from familiar.cli.console.command import Answer, command, open_library, pass_environment
from familiar.cli.console.log import log_format_option, log_level_option
from familiar.cli.console.output import print_table, say
from familiar.cli.flickr.accounts import account_option, for_accounts
from familiar.cli.flickr.log import begin_flickr_log
from familiar.flickr.sync.tag_changes import TagChange
from familiar.plurals import counted


@command(epilog="Example: familiar flickr push --dry-run")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
@click.option("--retry", is_flag=True, help="Retry tags that were refused.")
@account_option
@log_format_option
@log_level_option
@pass_environment
def push(
    environment: Environment,
    *,
    dry_run: bool,
    retry: bool,
    account: str | None,
    log_format: str | None,
    log_level: str | None,
) -> Answer:
    """Send the tags of rules to Flickr, and remove tags that rules no longer give.

    Removes only tags that familiar added. A running daemon does this automatically. Tags that failed before are retried
    immediately. Exits with 1 if tags are still waiting.
    """
    if dry_run:
        with open_library(environment, quiet=True) as library:
            return for_accounts(library, account, _preview)
    log = begin_flickr_log(environment.settings(), log_format, log_level)
    with open_library(environment, log=log) as library:
        return for_accounts(library, account, lambda one: _push(one, retry=retry))


def _preview(account: FlickrAccount) -> Answer:
    changes = account.tag_changes()
    return Answer(data=[asdict(change) for change in changes], text=lambda: _show_changes(changes))


def _push(account: FlickrAccount, *, retry: bool) -> Answer:
    result = account.push(retry=retry)
    for one in result.refusals:
        click.echo(f"refused: {one.tag!r} on {one.photo}: {one.reason}", err=True)
    if result.trouble is not None:
        click.echo(f"error: {result.trouble}; run `familiar flickr push` again when it does.", err=True)
    else:
        for reason, count in result.failures.items():
            click.echo(f"failed for now: {counted(count, 'tag')}: {reason}", err=True)
    data = {name: value for name, value in asdict(result).items() if name != "refusals"}
    return Answer(data=data, text=lambda: _show(result), failed=not result.is_complete)


def _show_changes(changes: Sequence[TagChange]) -> None:
    if changes:
        rows = [(change.photo, change.would, change.tag, change.rule) for change in changes]
        print_table(("photo", "would", "tag", "rule"), rows)
    say(f"{counted(len(changes), 'change')}. Nothing was sent.")


def _show(result: PushResult) -> None:
    left = result.to_add + result.to_remove
    say(
        f"{counted(result.added, 'tag')} added, {result.removed} removed, {result.kept} already there, "
        f"{result.refused} refused, {result.failed} failed for now." + (f" {left} still waiting." if left else "")
    )
