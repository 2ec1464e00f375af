"""familiar disks: the disks of the folders that familiar reads from and writes to."""

from dataclasses import asdict
from pathlib import Path

import click

from familiar.api.library import Library
from familiar.cli.console.command import Answer, Group, pass_library
from familiar.cli.console.output import print_table, say
from familiar.cli.console.parameters import PathType


@click.group(cls=Group)
def disks() -> None:
    """Show on which disks the known folders lie, and accept a change of disk."""


@disks.command("list", epilog="Example: familiar disks list")
@pass_library
def list_(library: Library) -> Answer:
    """Show each watched folder and each target with its disk.

    Exits with 1 if operations on one of them wait for its disk.
    """
    known = library.disks.all()
    rows = [(one.folder, one.disk, "online" if one.trouble is None else f"offline: {one.trouble}") for one in known]
    return Answer(
        data=[asdict(one) for one in known],
        text=lambda: print_table(("folder", "disk", "state"), rows),
        failed=any(one.trouble for one in known),
    )


@disks.command(epilog="Example: familiar disks trust /mnt/photos")
@click.argument("folder", type=PathType())
@pass_library
def trust(library: Library, folder: Path) -> Answer:
    """Accept the disk that FOLDER lies on now, and the place that a link there leads to.

    Needed after a disk was replaced on purpose. Operations that wait for FOLDER are carried out. In a watched folder,
    photos that are missing count as gone; their faces and names are kept.
    """
    trusted = library.disks.trust(folder)
    return Answer(data=asdict(trusted), text=lambda: say(f"{trusted.folder}: on {trusted.disk}"))
