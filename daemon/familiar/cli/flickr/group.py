"""familiar flickr: the commands for a Flickr account."""

import click

from familiar.cli.console.command import Group
from familiar.cli.flickr.adopt import adopt
from familiar.cli.flickr.albums import albums
from familiar.cli.flickr.login import login
from familiar.cli.flickr.push import push
from familiar.cli.flickr.status import status
from familiar.cli.flickr.sync import sync


@click.group(cls=Group)
def flickr() -> None:
    """Fetch photos from a Flickr account, and send tags back to it."""


flickr.add_command(login)
flickr.add_command(status)
flickr.add_command(albums)
flickr.add_command(sync)
flickr.add_command(push)
flickr.add_command(adopt)
