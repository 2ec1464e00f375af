"""Carry out plans from the journal, one after the other, and log the result of each step.

The work on files runs in a thread (`familiar.library.effects_thread`), so that a copy of hours holds nothing else up.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

from familiar.effects.disks import Disks, KnownFolders
from familiar.effects.executor import Executor
from familiar.effects.journal import Journal, Outcome, Step
from familiar.effects.kinds.contract import Needless
from familiar.effects.leftovers import Leftovers
from familiar.effects.undo import Undo
from familiar.errors import FamiliarError, StoreError
from familiar.events import EventLog
from familiar.filesystem.files import BLOCK
from familiar.library.companions import CompanionRules
from familiar.library.effects_thread import EffectsThread, Owned
from familiar.library.preparation import StepSurroundings, WorkerRenderer
from familiar.model import Plan
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

R = TypeVar("R")

_OPEN = frozenset({"planned", "doing", "failed"})

_TELL = 10.0
"""Seconds between two events about a step that goes on."""


class OperationRunner:
    """Carries out the journal: new plans, steps to retry, steps to undo."""

    def __init__(
        self,
        *,
        store: Store,
        workers: Workers,
        disks: Disks,
        log: EventLog,
        companions: CompanionRules,
        is_there: Callable[[Path], bool] = os.path.lexists,
        clock: Callable[[], float] = time.monotonic,
        tell_every: float = _TELL,
    ) -> None:
        """Take the journal (in the store), the workers that render crops, and what opens folders.

        `companions` says which files follow a photo, `is_there` whether a file is at a path, or is only unavailable. A
        step that takes long is logged each `tell_every` seconds.
        """
        kinds = store.kinds
        self._store = store
        self._workers = workers
        self._disks = disks
        self._kinds = kinds
        self._thread = thread = EffectsThread(tick=min(tell_every, 1.0))
        journal, places = (
            cast("Journal", Owned(store.journal, thread)),
            cast("KnownFolders", Owned(store.places, thread)),
        )
        self._executor = Executor(journal, Disks(places), pulse=thread.pulse, kinds=kinds)
        self._undo = Undo(journal, Disks(places), pulse=thread.pulse, kinds=kinds)
        self._leftovers = Leftovers(store.journal, disks, kinds=kinds)
        self._surroundings = StepSurroundings(
            store=store,
            renderer=WorkerRenderer(store=store, workers=workers, log=log),
            executor=self._executor,
            is_there=is_there,
            companions=companions,
        )
        self._log = log
        self._clock = clock
        self._tell_every = tell_every
        self._acting = asyncio.Lock()
        self._waited_for: set[Path] = set()

    async def render(self, plan: Plan, path: Path, hash_: str) -> dict[int, bytes]:
        """Render the crops of a plan ahead of its turn: the picture's bytes by the operation's position.

        A crop that can't be rendered is left out, and is tried again when its step is carried out.
        """
        pictures = ((position, self._kinds.of(wish).picture_of(wish)) for position, wish in enumerate(plan.operations))
        crops = {position: crop for position, crop in pictures if crop is not None}
        if not crops:
            return {}
        try:
            results = await self._workers.crops(path, hash_, list(crops.values()))
        except FamiliarError:
            return {}
        return {position: result for position, result in zip(crops, results, strict=True) if isinstance(result, bytes)}

    @property
    def is_acting(self) -> bool:
        """Whether a plan is being carried out, so that another one would have to wait."""
        return self._acting.locked()

    async def begin(self) -> None:
        """At start-up, carry out open steps; of killed commands, only those that had started."""
        self._store.journal.settle_batches()
        await self.perform_open()
        self._leftovers.sweep()

    def look_after_disks(self) -> None:
        """Retry steps whose disk is mounted again, and clear leftovers there."""
        came = [place for place in self._store.journal.waited_for() if self._disks.is_ready(place)]
        for place in came:
            self._log.emit("disk.online", folder=place)
            self._waited_for.discard(place)
            self._store.journal.wake(place)
        if not self.is_acting:
            self._leftovers.sweep()

    async def perform_open(self) -> int:
        """Undo requested steps, and carry out all plans with due steps; return their number."""
        async with self._acting:  # all of them, so that no later photo takes a name that is meant for an earlier one
            await self._undo_requested()
            plans = self._store.journal.open_plans(self._store.now())
            for plan_id in plans:
                await self._perform(plan_id, {})
        return len(plans)

    async def perform(self, plan_id: int, rendered: Mapping[int, bytes]) -> None:
        """Carry out the steps of one plan in order; if one fails or waits, the rest waits, except behind companions."""
        async with self._acting:
            await self._undo_requested()
            await self._perform(plan_id, rendered)

    async def _perform(self, plan_id: int, rendered: Mapping[int, bytes]) -> None:
        tried: set[int] = set()
        while (step := self._next(plan_id, tried)) is not None:
            tried.add(step.id)
            outcome = await self._carry_out(step, rendered)
            self._tell(step, outcome)
            if outcome.state in {"failed", "waiting"} and not self._kinds.of(step.operation).is_about_companion:
                return

    def _next(self, plan_id: int, tried: set[int]) -> Step | None:
        """Return the present state of the next step: an earlier step may have moved the photo, or added more steps."""
        steps = self._store.journal.steps(plan_id)
        return next((step for step in steps if step.state in _OPEN and step.id not in tried), None)

    async def _carry_out(self, step: Step, rendered: Mapping[int, bytes]) -> Outcome:
        """Prepare a step, and carry it out, unless there is nothing to do."""
        kind, picture = self._kinds.of(step.operation), rendered.get(step.position)
        try:
            ready = await kind.prepare(step.operation, step, self._surroundings, picture)
        except StoreError:
            raise
        except FamiliarError as error:
            return self._executor.give_up(step, error)
        if isinstance(ready, Needless):
            return self._executor.leave(step, ready.target)
        present = replace(step, operation=ready.operation)
        outcome = await self._act(
            present, partial(self._executor.carry_out, present, rendered=ready.rendered, before=ready.before)
        )
        if ready.is_undone_after and outcome.state == "done":
            self._store.journal.request_undo([step.id])
        return outcome

    async def _act(self, step: Step, work: Callable[[], R]) -> R:
        """Do the work of a step in the thread, and log how far it is if it takes long."""
        started = told = self._clock()

        def on_tick(blocks: int) -> None:
            nonlocal told
            if self._clock() - told >= self._tell_every:
                told = self._clock()
                about = {
                    "operation": step.id,
                    "photo": step.photo_id,
                    "kind": step.operation.kind,
                    "target": step.destination,
                }
                self._log.emit("operation.running", **about, bytes=blocks * BLOCK, seconds=told - started)

        await asyncio.to_thread(self._store.finish_check)  # no file is touched before the journal is known to be sound
        return await self._thread.run(work, on_tick=on_tick)

    async def _undo_requested(self) -> None:
        """Undo all requested steps of any plan, newest first, as one may depend on another."""
        for step in self._store.journal.undo_requests():
            about = {"operation": step.id, "photo": step.photo_id, "kind": step.operation.kind}
            try:
                await self._act(step, partial(self._undo.undo, step))
            except StoreError:
                raise
            except FamiliarError as error:
                self._log.emit("operation.undo_failed", **about, error=str(error))
            else:
                self._log.emit("operation.undone", **about, target=step.destination)

    def _tell(self, step: Step, outcome: Outcome) -> None:
        about = {"operation": step.id, "photo": step.photo_id, "kind": step.operation.kind, "rule": step.operation.rule}
        if outcome.state in {"done", "kept"}:
            source = self._kinds.of(step.operation).origin(step.operation, step)
            target = outcome.target or step.destination
            self._log.emit(f"operation.{outcome.state}", **about, source=source, target=target)
        elif outcome.state == "waiting":
            self._log.emit("operation.waiting", **about, reason=outcome.error, retry_in=outcome.retry_in)
        elif outcome.state == "failed":
            self._log.emit("operation.failed", **about, error=outcome.error, retry_in=outcome.retry_in)
            if outcome.waits_for is not None and outcome.waits_for not in self._waited_for:
                self._waited_for.add(outcome.waits_for)
                self._log.emit("disk.offline", folder=outcome.waits_for, reason=outcome.error)
        elif outcome.is_outdated:
            self._log.emit("operation.outdated", **about, reason=outcome.error)
        else:
            self._log.emit("operation.refused", **about, error=outcome.error)
