"""familiar sidecars: names and faces in XMP files next to the photos, to and from other programs."""

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
from familiar.plurals import counted


@click.group(cls=Group)
def sidecars() -> None:
    """Write names and faces to XMP sidecars, or read those of other programs."""


@sidecars.command(epilog="Example: familiar sidecars plan ~/Pictures/2019")
@click.argument("paths", nargs=-1, type=PathType())
@pass_library
def plan(library: Library, paths: tuple[Path, ...]) -> Answer:
    """Show which sidecars `write` would create or change; touch nothing.

    PATHS are folders and files, which are scanned first; the default is all known photos.
    """
    previews = library.sidecars.plan(paths)
    shown = [one for one in previews if one.change != "unchanged"]

    def show() -> None:
        if shown:
            rows = [(one.sidecar, one.change, one.reason or ", ".join((*one.names, *_title(one)))) for one in shown]
            print_table(("sidecar", "change", "names and title"), rows)
        say(f"{counted(len(shown), 'sidecar')}, {len(previews) - len(shown)} unchanged. Nothing was touched.")

    failed = any(one.change == "failed" for one in previews)
    return Answer(data=[_as_json(one) for one in shown], text=show, failed=failed)


@sidecars.command(epilog="Example: familiar sidecars write ~/Pictures/2019")
@click.argument("paths", nargs=-1, type=PathType())
@pass_library
def write(library: Library, paths: tuple[Path, ...]) -> Answer:
    """Write the names and face areas of each photo into its sidecar, and keep what others wrote there.

    PATHS are folders and files, which are scanned first; the default is all known photos. Use `plan` to see the changes
    beforehand. What another program wrote is never changed. To undo: familiar undo --last.
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
    """Confirm faces that other programs named in sidecars.

    PATHS are folders and files, which are scanned first; the default is all known photos. Sidecars that have not
    changed since they were last read are skipped. The confirmations of each sidecar can be undone: see familiar
    clusters log and familiar clusters undo.
    """
    told = library.sidecars.read(paths)
    return Answer(data=asdict(told), text=lambda: _show_read(told), failed=bool(told.failed))


def _show_written(written: WrittenSidecars) -> None:
    if written.failed:
        print_table(("sidecar", "not written because"), [(one.sidecar, one.reason) for one in written.failed])
    summarise(written.steps, "written", there=written.unchanged, left=len(written.failed))


def _show_read(told: SidecarReadings) -> None:
    confirmed = [(one.sidecar, ", ".join(one.confirmed)) for one in told.read if one.confirmed]
    left = [(one.sidecar, reason) for one in told.read for reason in one.left]
    if confirmed:
        print_table(("sidecar", "confirmed"), confirmed)
    if left:
        print_table(("sidecar", "not confirmed because"), left)
    if told.failed:
        print_table(("sidecar", "can't be read because"), [(one.sidecar, one.reason) for one in told.failed])
    say(f"{counted(len(confirmed), 'sidecar')} with confirmed faces, {len(told.failed)} unreadable.")


def _title(one: SidecarPreview) -> tuple[str, ...]:
    return (f"{one.title!r}",) if one.title else ()


def _as_json(one: SidecarPreview) -> dict[str, Any]:
    return {
        "photo": one.path,
        "sidecar": one.sidecar,
        "change": one.change,
        "names": one.names,
        "title": one.title,
        "reason": one.reason,
    }
