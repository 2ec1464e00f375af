"""familiar flickr: an account on Flickr, both ways."""

import click

from familiar.cli.console.command import Group
from familiar.cli.flickr.login import login
from familiar.cli.flickr.push import push
from familiar.cli.flickr.status import status
from familiar.cli.flickr.sync import sync


@click.group(cls=Group)
def flickr() -> None:
    """Photos from an account on Flickr, and tags back to it."""


flickr.add_command(login)
flickr.add_command(status)
flickr.add_command(sync)
flickr.add_command(push)
