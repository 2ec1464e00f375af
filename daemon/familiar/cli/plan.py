"""familiar plan: what the rules would do. Nothing is touched."""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from familiar.cli.context import Context, folders_of, pass_context
from familiar.cli.output import FAILED, json_option, print_json, print_table, progress_bar, reported, say
from familiar.cli.photos import photos_in
from familiar.errors import FamiliarError, GoneError
from familiar.logs import open_log
from familiar.model import Box, Crop, Link, Operation, Plan, RecognisedFace
from familiar.rules.planning import Rules, following, plan_for
from familiar.service.handling import subject_of
from familiar.service.pairs import handled_still
from familiar.service.recognition import Recogniser
from familiar.service.renewal import Renewer
from familiar.service.seeing import Seer
from familiar.settings import FolderSettings, Settings, is_photo, is_video
from familiar.sources.settling import look as look_at
from familiar.store.store import Store
from familiar.vision.workers import Workers


@click.command(epilog="Example: familiar plan ~/Pictures/inbox")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
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
        with context.store() as store:
            planned = asyncio.run(_plan(context, store, settings, rules, folders, quiet=as_json))
    if as_json:
        print_json(
            {
                "plans": [plan_as_json(path, made, planned.faces[path]) for path, made in planned.plans],
                "copies": [{"path": path, "of": original} for path, original in planned.copies],
                "failed": [{"path": path, "reason": reason} for path, reason in planned.failed],
            }
        )
    else:
        _show(planned)
    if planned.failed:
        raise SystemExit(FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """What came of each path: a plan, nothing for another path of the same photo, or a failure."""

    plans: list[tuple[Path, Plan]] = field(default_factory=list)
    faces: dict[Path, Sequence[RecognisedFace]] = field(default_factory=dict)
    copies: list[tuple[Path, Path]] = field(default_factory=list)
    failed: list[tuple[Path, str]] = field(default_factory=list)


def source_of(path: Path, folders: Sequence[FolderSettings]) -> str:
    """Return the name of the source that a path belongs to."""
    return next((folder.source for folder in folders if path.is_relative_to(folder.path)), path.parent.name)


def plan_as_json(path: Path, made: Plan, faces: Sequence[RecognisedFace]) -> dict[str, Any]:
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
            for each in faces
        ],
        "operations": [_operation_as_json(operation) for operation in made.operations],
        "refusals": [{"rule": no.rule, "kind": no.kind, "reason": no.reason} for no in made.refusals],
    }


def _box_as_json(box: Box) -> list[int]:
    return [box.left, box.top, box.right, box.bottom]


async def _plan(
    context: Context, store: Store, settings: Settings, rules: Rules, folders: Sequence[FolderSettings], *, quiet: bool
) -> _Planned:
    recogniser = Recogniser(store, settings.matching, settings.vision.model)
    paths, planned, first = photos_in(folders), _Planned(), dict[int, Path]()
    async with Workers(settings=settings.vision, models=context.models, tasks=len(paths)) as workers:
        renewer = Renewer(
            store=store,
            workers=workers,
            recogniser=recogniser,
            model=settings.vision.model,
            log=open_log(sys.stderr, level="error"),
            clock=time.monotonic,
        )
        await renewer.renew_references()
        seer = Seer(store=store, workers=workers)
        with progress_bar("looking at photos", hidden=quiet) as progress:
            done = 0
            for videos in (False, True):  # a clip goes where its still goes
                chosen = [path for path in paths if is_video(path) == videos]
                stills = {path: _still_of(store, planned, path) for path in chosen if videos}
                looks = [asyncio.create_task(seer.see(path, beside_still=bool(stills.get(path)))) for path in chosen]
                for path, look in zip(chosen, looks, strict=True):
                    try:
                        photo_id = await look
                        if first.setdefault(photo_id, path) == path:
                            made = _decide(recogniser, rules, folders, photo_id, path, planned, store)
                            planned.plans.append((path, made))
                        else:
                            planned.copies.append((path, first[photo_id]))
                    except FamiliarError as error:
                        planned.failed.append((path, str(error)))
                    done += 1
                    progress(done, len(paths))
    return planned


def _still_of(store: Store, planned: _Planned, video: Path) -> Path | None:
    """Return the still beside a video, if it was seen: now, or when it was handled."""
    for path, _ in planned.plans:
        if path.parent == video.parent and path.stem == video.stem and is_photo(path):
            return path
    return handled_still(store, video)


def _decide(
    recogniser: Recogniser,
    rules: Rules,
    folders: Sequence[FolderSettings],
    photo_id: int,
    path: Path,
    planned: _Planned,
    store: Store,
) -> Plan:
    photo, faces = recogniser.recognise(photo_id)
    planned.faces[path] = faces
    if photo.kind == "clip":
        still = _still_of(store, planned, path)
        made = dict(planned.plans).get(still or path)
        return following(made.operations, still, path) if still is not None and made is not None else Plan()
    found = look_at(path)
    if found is None:
        raise GoneError(f"{path}: no longer there")
    return plan_for(rules, subject_of(photo, faces, path, source_of(path, folders), found[1]))


def _show(planned: _Planned) -> None:
    rows = [row for path, made in planned.plans for row in _rows(path, made)]
    if rows:
        print_table(("photo", "rule", "would", "to"), rows)
    if planned.copies:
        print_table(("photo", "is a copy, left as it is, of"), planned.copies)
    if planned.failed:
        print_table(("photo", "can't be planned because"), planned.failed)
    count = sum(len(made.operations) for _, made in planned.plans)
    say(f"{len(planned.plans)} photos, {count} operations. Nothing was touched.")


def _rows(path: Path, made: Plan) -> Iterator[tuple[object, ...]]:
    for operation in made.operations:
        yield path, operation.rule, operation.kind, operation.target
    for refusal in made.refusals:
        yield path, refusal.rule, f"not {refusal.kind}", refusal.reason


def _operation_as_json(operation: Operation) -> dict[str, Any]:
    shown: dict[str, Any] = {"kind": operation.kind, "rule": operation.rule, "target": operation.target}
    match operation:
        case Crop(box=box, margin=margin, size=size, time=at):
            shown |= {"box": _box_as_json(box), "margin": margin, "size": size, "time": at}
        case Link(symbolic=symbolic):
            shown |= {"symbolic": symbolic}
    return shown
