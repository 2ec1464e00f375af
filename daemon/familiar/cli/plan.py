"""familiar plan: what the rules would do. Nothing is touched."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import click

from familiar.cli.console.output import FAILED, json_option, print_json, print_table, progress_bar, reported, say
from familiar.cli.console.parameters import PathType
from familiar.cli.context import Context, folders_of, pass_context
from familiar.cli.photos import photos_in
from familiar.effects.kinds.catalogue import EVERY_KIND
from familiar.errors import FamiliarError, GoneError, StoreError
from familiar.library.indexing import Indexer
from familiar.library.live_photos import handled_still
from familiar.library.planning import subject_of
from familiar.library.recognition import Recogniser
from familiar.library.reencoding import Reencoder
from familiar.library.scoring import PercentileIndex
from familiar.logs import open_log
from familiar.media import is_photo, is_video
from familiar.model import Box, Photo, Plan, RecognisedFace, destination_of
from familiar.rules.planning import Rules, following, plan_for
from familiar.settings import FolderSettings, Settings, folder_name
from familiar.sources.settling import look as look_at
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """The plan for a photo, and the faces that it was made for."""

    plan: Plan
    faces: Sequence[RecognisedFace]


class _Planner:
    """Makes plans; what came of each path: a plan, nothing for another path of the same photo, or a failure."""

    def __init__(
        self,
        *,
        store: Store,
        indexer: Indexer,
        recogniser: Recogniser,
        rules: Rules,
        percentiles: PercentileIndex,
        folders: Sequence[FolderSettings],
    ) -> None:
        """Take the rooms that a photo passes."""
        self.plans: dict[Path, _Made] = {}
        self.copies: list[tuple[Path, Path]] = []
        self.failed: list[tuple[Path, str]] = []
        self._store = store
        self._indexer = indexer
        self._recogniser = recogniser
        self._rules = rules
        self._percentile_rank = percentiles.percentile_rank
        self._folders = folders
        self._first: dict[int, Path] = {}

    async def take(self, paths: Sequence[Path], progress: Callable[[], None]) -> None:
        """Plan photos; a clip goes where its still goes, so stills are taken before videos."""
        stills = {path: self._still_of(path) for path in paths if is_video(path)}
        looks = [asyncio.create_task(self._indexer.index(path, beside_still=bool(stills.get(path)))) for path in paths]
        for path, look in zip(paths, looks, strict=True):
            try:
                self._plan(path, await look, stills.get(path))
            except StoreError:
                raise  # not the photo's fault
            except FamiliarError as error:
                self.failed.append((path, str(error)))
            progress()

    def _still_of(self, video: Path) -> Path | None:
        """Return the still beside a video, if it was seen: now, or when it was handled."""
        for path in self.plans:
            if path.parent == video.parent and path.stem == video.stem and is_photo(path):
                return path
        return handled_still(self._store, video)

    def _plan(self, path: Path, photo_id: int, still: Path | None) -> None:
        if self._first.setdefault(photo_id, path) != path:
            self.copies.append((path, self._first[photo_id]))
            return
        photo, faces = self._recogniser.recognise(photo_id)
        made = self._for_clip(path, still) if photo.kind == "clip" else self._for_photo(path, photo, faces)
        self.plans[path] = _Made(plan=made, faces=faces)

    def _for_clip(self, path: Path, still: Path | None) -> Plan:
        if still is None or still not in self.plans:
            return Plan()
        return following(self.plans[still].plan.operations, still, path)

    def _for_photo(self, path: Path, photo: Photo, faces: tuple[RecognisedFace, ...]) -> Plan:
        found = look_at(path)
        if found is None:
            raise GoneError(f"{path}: no longer there")
        source = source_of(path, self._folders)
        subject = subject_of(photo, faces, path, source, found[1])
        return plan_for(self._rules, self._rules.rank(subject, self._percentile_rank))


def source_of(path: Path, folders: Sequence[FolderSettings]) -> str:
    """Return the name of the source that a path belongs to."""
    return next((folder.source for folder in folders if path.is_relative_to(folder.path)), folder_name(path.parent))


def _plan_as_json(path: Path, made: _Made) -> dict[str, Any]:
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
        "operations": [EVERY_KIND.as_json(operation) for operation in made.plan.operations],
        "refusals": [{"rule": no.rule, "kind": no.kind, "reason": no.reason} for no in made.plan.refusals],
    }


def _box_as_json(box: Box) -> list[int]:
    return [box.left, box.top, box.right, box.bottom]


async def _plan(
    context: Context, store: Store, settings: Settings, rules: Rules, folders: Sequence[FolderSettings], *, quiet: bool
) -> _Planner:
    recogniser = Recogniser(store, settings.matching, settings.vision.model)
    paths = photos_in(folders)
    async with Workers(settings=settings.vision, models=context.models, tasks=len(paths)) as workers:
        log = open_log(sys.stderr, level="error")
        reencoder = Reencoder(store=store, workers=workers, recogniser=recogniser, log=log, clock=time.monotonic)
        await reencoder.reencode_references()
        indexer = Indexer(store=store, workers=workers)
        percentiles = PercentileIndex(store, settings.matching, settings.vision.model)
        planner = _Planner(
            store=store, indexer=indexer, recogniser=recogniser, rules=rules, percentiles=percentiles, folders=folders
        )
        with progress_bar("looking at photos", hidden=quiet) as progress:
            numbers = count(1)
            for videos in (False, True):
                chosen = [path for path in paths if is_video(path) == videos]
                await planner.take(chosen, lambda: progress(next(numbers), len(paths)))
    return planner


def _show(planned: _Planner) -> None:
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
