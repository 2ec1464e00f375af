"""familiar clusters export, import: review clusters as folders of crops, with any file manager."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from familiar.cli.console.output import (
    FAILED,
    CommandError,
    json_option,
    print_json,
    print_table,
    progress_bar,
    reported,
    say,
)
from familiar.cli.console.parameters import PathType
from familiar.cli.context import Context, pass_context
from familiar.cli.rematching import rematch
from familiar.errors import RetryError, UsageError
from familiar.library.clusters.folders.contents import read_folder
from familiar.library.clusters.folders.diff import plan_changes
from familiar.library.clusters.folders.export import (
    Exported,
    FolderExport,
    check_target,
    choose_portions,
    export_crops,
    refuse_watched,
)
from familiar.library.clusters.folders.imports import ChangeResult, carry_out, read_snapshot, settle
from familiar.library.clusters.folders.manifest import (
    IGNORE,
    MANIFEST_NAME,
    NOT_A_FACE,
    ClusterManifest,
    read_manifest,
    write_manifest,
)
from familiar.library.clusters.folders.plan import FolderContents, ImportPlan
from familiar.library.clusters.folders.recovery import recover
from familiar.library.clusters.folders.replacement import PreviousExport, check_unchanged, former_of
from familiar.library.thumbnails import FaceThumbnails
from familiar.settings import FolderSettings, Settings
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_SHOWN = 200
"""Rows of a plan that people are shown: of what is done, of what is left, and of what is refused."""

_COLUMNS = ("what", "faces", "from", "to", "because")


@click.command(epilog="Example: familiar clusters export ~/faces")
@click.argument("folder", type=PathType())
@click.option("--cluster", "wanted", type=click.IntRange(1, 2**62), multiple=True, help="Only this one; repeatable.")
@click.option("--unnamed", is_flag=True, help="Only clusters without a name.")
@click.option("--max", "most", type=click.IntRange(min=1), help="Faces of a cluster, the most typical first.")
@click.option("--again", is_flag=True, help="Replace what was exported into FOLDER before.")
@json_option
@pass_context
def export(
    context: Context,
    folder: Path,
    *,
    wanted: tuple[int, ...],
    unnamed: bool,
    most: int | None,
    again: bool,
    as_json: bool,
) -> None:
    """Write a crop of each face into FOLDER, sorted by clusters.

    Rename the folders there, move, copy in and delete crops with any file manager; `familiar clusters import FOLDER`
    then says what that means, and does it. Photos are never touched.
    """
    with reported():
        if wanted and unnamed:
            raise UsageError("--cluster and --unnamed do not go together: say which clusters, or all without a name.")
        settings = context.settings()
        with context.store() as store:
            known = [FolderSettings(path=root.path) for root in store.roots.all()]
            refuse_watched(folder, [*settings.folders, *known])
            former = _prepare(store, folder, again=again)
            portions = choose_portions(store, wanted=wanted, unnamed=unnamed, most=most)
            if not portions:
                raise CommandError("There are no clusters to export; `familiar clusters run` groups faces.")
            exported = asyncio.run(_export(context, store, settings, folder, portions, former, quiet=as_json))
    _show_exported(folder, exported, as_json=as_json)


@click.command("import", epilog="Example: familiar clusters import ~/faces --dry-run")
@click.argument("folder", type=PathType())
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@json_option
@pass_context
def import_(context: Context, folder: Path, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Find out what was changed in FOLDER since the export, show it, and do it.

    A renamed folder is a name, a moved crop belongs to the other folder, a deleted one does not belong where it was,
    and what lies in _ignore or _not-a-face is just that. What is gone as a whole folder is left as it is. All of it is
    in `familiar clusters log`, and can be undone.
    """
    with reported():
        settings = context.settings()
        recover(folder)
        manifest = read_manifest(folder)
        with context.store() as store:
            with progress_bar("looking at crops", hidden=as_json) as progress:
                lying = read_folder(folder, progress)
            plan = _plan(store, folder, manifest, lying)
            if not as_json:
                _show_plan(plan)
            if not plan.changes or dry_run or not (yes or _is_wanted(plan, as_json=as_json)):
                _end(folder, plan, None, as_json=as_json, dry_run=dry_run)
                return
            if read_manifest(folder) != manifest or _plan(store, folder, manifest, lying) != plan:
                raise UsageError("Clusters were changed meanwhile, so nothing was done; import again.")
            outcomes = _carry_out(store, settings, plan, quiet=as_json)
            rematch(context, store, settings, quiet=as_json)
            percentile_rank = read_snapshot(store, manifest, lying)
            _remember(folder, manifest, settle(manifest, lying, plan, outcomes, percentile_rank))
    _end(folder, plan, outcomes, as_json=as_json, dry_run=dry_run)


def _prepare(store: Store, folder: Path, *, again: bool) -> PreviousExport | None:
    """Check that crops can be written into a folder; return what was exported into it before."""
    recover(folder)
    if not os.path.lexists(folder / MANIFEST_NAME):
        check_target(folder)
        return None
    manifest = read_manifest(folder)
    if not again:
        raise UsageError(
            f"{folder}: was exported before; `familiar clusters import {folder}` takes the changes from it, and "
            "`export --again` replaces it."
        )
    lying = read_folder(folder)
    plan = _plan(store, folder, manifest, lying)
    if plan.changes:
        raise UsageError(
            f"{folder}: has {len(plan.changes)} changes that were not imported; "
            f"`familiar clusters import {folder}` first, or export into an empty folder."
        )
    if plan.refused:
        first = plan.refused[0]
        raise UsageError(f"{folder}: {first.path} is not ours to replace: {first.reason}; take it out of there first.")
    return former_of(manifest, lying)


def _plan(store: Store, folder: Path, manifest: ClusterManifest, lying: FolderContents) -> ImportPlan:
    percentile_rank = read_snapshot(store, manifest, lying)
    faces = manifest.faces.items()
    if faces and not any(percentile_rank.photos.get(face) == exported.photo for face, exported in faces):
        raise UsageError(f"{folder}: was exported from another store; none of its faces is known here.")
    return plan_changes(manifest, lying, percentile_rank)


async def _export(
    context: Context,
    store: Store,
    settings: Settings,
    folder: Path,
    portions: Sequence[FolderExport],
    former: PreviousExport | None,
    *,
    quiet: bool,
) -> Exported:
    tasks = sum(len(portion.faces) for portion in portions)
    async with Workers(settings=settings.vision, models=context.models, tasks=tasks) as workers:
        with progress_bar("cutting out faces", hidden=quiet) as progress:
            return await export_crops(folder, portions, FaceThumbnails(store=store, workers=workers), progress, former)


def _show_exported(folder: Path, exported: Exported, *, as_json: bool) -> None:
    faces, folders = exported.manifest.faces, exported.manifest.folders
    if as_json:
        listed = [
            {
                "folder": name,
                "person": one.person,
                "clusters": one.clusters,
                "faces": [face for face, where in faces.items() if where.folder == name],
            }
            for name, one in folders.items()
        ]
        print_json({"folder": folder, "folders": listed, "without_photo": exported.without, "kept": exported.kept})
        return
    say(f"{len(faces)} faces are in {len(folders)} folders of {folder}.")
    if exported.without:
        say(f"{len(exported.without)} more stay where they are: their photos are gone, or can't be read.")
    if exported.kept:
        say(_kept(exported.kept))
    say(
        f"Rename folders to names, move and delete crops, put folders into {IGNORE} or crops into {NOT_A_FACE}; then: "
        f"familiar clusters import {folder}"
    )


def _kept(paths: Sequence[str]) -> str:
    shown = ", ".join(paths[:_SHOWN]) + (" ..." if len(paths) > _SHOWN else "")
    if len(paths) == 1:
        return f"1 file stays, as it is not what was exported: {shown}"
    return f"{len(paths)} files stay, as they are not what was exported: {shown}"


def _carry_out(store: Store, settings: Settings, plan: ImportPlan, *, quiet: bool) -> list[ChangeResult]:
    with progress_bar("deciding", hidden=quiet) as progress:
        return carry_out(store, plan.changes, model=settings.vision.model, progress=progress)


def _remember(folder: Path, before: ClusterManifest, manifest: ClusterManifest) -> None:
    """Write down what lies where now, unless another command has exported there since."""
    try:
        check_unchanged(folder, before)
        write_manifest(folder, manifest)
    except RetryError as error:
        raise RetryError(f"All is done and in `familiar clusters log`, but {error}; export again.") from error
    except UsageError as error:
        raise RetryError(f"All is done and in `familiar clusters log`, but {error}") from error


def _is_wanted(plan: ImportPlan, *, as_json: bool) -> bool:
    """Ask, if there is somebody to ask."""
    if as_json or not sys.stdin.isatty():
        return False
    return click.confirm(f"Do that? ({len(plan.changes)} changes)", err=True)


def _show_plan(plan: ImportPlan) -> None:
    parts: tuple[list[tuple[object, ...]], ...] = (
        [(one.what, len(one.faces), ", ".join(one.origin), one.target, one.note) for one in plan.changes],
        [("left as it is", one.faces, one.folder, "", one.reason) for one in plan.left],
        [("refused", "", one.path, "", one.reason) for one in plan.refused],
    )
    rows = [row for part in parts for row in part[:_SHOWN]]
    if rows:
        print_table(_COLUMNS, rows, right=("faces",))
    if (more := sum(map(len, parts)) - len(rows)) > 0:
        say(f"... and {more} more; --json gives all.")


def _end(
    folder: Path, plan: ImportPlan, outcomes: Sequence[ChangeResult] | None, *, as_json: bool, dry_run: bool
) -> None:
    """Say what came of it, and end with the exit code that tells."""
    failed = [outcome for outcome in outcomes or () if outcome.error is not None]
    if as_json:
        print_json(_as_json(folder, plan, outcomes))
    elif not plan.changes:
        say(f"Nothing to do{f'; {len(plan.refused)} refused' if plan.refused else ''}.")
    elif outcomes is None:
        say("Nothing was done." if dry_run or sys.stdin.isatty() else "Nothing was done; --yes does it.")
    else:
        if failed:
            columns = ("not done", "from", "to", "because")
            rows = [(one.change.what, ", ".join(one.change.origin), one.change.target, one.error) for one in failed]
            print_table(columns, rows)
        done = len(outcomes) - len(failed)
        say(f"{done} done, {len(failed)} not done, {len(plan.refused)} refused; `familiar clusters undo` takes back.")
    if failed or plan.refused:
        raise SystemExit(FAILED)


def _as_json(folder: Path, plan: ImportPlan, outcomes: Sequence[ChangeResult] | None) -> dict[str, object]:
    results = outcomes or [ChangeResult(change=change) for change in plan.changes]
    return {
        "folder": folder,
        "done": outcomes is not None,
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
            for one in results
        ],
        "left": [{"folder": one.folder, "faces": one.faces, "reason": one.reason} for one in plan.left],
        "refused": [{"path": one.path, "reason": one.reason} for one in plan.refused],
    }
