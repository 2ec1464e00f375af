"""familiar flickr login: give familiar access to an account."""

import sys
from typing import Any

import click

from familiar.api.flickr import FlickrAccount
from familiar.api.library import Library
from familiar.cli.console.command import Answer, command, pass_library
from familiar.cli.console.output import say
from familiar.flickr.api.credentials import Key, Login, Perms
from familiar.flickr.api.errors import RefusedError

_TRIES = 3
"""How often the number is asked for."""


@command(epilog="Example: familiar flickr login --perms write")
@click.option("--perms", type=click.Choice(["read", "write"]), default="write", help="Access that familiar gets.")
@click.option("--new-key", is_flag=True, help="Ask for the API key even if one is stored.")
@click.option("--account", help="Name of the account in the configuration, if there are several.")
@pass_library
def login(library: Library, perms: Perms, *, new_key: bool, account: str | None) -> Answer:
    """Log in to Flickr, without a browser on this machine.

    Asks once for the API key of your application (flickr.com/services/apps/create), prints an address, and asks for the
    number that Flickr shows there. Stores key and login in the state folder, readable only by you; systemd can provide
    them instead (LoadCredential=). Several accounts can have the same key.
    """
    library.config.read()  # report a wrong configuration before asking anything
    wanted = library.flickr if account is None else library.flickr.of(account)
    key = None if new_key else wanted.key()
    found = _log_in(wanted, perms, key or _ask_key())
    return Answer(
        data=_as_json(found),
        text=lambda: say(f"Logged in as {found.username} ({found.nsid}), access: {perms}."),
    )


def _log_in(account: FlickrAccount, perms: Perms, key: Key) -> Login:
    """Ask for the number that Flickr shows, some times; each has an address of its own."""
    for left in reversed(range(_TRIES)):
        attempt = account.begin_login(perms=perms, key=key)
        click.echo(f"Open this address, and grant familiar {perms} access:\n\n  {attempt.address}\n", err=True)
        try:
            return attempt.complete(_asked("Number that Flickr shows"))
        except RefusedError as error:
            if not left:
                raise
            click.echo(f"error: {error}", err=True)
    raise AssertionError("the last try returns or raises")


def _ask_key() -> Key:
    return Key(key=_asked("API key"), secret=_asked("API secret (input is hidden)", hide=sys.stdin.isatty()))


def _asked(what: str, *, hide: bool = False) -> str:
    text: str = click.prompt(what, hide_input=hide, err=True)
    return "".join(text.split())


def _as_json(found: Login) -> dict[str, Any]:
    return {"username": found.username, "nsid": found.nsid, "perms": found.perms}
