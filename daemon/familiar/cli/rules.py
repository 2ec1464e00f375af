"""familiar rules: check them, and apply them to photos that are known already."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from familiar.cli.context import Context, pass_context
from familiar.cli.output import FAILED, json_option, print_json, print_table, progress_bar, reported, say
from familiar.cli.plan import source_of
from familiar.effects.executor import Executor
from familiar.effects.journal import Step
from familiar.effects.undo import Undo
from familiar.errors import FamiliarError
from familiar.flickr.credentials import cache_in
from familiar.logs import open_log
from familiar.model import Plan, aim_of
from familiar.names import name_key
from familiar.rules.planning import Rules, plan_for
from familiar.service.handling import subject_of
from familiar.service.lock import BusyError, locked
from familiar.service.pairs import claim_clip, plan_for_clip
from familiar.service.performing import Performer
from familiar.service.recognition import Recogniser
from familiar.settings import FLICKR, Settings
from familiar.sources.settling import look as look_at
from familiar.store.store import Store
from familiar.vision.workers import Workers

_PATIENCE = 600.0
_ENDED = frozenset({"done", "kept", "refused", "failed"})


@click.group()
def rules() -> None:
    """Check the rules; apply them to known photos."""


@rules.command(epilog="Example: familiar rules check ~/.config/familiar/rules.yaml")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@json_option
@pass_context
def check(context: Context, file: Path | None, *, as_json: bool) -> None:
    """Check the rules, and the people whom they name.

    Without FILE the configured rules are checked.
    """
    with reported():
        path = file or context.needed_rules_path(context.settings())
        read = context.rules(path)
        with context.store() as store:
            known = {name_key(person.name) for person in store.people.all()}
    unknown = sorted(name for name in read.people() if name_key(name) not in known)
    if as_json:
        names = [rule.name for rule in read.rules]
        print_json({"file": path, "rules": names, "unknown_people": unknown, "problems": []})
        return
    say(f"{path}: good, {len(read.rules)} rules")
    for name in unknown:
        say(f"note: nobody is registered as {name!r}; familiar people add {name!r} PHOTO...")


@rules.command(epilog="Example: familiar rules apply ~/Pictures/2019")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@json_option
@pass_context
def apply(context: Context, paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Apply the rules to photos that are known already.

    All known photos, or those in PATHS; `familiar plan` shows beforehand what the rules do. What was done already
    is found and not done again. Everything can be undone: familiar undo --since 1h.
    """
    with reported():
        settings = context.settings()
        read = context.rules(context.needed_rules_path(settings))
        tops = tuple(Path(os.path.abspath(path)) for path in paths)
        with context.store() as store:
            with progress_bar("deciding", hidden=as_json) as progress:
                plans = list(_record(store, settings, read, tops, progress))
            steps = _carry_out(context, store, settings, plans, quiet=as_json)
            clips = list(_record_clips(store, steps))
            steps += _carry_out(context, store, settings, clips, quiet=as_json)
    failed = [step for step in steps if step.state in {"failed", "refused"}]
    if as_json:
        print_json([_as_json(step) for step in steps])
    else:
        rows = [(step.id, step.operation.kind, step.target or aim_of(step.operation), _said(step)) for step in steps]
        if rows:
            print_table(("operation", "kind", "target", "result"), rows)
        say(f"{len(plans)} photos, {len(steps)} operations, {len(failed)} failed.")
    if failed:
        raise SystemExit(FAILED)


def _record(
    store: Store, settings: Settings, read: Rules, tops: Sequence[Path], progress: Callable[[int, int], None]
) -> Iterator[int]:
    """Write down a plan for each known photo that has one to do, at the first of its paths that is there."""
    recogniser = Recogniser(store, settings.matching, settings.vision.model)
    cache = cache_in(store.path.parent)
    photos = list(store.photos.seen())
    for number, photo_id in enumerate(photos, start=1):
        progress(number, len(photos))
        path = _path_of(store, photo_id, tops)
        found = None if path is None else look_at(path)
        if path is None or found is None:
            continue
        photo, faces = recogniser.recognise(photo_id)
        if photo.kind == "clip":
            continue  # it goes where its still goes
        source = FLICKR if path.parent == cache else source_of(path, settings.folders)
        made: Plan = plan_for(read, subject_of(photo, faces, path, source, found[1]))
        if made.operations:
            yield store.journal.record(photo_id, path, made)


def _record_clips(store: Store, steps: Sequence[Step]) -> Iterator[int]:
    """Write down a plan for each clip of a live photo whose still has been put somewhere."""
    for still in dict.fromkeys(step.source or step.path for step in steps):
        clip = claim_clip(store, still)
        if clip is not None and clip.photo_id is not None:
            made, follows = plan_for_clip(store, clip.path)
            if made.operations:
                yield store.journal.record(clip.photo_id, clip.path, made, follows=follows)


def _path_of(store: Store, photo_id: int, tops: Sequence[Path]) -> Path | None:
    """Return where the photo lies that a person put there: no copy of ours, and no link."""
    paths = store.journal.originals_of(photo_id)
    chosen = [path for path in paths if not tops or any(path.is_relative_to(top) for top in tops)]
    chosen.sort(key=lambda path: path.parent == cache_in(store.path.parent))  # rules can do more with other files
    return next((path for path in chosen if path.is_file()), None)


def _carry_out(context: Context, store: Store, settings: Settings, plans: Sequence[int], *, quiet: bool) -> list[Step]:
    """Carry out the plans here, or let the daemon do it that runs."""
    try:
        with locked(context.state), progress_bar("carrying out", hidden=quiet) as progress:
            asyncio.run(_perform(context, store, settings, plans, progress))
    except BusyError:
        _await_daemon(store, plans)
    return [step for plan_id in plans for step in store.journal.steps(plan_id)]


async def _perform(
    context: Context, store: Store, settings: Settings, plans: Sequence[int], progress: Callable[[int, int], None]
) -> None:
    async with Workers(settings=settings.vision, models=context.models) as workers:
        performer = Performer(
            store=store,
            workers=workers,
            executor=Executor(store.journal),
            undo=Undo(store.journal),
            log=open_log(sys.stderr, level="error"),
        )
        for number, plan_id in enumerate(plans, start=1):
            await performer.perform(plan_id, {})
            progress(number, len(plans))


def _await_daemon(store: Store, plans: Sequence[int]) -> None:
    deadline = time.monotonic() + _PATIENCE
    for plan_id in plans:
        while not _has_ended(store.journal.steps(plan_id)):
            if time.monotonic() > deadline:
                raise FamiliarError(f"The daemon has not done everything within {_PATIENCE:.0f} s; its log says more.")
            time.sleep(0.05)


def _has_ended(steps: Sequence[Step]) -> bool:
    return all(step.state in _ENDED for step in steps) or any(step.state == "failed" for step in steps)


def _said(step: Step) -> str:
    return step.state if step.error is None else f"{step.state}: {step.error}"


def _as_json(step: Step) -> dict[str, object]:
    return {
        "operation": step.id,
        "kind": step.operation.kind,
        "source": step.source,
        "target": step.target or aim_of(step.operation),
        "state": step.state,
        "error": step.error,
    }
