"""Carry out plans that a command wrote down: here, or by the daemon that runs."""

import asyncio
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from familiar.cli.console.output import FAILED, print_table, progress_bar, say
from familiar.cli.context import Context
from familiar.effects.disks import Disks
from familiar.effects.journal import Step
from familiar.errors import FamiliarError
from familiar.events import EventLog
from familiar.library.live_photos import claim_clip, plan_for_clip
from familiar.library.operations import OperationRunner
from familiar.logs import open_log
from familiar.model import Plan, destination_of
from familiar.settings import Settings
from familiar.state import BusyError, holder, locked
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_PATIENCE = 600.0
_PAUSE = 0.05
"""Seconds between two looks at what another process does."""
_SHOWN = 20
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

    What fails for now stays in the journal, and is tried again by the daemon, or the next scan. A daemon that runs
    carries the plans out; the end of another command is waited for.
    """
    run = _Run(context=context, store=store, settings=settings, quiet=quiet, ended=ended)
    with turn(context.state, store) as ours:
        return run.with_clips(plans, ours=ours)


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
    each plan when its time is over. What another command had begun before it was killed is completed first.
    """
    run = _Run(context=context, store=store, settings=settings, quiet=quiet, ended=ended)
    with turn(context.state, store) as ours:
        if ours:
            settle(context, store, settings)
        written = store.journal.record_batch(plans)
        try:
            return run.with_clips(written, ours=ours)
        finally:
            store.journal.abandon(written, "the command ended before")


def settle(context: Context, store: Store, settings: Settings) -> None:
    """Complete what commands had begun that were killed, and give up the rest; the state folder is ours."""
    begun = store.journal.settle_batches()
    if begun:
        run = _Run(context=context, store=store, settings=settings, quiet=True, ended=lambda _plan: None)
        run.with_clips(begun, ours=True)


def show_steps(steps: Sequence[Step]) -> None:
    """Print steps with what came of them."""
    rows = [
        (step.id, step.operation.kind, step.target or destination_of(step.operation), _said(step)) for step in steps
    ]
    if rows:
        print_table(("operation", "kind", "target", "result"), rows)


def conclude(steps: Sequence[Step], done: str | None, *, there: int = 0, left: int = 0, quiet: bool) -> None:
    """Say what came of a command's steps in sum, what failed, and how it is taken back.

    The program ends with an error if a step came to nothing, or something was left.

    Args:
        steps: with the states that they have at the end.
        done: what was done, as in "copied"; None where nothing was to be done.
        there: how many photos lay where they should already, without any step.
        left: how many were found to fail before any step; they are shown already.
        quiet: print nothing.
    """
    states = Counter(step.state for step in steps)
    failed = [step for step in steps if step.state not in {"done", "kept"}]
    if done is not None and not quiet:
        show_steps(failed[:_SHOWN])
        if len(failed) > _SHOWN:
            say(f"... and {len(failed) - _SHOWN} more that failed; --json shows all.")
        say(f"{states['done']} {done}, {states['kept'] + there} there already, {len(failed) + left} failed.")
        if states["done"]:
            say("`familiar undo --last` takes this back.")
    if failed or left:
        raise SystemExit(FAILED)


def step_as_json(step: Step) -> dict[str, Any]:
    """Return a step for programs."""
    return {
        "operation": step.id,
        "kind": step.operation.kind,
        "source": step.source or step.path,
        "target": step.target or destination_of(step.operation),
        "state": step.state,
        "error": step.error,
    }


@contextmanager
def turn(state: Path, store: Store) -> Iterator[bool]:
    """Wait for the state folder; give whether it is ours, or the daemon's, which carries out what is written down.

    As long as it is ours, nothing is written to the store if the folder's lock is gone.

    Raises:
        BusyError: another command has it for too long.
    """
    deadline = time.monotonic() + _PATIENCE
    with ExitStack() as stack:
        while True:
            try:
                lock = stack.enter_context(locked(state))
            except BusyError as busy:
                if busy.lasts:
                    break
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)
            else:
                stack.enter_context(store.watching(lock.anchor))
                yield True
                return
    yield False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One command's way of carrying out plans."""

    context: Context
    store: Store
    settings: Settings
    quiet: bool
    ended: Callable[[int], None]

    def with_clips(self, plans: Sequence[int], *, ours: bool) -> list[Step]:
        """Carry out plans, and those of the clips that belong to their stills."""
        steps = self._all(plans, ours=ours)
        return steps + self._all(list(_record_clips(self.store, steps)), ours=ours)

    def _all(self, plans: Sequence[int], *, ours: bool) -> list[Step]:
        if plans and ours:
            with progress_bar("carrying out", hidden=self.quiet) as progress:
                asyncio.run(self._perform(plans, progress))
        elif plans and not self._await_daemon(plans):
            with locked(self.context.state) as lock, self.store.watching(lock.anchor):
                return self._all(plans, ours=True)
        return [step for plan_id in plans for step in self.store.journal.steps(plan_id)]

    async def _perform(self, plans: Sequence[int], progress: Callable[[int, int], None]) -> None:
        vision, models = self.settings.vision, self.context.models
        async with Workers(settings=vision, models=models, tasks=len(plans), networks=False) as workers:
            runner = OperationRunner(
                store=self.store,
                workers=workers,
                disks=Disks(self.store.places),
                log=_Unforeseen(open_log(sys.stderr, level="error")),
                copy_sidecars=self.settings.sidecars.any,
            )
            # Crops are rendered ahead by all workers; what is done is done one after the other.
            ahead: deque[tuple[int, asyncio.Task[dict[int, bytes]]]] = deque()
            rest = iter(plans)
            for number in range(1, len(plans) + 1):
                while len(ahead) < workers.slots and (plan_id := next(rest, None)) is not None:
                    ahead.append((plan_id, asyncio.create_task(_render(self.store, runner, plan_id))))
                plan_id, rendered = ahead.popleft()
                await runner.perform(plan_id, await rendered)
                self.ended(plan_id)
                progress(number, len(plans))

    def _await_daemon(self, plans: Sequence[int]) -> bool:
        """Wait until the daemon has carried out the plans; return False if it has ended before."""
        deadline = time.monotonic() + _PATIENCE
        for plan_id in plans:
            while not _has_ended(self.store.journal.steps(plan_id)):
                if time.monotonic() > deadline:
                    raise FamiliarError(
                        f"The daemon has not done everything within {_PATIENCE:.0f} s; its log says more."
                    )
                if holder(self.context.state) is None:
                    return False
                time.sleep(_PAUSE)
            self.ended(plan_id)
        return True


async def _render(store: Store, runner: OperationRunner, plan_id: int) -> dict[int, bytes]:
    steps = store.journal.steps(plan_id)
    if not steps:
        return {}
    plan = Plan(operations=tuple(step.operation for step in steps))
    return await runner.render(plan, steps[0].path, steps[0].photo_hash)


def _record_clips(store: Store, steps: Sequence[Step]) -> Iterator[int]:
    """Write down a plan for each clip of a live photo whose still has been put somewhere."""
    for still in dict.fromkeys(step.source or step.path for step in steps):
        clip = claim_clip(store, still)
        if clip is not None and clip.photo_id is not None:
            made, follows = plan_for_clip(store, clip.path)
            if made.operations:
                yield store.journal.record(clip.photo_id, clip.path, made, follows=follows)


def _has_ended(steps: Sequence[Step]) -> bool:
    return all(step.state in _ENDED for step in steps) or any(step.state == "failed" for step in steps)


class _Unforeseen:
    """A log without what comes of steps: the command tells that itself, and whether it is tried again."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def emit(self, name: str, /, **fields: Any) -> None:
        if not name.startswith("operation."):
            self._log.emit(name, **fields)


def _said(step: Step) -> str:
    return step.state if step.error is None else f"{step.state}: {step.error}"
