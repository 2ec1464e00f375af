"""The accounts that a command of `familiar flickr` is for: one by its name, or all."""

from collections.abc import Callable
from typing import Any

import click

from familiar.api.flickr import FlickrAccount
from familiar.api.library import Library
from familiar.cli.console.command import Answer, wants_json
from familiar.cli.console.output import say
from familiar.errors import FamiliarError

account_option = click.option("--account", help="Name of an account in the configuration; by default all accounts.")


def for_accounts(library: Library, name: str | None, ask: Callable[[FlickrAccount], Answer]) -> Answer:
    """Return the answer for an account, or for all: then JSON has those of each account by its name.

    What is wrong with one account does not keep the others from their turn.
    """
    accounts = [library.flickr.of(name)] if name is not None else list(library.flickr_accounts.values())
    if len(accounts) == 1:
        return ask(accounts[0])
    data: dict[str, Any] = {}
    has_failed = False
    for account in accounts:
        if not wants_json():
            say(f"{account.name}:")
        try:
            answer = ask(account)
        except FamiliarError as error:
            click.echo(f"error: {error}", err=True)
            data[account.name], has_failed = {"error": str(error)}, True
            continue
        data[account.name], has_failed = answer.data, has_failed or answer.failed
        if not wants_json():
            answer.text()
    return Answer(data=data, text=lambda: None, failed=has_failed)
