"""familiar plan: what the rules would do. Nothing is touched."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from familiar.cli.console.output import FAILED, json_option, print_json, print_table, progress_bar, reported, say
from familiar.cli.console.parameters import PathType
from familiar.cli.context import Context, folders_of, pass_context
from familiar.cli.photos import photos_in
from familiar.library.indexing import Indexer
from familiar.library.plan_previews import PlanPreview, PlanPreviews
from familiar.library.planning import Planner
from familiar.library.recognition import Recogniser
from familiar.library.reencoding import Reencoder
from familiar.library.scoring import PercentileIndex
from familiar.library.sources import folder_source
from familiar.logs import open_log
from familiar.model import Box, Crop, Link, Operation, Plan, destination_of
from familiar.rules.planning import Rules
from familiar.settings import FolderSettings, Settings
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers


@click.command(epilog="Example: familiar plan ~/Pictures/inbox")
@click.argument("paths", nargs=-1, type=PathType())
@json_option
@pass_context
def plan(context: Context, paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Show what the rules would do; touch nothing.

    PATHS are folders and files, by default the configured folders. Photos that are not known yet are looked at and
    remembered; no file is touched, and no photo counts as handled.
    """
    with reported():
        settings = context.settings()
        folders = folders_of(paths, settings, files=True)
        rules = context.rules(context.needed_rules_path(settings))
        with context.store(create=True) as store:
            planned = asyncio.run(_plan(context, store, settings, rules, folders, quiet=as_json))
    if as_json:
        print_json(
            {
                "plans": [_plan_as_json(path, made) for path, made in planned.plans.items()],
                "copies": [{"path": path, "of": original} for path, original in planned.copies],
                "failed": [{"path": path, "reason": reason} for path, reason in planned.failed],
            }
        )
    else:
        _show(planned)
    if planned.failed:
        raise SystemExit(FAILED)


def _plan_as_json(path: Path, made: PlanPreview) -> dict[str, Any]:
    """Return a plan, and the faces that it was made for, for programs; `time` and `times` are seconds of a video."""
    return {
        "path": path,
        "faces": [
            {
                "person": each.person,
                "distance": each.match.distance if each.match is not None else None,
                "box": _box_as_json(each.face.box),
                "time": each.face.time,
                "times": each.face.times,
            }
            for each in made.faces
        ],
        "operations": [_operation_as_json(operation) for operation in made.plan.operations],
        "refusals": [{"rule": no.rule, "kind": no.kind, "reason": no.reason} for no in made.plan.refusals],
    }


def _box_as_json(box: Box) -> list[int]:
    return [box.left, box.top, box.right, box.bottom]


async def _plan(
    context: Context, store: Store, settings: Settings, rules: Rules, folders: Sequence[FolderSettings], *, quiet: bool
) -> PlanPreviews:
    recogniser = Recogniser(store, settings.matching, settings.vision.model)
    paths = photos_in(folders)
    async with Workers(settings=settings.vision, models=context.models, tasks=len(paths)) as workers:
        log = open_log(sys.stderr, level="error")
        reencoder = Reencoder(store=store, workers=workers, model=recogniser.model, log=log)
        await reencoder.reencode_references()
        percentiles = PercentileIndex(store, settings.matching, settings.vision.model)
        previews = PlanPreviews(
            store=store,
            indexer=Indexer(store=store, workers=workers),
            recogniser=recogniser,
            planner=Planner(rules=lambda: rules, percentiles=percentiles),
            source_of=lambda path: folder_source(path, folders),
        )
        with progress_bar("looking at photos", hidden=quiet) as progress:
            await previews.add_all(paths, progress)
    return previews


def _show(planned: PlanPreviews) -> None:
    rows = [row for path, made in planned.plans.items() for row in _rows(path, made.plan)]
    if rows:
        print_table(("photo", "rule", "would", "to"), rows)
    if planned.copies:
        print_table(("photo", "is a copy, left as it is, of"), planned.copies)
    if planned.failed:
        print_table(("photo", "can't be planned because"), planned.failed)
    operations = sum(len(made.plan.operations) for made in planned.plans.values())
    say(f"{len(planned.plans)} photos, {operations} operations. Nothing was touched.")


def _rows(path: Path, made: Plan) -> Iterator[tuple[object, ...]]:
    for operation in made.operations:
        yield path, operation.rule, operation.kind, destination_of(operation)
    for refusal in made.refusals:
        yield path, refusal.rule, f"not {refusal.kind}", refusal.reason


def _operation_as_json(operation: Operation) -> dict[str, Any]:
    shown: dict[str, Any] = {"kind": operation.kind, "rule": operation.rule, "target": destination_of(operation)}
    match operation:
        case Crop(box=box, margin=margin, size=size, time=at):
            shown |= {"box": _box_as_json(box), "margin": margin, "size": size, "time": at}
        case Link(symbolic=symbolic):
            shown |= {"symbolic": symbolic}
    return shown
