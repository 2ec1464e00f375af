"""familiar flickr sync: fetch the photos of the account."""

from dataclasses import asdict

import click

from familiar.api.environment import Environment
from familiar.api.flickr import FlickrAccount
from familiar.api.flickr_results import SyncResult
from familiar.cli.console.command import Answer, command, open_library, pass_environment
from familiar.cli.console.log import is_logging, log_format_option, log_level_option
from familiar.cli.console.output import say
from familiar.cli.flickr.accounts import account_option, for_accounts
from familiar.cli.flickr.log import begin_flickr_log
from familiar.plurals import counted


@command(epilog="Example: familiar flickr sync")
@click.option("--retry", is_flag=True, help="Retry photos that could not be fetched.")
@account_option
@log_format_option
@log_level_option
@pass_environment
def sync(
    environment: Environment, *, retry: bool, account: str | None, log_format: str | None, log_level: str | None
) -> Answer:
    """Fetch new photos from Flickr, handle them, and exit.

    The first run fetches the whole account; an interrupted run is continued. Tags of rules are stored, and sent later
    by `familiar flickr push` or the daemon. Exits with 1 if a photo failed and will be tried again.
    """
    log = begin_flickr_log(environment.settings(), log_format, log_level)
    with open_library(environment, log=log, quiet=is_logging(log_format, log_level)) as library:
        return for_accounts(library, account, lambda one: _sync(one, retry=retry))


def _sync(account: FlickrAccount, *, retry: bool) -> Answer:
    result = account.sync(retry=retry)
    return Answer(data=asdict(result), text=lambda: _show(result), failed=not result.is_complete)


def _show(result: SyncResult) -> None:
    if result.stopped:
        say("Stopped; the next run continues with the remaining photos.")
    if result.trouble:
        say(f"Stopped: {result.trouble}")
    tags = result.tags
    say(
        f"{result.handled} handled, {result.failed} waiting, {result.refused} can't be fetched; "
        f"{counted(result.photos, 'photo')} known. {counted(tags['to_add'], 'tag')} to be added, "
        f"{tags['to_remove']} to be removed."
    )
