"""familiar flickr albums: the albums of the account."""

from collections.abc import Sequence
from dataclasses import asdict

from familiar.api.flickr import FlickrAccount
from familiar.api.flickr_results import AccountAlbum
from familiar.api.library import Library
from familiar.cli.console.command import Answer, command, pass_library
from familiar.cli.console.output import print_table, say
from familiar.cli.flickr.accounts import account_option, for_accounts
from familiar.plurals import counted


@command(epilog="Example: familiar flickr albums --json")
@account_option
@pass_library
def albums(library: Library, account: str | None) -> Answer:
    """Show the albums of the account with their ids, for the setting flickr.albums and for rules.

    Asks Flickr once for each 500 albums. The last column says whether the photos of an album are fetched.
    """
    return for_accounts(library, account, _albums)


def _albums(account: FlickrAccount) -> Answer:
    found = account.albums()
    return Answer(data=[asdict(album) for album in found], text=lambda: _show(found))


def _show(found: Sequence[AccountAlbum]) -> None:
    if found:
        rows = [(album.id, album.title, album.photos, "yes" if album.chosen else "no") for album in found]
        print_table(("id", "title", "photos", "fetched"), rows)
    say(f"{counted(len(found), 'album')}.")
