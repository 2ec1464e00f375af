"""familiar sidecars: names and faces in XMP files beside the photos, for other programs and from them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from familiar.api.library import Library
from familiar.api.sidecars import SidecarReadings, WrittenSidecars
from familiar.cli.console.command import Answer, Group, pass_library
from familiar.cli.console.output import print_table, say
from familiar.cli.console.parameters import PathType
from familiar.cli.console.steps import failures_of, step_as_json, summarise
from familiar.library.sidecars.preview import SidecarPreview


@click.group(cls=Group)
def sidecars() -> None:
    """Write names and faces into XMP files beside the photos, or read what others wrote there."""


@sidecars.command(epilog="Example: familiar sidecars plan ~/Pictures/2019")
@click.argument("paths", nargs=-1, type=PathType())
@pass_library
def plan(library: Library, paths: tuple[Path, ...]) -> Answer:
    """Show which sidecars `write` would make or change; touch nothing.

    PATHS are folders and files, which are looked through first; by default it is about all photos that were scanned.
    """
    previews = library.sidecars.plan(paths)
    shown = [one for one in previews if one.change != "as it is"]

    def show() -> None:
        if shown:
            rows = [(one.sidecar, one.change, one.reason or ", ".join(one.names)) for one in shown]
            print_table(("sidecar", "would be", "says"), rows)
        say(f"{len(shown)} sidecars, {len(previews) - len(shown)} as they are. Nothing was touched.")

    failed = any(one.change == "failed" for one in previews)
    return Answer(data=[_as_json(one) for one in shown], text=show, failed=failed)


@sidecars.command(epilog="Example: familiar sidecars write ~/Pictures/2019")
@click.argument("paths", nargs=-1, type=PathType())
@pass_library
def write(library: Library, paths: tuple[Path, ...]) -> Answer:
    """Write who is on each photo, and where, into its sidecar, beside what others wrote there.

    PATHS are folders and files, which are looked through first; by default it is about all photos that were scanned.
    `plan` shows beforehand what is written. What another program wrote is never changed. All of it can be undone:
    familiar undo --last.
    """
    written = library.sidecars.write(paths)
    data = {
        "operations": [step_as_json(step) for step in written.steps],
        "failed": [_as_json(one) for one in written.failed],
    }
    failed = bool(written.failed or failures_of(written.steps))
    return Answer(data=data, text=lambda: _show_written(written), failed=failed)


@sidecars.command(epilog="Example: familiar sidecars read ~/Pictures/2019")
@click.argument("paths", nargs=-1, type=PathType())
@pass_library
def read(library: Library, paths: tuple[Path, ...]) -> Answer:
    """Take the named faces in the sidecars of other programs for confirmed.

    PATHS are folders and files, which are looked through first; by default it is about all photos that were scanned.
    Sidecars that are as they were when they were read last are not read again. What comes of each is undone by itself:
    familiar clusters log, familiar clusters undo.
    """
    told = library.sidecars.read(paths)
    return Answer(data=asdict(told), text=lambda: _show_read(told), failed=bool(told.failed))


def _show_written(written: WrittenSidecars) -> None:
    if written.failed:
        print_table(("sidecar", "left as it is because"), [(one.sidecar, one.reason) for one in written.failed])
    summarise(written.steps, "sidecars written", there=written.unchanged, left=len(written.failed))


def _show_read(told: SidecarReadings) -> None:
    confirmed = [(one.sidecar, ", ".join(one.confirmed)) for one in told.read if one.confirmed]
    left = [(one.sidecar, reason) for one in told.read for reason in one.left]
    if confirmed:
        print_table(("sidecar", "confirmed"), confirmed)
    if left:
        print_table(("sidecar", "left as it is"), left)
    if told.failed:
        print_table(("sidecar", "can't be read because"), [(one.sidecar, one.reason) for one in told.failed])
    say(f"{len(confirmed)} sidecars named faces, {len(told.failed)} can't be read.")


def _as_json(one: SidecarPreview) -> dict[str, Any]:
    return {
        "photo": one.path,
        "sidecar": one.sidecar,
        "change": one.change,
        "names": one.names,
        "reason": one.reason,
    }
