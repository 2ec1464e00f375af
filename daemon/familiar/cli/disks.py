"""familiar disks: the disks of the folders that familiar reads from and writes to."""

from pathlib import Path

import click

from familiar.cli.console.output import FAILED, json_option, print_json, print_table, reported, say
from familiar.cli.console.parameters import PathType
from familiar.cli.context import Context, pass_context
from familiar.effects.disks import Disks, NoKnownFolders
from familiar.errors import NoStoreError
from familiar.library.targets import Target, known_places, targets
from familiar.library.targets import trust as trust_folder
from familiar.rules.planning import Rules


@click.group()
def disks() -> None:
    """Show on which disks the known folders lie, and accept a change of disk."""


@disks.command(name="list", epilog="Example: familiar disks list")
@json_option
@pass_context
def list_(context: Context, *, as_json: bool) -> None:
    """Show each watched folder and each target with its disk.

    Exits with 1 if operations on one of them wait for its disk.
    """
    with reported(), context.store() as store:
        known = list(known_places(store, Disks(store.places)))
    if as_json:
        print_json([target_as_json(one) for one in known])
    else:
        rows = [(one.folder, one.disk, "online" if one.trouble is None else f"offline: {one.trouble}") for one in known]
        print_table(("folder", "disk", "state"), rows)
    if any(one.trouble for one in known):
        raise SystemExit(FAILED)


@disks.command(epilog="Example: familiar disks trust /mnt/photos")
@click.argument("folder", type=PathType())
@json_option
@pass_context
def trust(context: Context, folder: Path, *, as_json: bool) -> None:
    """Accept the disk that FOLDER lies on now, and the place that a link there leads to.

    Needed after a disk was replaced on purpose. Operations that wait for FOLDER are carried out. In a watched folder,
    photos that are missing count as gone; their faces and names are kept.
    """
    with reported(), context.store() as store:
        trusted = trust_folder(store, Disks(store.places), folder)
    if as_json:
        print_json(target_as_json(trusted))
    else:
        say(f"{trusted.folder}: on {trusted.disk}")


def targets_of(context: Context, rules: Rules) -> list[Target]:
    """Return the folders that rules put photos into, each with its disk; without a store none is known before."""
    try:
        with context.store() as store:
            return list(targets(Disks(store.places), rules.tops()))
    except NoStoreError:
        return list(targets(Disks(NoKnownFolders()), rules.tops()))


def target_as_json(target: Target) -> dict[str, object]:
    """Return a folder with its disk for programs."""
    return {"folder": target.folder, "disk": target.disk, "trouble": target.trouble}
