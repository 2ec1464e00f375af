"""familiar workers: other machines that analyse photos."""

from dataclasses import asdict
from pathlib import Path

import click

from familiar.api.library import Library
from familiar.cli.console.command import Answer, Group, pass_library
from familiar.cli.console.output import local_time, say
from familiar.cli.console.parameters import PathType
from familiar.cli.console.remote_workers import show_workers


@click.group(cls=Group)
def workers() -> None:
    """Let other machines analyse photos, as workers of Dask."""


@workers.command("list", epilog="Example: familiar workers list")
@pass_library
def list_(library: Library) -> Answer:
    """Show the workers that the configured scheduler knows, and why one gets no photos.

    Exits with 1 if none can be used.
    """
    found = library.workers.list()
    return Answer(data=asdict(found), text=lambda: show_workers(found), failed=found.reason is not None)


@workers.command(epilog="Example: familiar workers certificates ~/familiar-certificates")
@click.argument("folder", metavar="DIR", type=PathType())
@click.option("--days", type=click.IntRange(1, 3650), default=825, show_default=True, help="How long they are valid.")
@click.option("--renew", is_flag=True, help="Make new certificates by the authority in DIR.")
@pass_library
def certificates(library: Library, folder: Path, *, days: int, renew: bool) -> Answer:
    """Make certificates for a scheduler, for workers and for this machine, in the new folder DIR.

    Each machine gets ca.pem and the two files of its role. Anyone who has one of them can run anything on
    all the machines: copy them over encrypted connections only, and keep ca-key.pem on this machine.
    """
    made = library.workers.make_certificates(folder, days=days, renew=renew)
    return Answer(
        data=asdict(made), text=lambda: say(f"{made.folder}: certificates, valid until {local_time(made.expire_at)}.")
    )
