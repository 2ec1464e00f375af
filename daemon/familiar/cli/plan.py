"""familiar plan: what the rules would do, without touching a file."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from familiar.api.library import Library
from familiar.api.rules import PlannedPhotos
from familiar.cli.console.command import Answer, command, pass_library
from familiar.cli.console.output import print_table, say
from familiar.cli.console.parameters import PathType
from familiar.cli.console.unmatched import note_unmatched
from familiar.effects.kinds.catalogue import EVERY_KIND
from familiar.library.plan_previews import PlanPreview
from familiar.model import Box
from familiar.plurals import counted


@command(epilog="Example: familiar plan ~/Pictures/inbox")
@click.argument("paths", nargs=-1, type=PathType())
@pass_library
def plan(library: Library, paths: tuple[Path, ...]) -> Answer:
    """Show what the rules would do; touch nothing.

    PATHS are folders and files, by default the configured folders. Faces in photos that are not known yet are found
    and remembered; no file is touched, and the rules still apply to these photos later.
    """
    found = library.plan(*paths)
    data = {
        "plans": [_plan_as_json(path, preview) for path, preview in found.plans.items()],
        "copies": [{"path": path, "of": original} for path, original in found.copies],
        "failed": [{"path": path, "reason": reason} for path, reason in found.failed],
        "unmatched_people": [asdict(one) for one in found.unmatched_people],
    }
    return Answer(data=data, text=lambda: _show(found), failed=bool(found.failed))


def _show(found: PlannedPhotos) -> None:
    rows = [row for path, preview in found.plans.items() for row in _rows(path, preview)]
    if rows:
        print_table(("photo", "rule", "would", "to"), rows)
    if found.copies:
        print_table(("unchanged", "copy of"), found.copies)
    if found.failed:
        print_table(("can't be planned", "because"), found.failed)
    note_unmatched(found.unmatched_people)
    operations = sum(len(preview.plan.operations) for preview in found.plans.values())
    companions = sum(len(preview.companions) for preview in found.plans.values())
    along = f" and {counted(companions, 'companion')}" if companions else ""
    say(f"{counted(len(found.plans), 'photo')}{along}, {counted(operations, 'operation')}. Nothing was touched.")


def _rows(path: Path, preview: PlanPreview) -> Iterator[tuple[object, ...]]:
    for operation in preview.plan.operations:
        yield path, operation.rule, operation.kind, operation.destination
    for one in preview.companions:
        yield one.file, one.rule, one.kind, one.destination
    for refusal in preview.plan.refusals:
        yield path, refusal.rule, f"not {refusal.kind}", refusal.reason


def _plan_as_json(path: Path, preview: PlanPreview) -> dict[str, Any]:
    """Return a plan and its faces for programs; `time` and `times` are seconds in a video."""
    return {
        "path": path,
        "faces": [
            {
                "person": each.person,
                "distance": each.match.distance if each.match is not None else None,
                "box": _box_as_json(each.face.box),
                "size": each.face.size,
                "sharpness": each.face.sharpness,
                "quality": each.face.quality,
                "time": each.face.time,
                "times": each.face.times,
            }
            for each in preview.faces
        ],
        "operations": [EVERY_KIND.as_json(operation) for operation in preview.plan.operations],
        "companions": [EVERY_KIND.as_json(one) for one in preview.companions],
        "refusals": [{"rule": no.rule, "kind": no.kind, "reason": no.reason} for no in preview.plan.refusals],
    }


def _box_as_json(box: Box) -> list[int]:
    return [box.left, box.top, box.right, box.bottom]
