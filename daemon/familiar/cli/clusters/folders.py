"""familiar clusters export, import: review clusters as folders of crops, with any file manager."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from familiar.api.library import Library
from familiar.cli.console.command import Answer, command, pass_library, wants_json
from familiar.cli.console.output import print_table, say
from familiar.cli.console.parameters import PathType, quality_option
from familiar.plurals import counted

if TYPE_CHECKING:
    from familiar.library.clusters.folders.export import Exported
    from familiar.library.clusters.folders.folder_import import FolderImport
    from familiar.library.clusters.folders.imports import ChangeResult
    from familiar.library.clusters.folders.plan import ImportPlan

_SHOWN = 200
"""Rows of a plan that people are shown: of what is done, of what is left, and of what is refused."""

_COLUMNS = ("what", "faces", "from", "to", "because")


@command(epilog="Example: familiar clusters export ~/faces")
@click.argument("folder", type=PathType())
@click.option("--cluster", "wanted", type=int, multiple=True, help="Export only this cluster; repeatable.")
@click.option("--unnamed", is_flag=True, help="Export only clusters without a name.")
@click.option(
    "--max", "most", type=click.IntRange(min=1), help="Largest number of faces of a cluster, the most typical first."
)
@quality_option
@click.option("--again", is_flag=True, help="Replace what was exported into FOLDER before.")
@pass_library
def export(
    library: Library,
    folder: Path,
    *,
    wanted: tuple[int, ...],
    unnamed: bool,
    most: int | None,
    min_quality: float,
    again: bool,
) -> Answer:
    """Write a crop of each face into FOLDER, sorted by clusters.

    Rename the folders, and move or delete crops, with any file manager. `familiar clusters import FOLDER` then shows
    what the changes mean, and applies them. Photos are never touched.
    """
    exported = library.clusters.export(
        folder, clusters=wanted, unnamed=unnamed, most=most, min_quality=min_quality, again=again
    )
    return Answer(data=_exported_as_json(folder, exported), text=lambda: _show_exported(folder, exported))


@command("import", epilog="Example: familiar clusters import ~/faces --dry-run")
@click.argument("folder", type=PathType())
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing.")
@pass_library
def import_(library: Library, folder: Path, *, yes: bool, dry_run: bool) -> Answer:
    """Show what was changed in FOLDER since the export, and apply it.

    A renamed folder gives its cluster that name. A moved crop belongs to the other folder. A deleted crop does not
    belong to its cluster. Crops in _ignore are ignored, and crops in _not-a-face are not faces. A folder that is gone
    as a whole changes nothing. Each change is an event of `familiar clusters log`, and can be undone.
    """
    wanted = library.clusters.plan_import(folder)
    if not wants_json():
        _show_plan(wanted.plan)
    results = None
    if wanted.plan.changes and not dry_run and (yes or _is_confirmed(wanted.plan)):
        results = library.clusters.apply_import(wanted)
    failed = [result for result in results or () if result.error is not None]
    return Answer(
        data=_import_as_json(wanted, results),
        text=lambda: _show_import(wanted.plan, results, failed, dry_run=dry_run),
        failed=bool(failed or wanted.plan.refused),
    )


def _exported_as_json(folder: Path, exported: "Exported") -> dict[str, Any]:
    faces, folders = exported.manifest.faces, exported.manifest.folders
    listed = [
        {
            "folder": name,
            "person": one.person,
            "clusters": one.clusters,
            "faces": [face for face, where in faces.items() if where.folder == name],
        }
        for name, one in folders.items()
    ]
    return {"folder": folder, "folders": listed, "without_photo": exported.without, "kept": exported.kept}


def _show_exported(folder: Path, exported: "Exported") -> None:
    from familiar.library.clusters.folders.manifest import IGNORE, NOT_A_FACE  # noqa: PLC0415 - it needs pydantic

    faces, folders = len(exported.manifest.faces), len(exported.manifest.folders)
    say(f"Exported {counted(faces, 'face')} into {counted(folders, 'folder')} of {folder}.")
    if exported.without:
        say(f"Not exported: {counted(len(exported.without), 'face')}, whose photos are gone or can't be read.")
    if exported.kept:
        say(_kept(exported.kept))
    say(
        f"Rename folders, move or delete crops, put folders into {IGNORE} or crops into {NOT_A_FACE}; then run: "
        f"familiar clusters import {folder}"
    )


def _kept(paths: Sequence[str]) -> str:
    shown = ", ".join(paths[:_SHOWN]) + (" ..." if len(paths) > _SHOWN else "")
    if len(paths) == 1:
        return f"1 file was changed since the export and is kept: {shown}"
    return f"{len(paths)} files were changed since the export and are kept: {shown}"


def _is_confirmed(plan: "ImportPlan") -> bool:
    """Ask, if there is somebody to ask."""
    if wants_json() or not sys.stdin.isatty():
        return False
    return click.confirm(f"Apply {counted(len(plan.changes), 'change')}?", err=True)


def _show_plan(plan: "ImportPlan") -> None:
    parts: tuple[list[tuple[object, ...]], ...] = (
        [(one.what, len(one.faces), ", ".join(one.origin), one.target, one.note) for one in plan.changes],
        [("unchanged", one.faces, one.folder, "", one.reason) for one in plan.left],
        [("refused", "", one.path, "", one.reason) for one in plan.refused],
    )
    rows = [row for part in parts for row in part[:_SHOWN]]
    if rows:
        print_table(_COLUMNS, rows, right=("faces",))
    if (more := sum(map(len, parts)) - len(rows)) > 0:
        say(f"... and {more} more; --json prints all.")


def _show_import(
    plan: "ImportPlan", results: "Sequence[ChangeResult] | None", failed: "Sequence[ChangeResult]", *, dry_run: bool
) -> None:
    """Say what came of a plan that was shown before."""
    if not plan.changes:
        say(f"Nothing to do{f'; {len(plan.refused)} refused' if plan.refused else ''}.")
        return
    if results is None:
        say("Nothing was done." if dry_run or sys.stdin.isatty() else "Nothing was done; --yes applies the changes.")
        return
    if failed:
        columns = ("not done", "from", "to", "because")
        rows = [(one.change.what, ", ".join(one.change.origin), one.change.target, one.error) for one in failed]
        print_table(columns, rows)
    done = len(results) - len(failed)
    say(f"{done} done, {len(failed)} not done, {len(plan.refused)} refused; `familiar clusters log` shows the events.")


def _import_as_json(wanted: "FolderImport", results: "Sequence[ChangeResult] | None") -> dict[str, Any]:
    from familiar.library.clusters.folders.imports import ChangeResult  # noqa: PLC0415 - as above

    plan = wanted.plan
    return {
        "folder": wanted.folder,
        "done": results is not None,
        "changes": [
            {
                "what": one.change.what,
                "faces": one.change.faces,
                "from": one.change.origin,
                "to": one.change.target,
                "note": one.change.note,
                "events": one.events,
                "error": one.error,
            }
            for one in results or [ChangeResult(change=change) for change in plan.changes]
        ],
        "left": [{"folder": one.folder, "faces": one.faces, "reason": one.reason} for one in plan.left],
        "refused": [{"path": one.path, "reason": one.reason} for one in plan.refused],
    }
