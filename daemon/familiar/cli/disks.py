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
    """Show the disk of each known folder, and accept a change of disk."""


@disks.command("list", epilog="Example: familiar disks list")
@pass_library
def list_(library: Library) -> Answer:
    """List each watched folder and each target with its disk.

    Exits with 1 if operations wait for one of these disks.
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
    """Accept the disk that FOLDER is on now, and the target of a link there.

    Use it after you replaced a disk. Operations that wait for FOLDER are carried out. Photos that are missing from a
    watched folder count as gone; their faces and names are kept.
    """
    trusted = library.disks.trust(folder)
    return Answer(data=asdict(trusted), text=lambda: say(f"{trusted.folder}: on {trusted.disk}"))
