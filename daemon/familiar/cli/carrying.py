"""Carry out plans that a command wrote down: here, or by the daemon that runs."""

import asyncio
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from familiar.cli.context import Context
from familiar.cli.output import FAILED, print_table, progress_bar, say
from familiar.effects.executor import Executor
from familiar.effects.journal import Step
from familiar.effects.undo import Undo
from familiar.errors import FamiliarError
from familiar.logs import open_log
from familiar.model import Plan, aim_of
from familiar.service.lock import BusyError, locked
from familiar.service.pairs import claim_clip, plan_for_clip
from familiar.service.performing import Performer
from familiar.settings import Settings
from familiar.store.store import Store
from familiar.vision.workers import Workers

_PATIENCE = 600.0
_ENDED = frozenset({"done", "kept", "refused", "failed"})


def carry_out(
    context: Context,
    store: Store,
    settings: Settings,
    plans: Sequence[int],
    *,
    quiet: bool,
    ended: Callable[[int], None] = lambda _plan: None,
) -> list[Step]:
    """Carry out plans, and what the clips of live photos do after their stills; return all steps as they are then.

    What fails for now stays in the journal, and is tried again by the daemon, or the next scan.
    """
    steps = _carry_out(context, store, settings, plans, quiet=quiet, ended=ended)
    clips = list(_record_clips(store, steps))
    return steps + _carry_out(context, store, settings, clips, quiet=quiet, ended=ended)


def carry_out_now(
    context: Context,
    store: Store,
    settings: Settings,
    plans: Iterable[tuple[int, Path, Plan]],
    *,
    quiet: bool,
    ended: Callable[[int], None] = lambda _plan: None,
) -> list[Step]:
    """Write down plans of a command, each for a photo at a path, and carry them out as `carry_out` does.

    What can't be done now is not tried again later: whoever gave the command sees it, and decides. `ended` is told of
    each plan when its time is over.
    """
    written = store.journal.record_batch(plans)
    try:
        return carry_out(context, store, settings, written, quiet=quiet, ended=ended)
    finally:
        store.journal.abandon(written, "the command ended before")


def show_steps(steps: Sequence[Step]) -> None:
    """Print steps with what came of them."""
    rows = [(step.id, step.operation.kind, step.target or aim_of(step.operation), _said(step)) for step in steps]
    if rows:
        print_table(("operation", "kind", "target", "result"), rows)


def conclude(steps: Sequence[Step], done: str | None, *, there: int = 0, quiet: bool) -> None:
    """Say what came of a command's steps in sum, what failed, and how it is taken back.

    The program ends with an error if a step came to nothing.

    Args:
        steps: with the states that they have at the end.
        done: what was done, as in "copied"; None where nothing was to be done.
        there: how many photos lay where they should already, without any step.
        quiet: print nothing.
    """
    states = Counter(step.state for step in steps)
    failed = [step for step in steps if step.state not in {"done", "kept"}]
    if done is not None and not quiet:
        show_steps(failed)
        say(f"{states['done']} {done}, {states['kept'] + there} there already, {len(failed)} failed.")
        if states["done"]:
            say("`familiar undo --last` takes this back.")
    if failed:
        raise SystemExit(FAILED)


def step_as_json(step: Step) -> dict[str, Any]:
    """Return a step for programs."""
    return {
        "operation": step.id,
        "kind": step.operation.kind,
        "source": step.source or step.path,
        "target": step.target or aim_of(step.operation),
        "state": step.state,
        "error": step.error,
    }


def _carry_out(
    context: Context,
    store: Store,
    settings: Settings,
    plans: Sequence[int],
    *,
    quiet: bool,
    ended: Callable[[int], None],
) -> list[Step]:
    try:
        with locked(context.state), progress_bar("carrying out", hidden=quiet) as progress:
            asyncio.run(_perform(context, store, settings, plans, progress, ended))
    except BusyError:
        _await_daemon(store, plans, ended)
    return [step for plan_id in plans for step in store.journal.steps(plan_id)]


async def _perform(
    context: Context,
    store: Store,
    settings: Settings,
    plans: Sequence[int],
    progress: Callable[[int, int], None],
    ended: Callable[[int], None],
) -> None:
    async with Workers(settings=settings.vision, models=context.models, tasks=len(plans), networks=False) as workers:
        performer = Performer(
            store=store,
            workers=workers,
            executor=Executor(store.journal),
            undo=Undo(store.journal),
            log=open_log(sys.stderr, level="error"),
            copy_sidecars=settings.sidecars.any,
        )
        # Crops are rendered ahead by all workers; what is done is done one after the other.
        ahead: deque[tuple[int, asyncio.Task[dict[int, bytes]]]] = deque()
        rest = iter(plans)
        for number in range(1, len(plans) + 1):
            while len(ahead) < workers.slots and (plan_id := next(rest, None)) is not None:
                ahead.append((plan_id, asyncio.create_task(_render(store, performer, plan_id))))
            plan_id, rendered = ahead.popleft()
            await performer.perform(plan_id, await rendered)
            ended(plan_id)
            progress(number, len(plans))


async def _render(store: Store, performer: Performer, plan_id: int) -> dict[int, bytes]:
    steps = store.journal.steps(plan_id)
    if not steps:
        return {}
    plan = Plan(operations=tuple(step.operation for step in steps))
    return await performer.render(plan, steps[0].path, steps[0].photo_hash)


def _record_clips(store: Store, steps: Sequence[Step]) -> Iterator[int]:
    """Write down a plan for each clip of a live photo whose still has been put somewhere."""
    for still in dict.fromkeys(step.source or step.path for step in steps):
        clip = claim_clip(store, still)
        if clip is not None and clip.photo_id is not None:
            made, follows = plan_for_clip(store, clip.path)
            if made.operations:
                yield store.journal.record(clip.photo_id, clip.path, made, follows=follows)


def _await_daemon(store: Store, plans: Sequence[int], ended: Callable[[int], None]) -> None:
    deadline = time.monotonic() + _PATIENCE
    for plan_id in plans:
        while not _has_ended(store.journal.steps(plan_id)):
            if time.monotonic() > deadline:
                raise FamiliarError(f"The daemon has not done everything within {_PATIENCE:.0f} s; its log says more.")
            time.sleep(0.05)
        ended(plan_id)


def _has_ended(steps: Sequence[Step]) -> bool:
    return all(step.state in _ENDED for step in steps) or any(step.state == "failed" for step in steps)


def _said(step: Step) -> str:
    return step.state if step.error is None else f"{step.state}: {step.error}"
