"""Carry out plans from the journal, one after the other, and tell what came of each step."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from familiar.effects.executor import Executor
from familiar.effects.journal import Outcome, Step
from familiar.effects.undo import Undo
from familiar.errors import FamiliarError, RetryError
from familiar.logs import EventLog
from familiar.model import Crop, Plan, Tag, aim_of
from familiar.store.store import Store
from familiar.vision.workers import Workers


class Performer:
    """Carries out what stands in the journal: new plans, steps to be retried, steps to be undone."""

    def __init__(
        self,
        *,
        store: Store,
        workers: Workers,
        executor: Executor,
        undo: Undo,
        log: EventLog,
        is_there: Callable[[Path], bool] = os.path.lexists,
    ) -> None:
        """Take the journal (in the store), the workers that render crops, and what touches the files.

        `is_there` says whether a file lies at a path, or is only out of reach.
        """
        self._store = store
        self._workers = workers
        self._executor = executor
        self._undo = undo
        self._log = log
        self._is_there = is_there
        self._acting = asyncio.Lock()

    async def render(self, plan: Plan, path: Path, hash_: str) -> dict[int, bytes]:
        """Render the crops of a plan ahead of its turn: the picture's bytes by the operation's position.

        A crop that can't be rendered is left out, and is tried again when its step is carried out.
        """
        crops = {position: crop for position, crop in enumerate(plan.operations) if isinstance(crop, Crop)}
        results = await asyncio.gather(
            *(self._workers.crop(path, hash_, crop) for crop in crops.values()), return_exceptions=True
        )
        return {position: result for position, result in zip(crops, results, strict=True) if isinstance(result, bytes)}

    async def perform_open(self) -> int:
        """Carry out all plans that have something to do now; return how many there were."""
        plans = self._store.journal.open_plans(self._store.now())
        for plan_id in plans:
            await self.perform(plan_id, {})
        return len(plans)

    async def perform(self, plan_id: int, rendered: Mapping[int, bytes]) -> None:
        """Carry out the steps of one plan in their order; where one fails, the rest waits with it."""
        async with self._acting:
            steps = self._store.journal.steps(plan_id)
            await self._undo_requested(steps)
            for step in steps:
                if step.state in {"planned", "doing", "failed"}:
                    outcome = await self._carry_out(step, rendered)
                    self._tell(step, outcome)
                    if outcome.state == "failed":
                        return

    async def _carry_out(self, step: Step, rendered: Mapping[int, bytes]) -> Outcome:
        picture = rendered.get(step.position)
        current = self._store.journal.step(step.id)  # an earlier step may have moved the photo
        if isinstance(step.operation, Tag):
            return self._executor.carry_out(current)
        try:
            current = self._located(current)
        except RetryError as error:
            return self._executor.give_up(current, error)
        if isinstance(step.operation, Crop) and picture is None:
            try:
                picture = await self._workers.crop(current.path, current.photo_hash, step.operation)
            except FamiliarError as error:
                return self._executor.give_up(current, error)
        return self._executor.carry_out(current, rendered=picture)

    def _located(self, step: Step) -> Step:
        """Return a step with the place where its photo lies now: a person may have moved it since it was planned.

        Raises:
            RetryError: the photo is out of reach, and not known to be gone.
        """
        begun = step.state == "doing"
        source = step.source if begun and step.source is not None else step.path
        if os.path.lexists(source) or (begun and step.target is not None and os.path.lexists(step.target)):
            return step
        elsewhere = next(filter(os.path.lexists, self._store.journal.originals_of(step.photo_id)), None)
        if elsewhere is not None:
            return replace(step, state="planned", path=elsewhere)
        if self._is_there(source):
            raise RetryError(f"{source}: out of reach for now")
        return step

    async def _undo_requested(self, steps: Sequence[Step]) -> None:
        for step in reversed(steps):
            if step.state not in {"undo", "undoing"}:
                continue
            try:
                self._undo.undo(step)
            except FamiliarError as error:
                self._log.emit("operation.undo_failed", operation=step.id, kind=step.operation.kind, error=str(error))
            else:
                self._log.emit("operation.undone", operation=step.id, kind=step.operation.kind, target=_aim(step))

    def _tell(self, step: Step, outcome: Outcome) -> None:
        about = {"operation": step.id, "kind": step.operation.kind, "rule": step.operation.rule}
        if outcome.state in {"done", "kept"}:
            self._log.emit(f"operation.{outcome.state}", **about, source=step.path, target=outcome.target or _aim(step))
        elif outcome.state == "failed":
            self._log.emit("operation.failed", **about, error=outcome.error, retry_in=outcome.retry_in)
        else:
            self._log.emit("operation.refused", **about, error=outcome.error)


def _aim(step: Step) -> Path | str | None:
    return aim_of(step.operation) if isinstance(step.operation, Tag) else step.target
