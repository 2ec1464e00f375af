"""Carry out plans from the journal, one after the other, and tell what came of each step."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from familiar.effects.disks import Disks
from familiar.effects.executor import Executor
from familiar.effects.journal import Outcome, Step
from familiar.effects.leftovers import Leftovers
from familiar.effects.undo import Undo
from familiar.errors import FamiliarError, GoneError, RetryError, SetAsideError, StoreError
from familiar.events import EventLog
from familiar.filesystem.files import Pulse, no_pulse
from familiar.model import Copy, Crop, Move, MoveSidecar, Plan, Tag, WriteSidecar, destination_of
from familiar.sources.sidecars import beside, sidecars_of
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_OPEN = frozenset({"planned", "doing", "failed"})


class OperationRunner:
    """Carries out what stands in the journal: new plans, steps to be retried, steps to be undone."""

    def __init__(
        self,
        *,
        store: Store,
        workers: Workers,
        disks: Disks,
        log: EventLog,
        pulse: Pulse = no_pulse,
        is_there: Callable[[Path], bool] = os.path.lexists,
        copy_sidecars: bool = False,
    ) -> None:
        """Take the journal (in the store), the workers that render crops, and what opens folders.

        `pulse` is called during long work. `is_there` says whether a file lies at a path, or is only out of reach. A
        sidecar goes along where its photo is moved, and with `copy_sidecars` also where it is copied.
        """
        self._store = store
        self._workers = workers
        self._disks = disks
        self._executor = Executor(store.journal, disks, pulse=pulse)
        self._undo = Undo(store.journal, disks, pulse=pulse)
        self._leftovers = Leftovers(store.journal, disks)
        self._log = log
        self._is_there = is_there
        self._copy_sidecars = copy_sidecars
        self._acting = asyncio.Lock()
        self._waited_for: set[Path] = set()

    async def render(self, plan: Plan, path: Path, hash_: str) -> dict[int, bytes]:
        """Render the crops of a plan ahead of its turn: the picture's bytes by the operation's position.

        A crop that can't be rendered is left out, and is tried again when its step is carried out.
        """
        crops = {position: crop for position, crop in enumerate(plan.operations) if isinstance(crop, Crop)}
        if not crops:
            return {}
        try:
            results = await self._workers.crops(path, hash_, list(crops.values()))
        except FamiliarError:
            return {}
        return {position: result for position, result in zip(crops, results, strict=True) if isinstance(result, bytes)}

    async def begin(self) -> None:
        """Carry out, at a start, what is open; of commands that were killed only what they had begun."""
        self._store.journal.settle_batches()
        await self.perform_open()
        self._leftovers.sweep()

    def look_after_disks(self) -> None:
        """Let steps be tried at once whose disk has come back, and clear what was left there."""
        came = [place for place in self._store.journal.waited_for() if self._disks.is_ready(place)]
        for place in came:
            self._log.emit("disk.online", folder=place)
            self._waited_for.discard(place)
            self._store.journal.wake(place)
        self._leftovers.sweep()

    async def perform_open(self) -> int:
        """Undo what is to be undone, and carry out all plans that have something to do now; return how many."""
        async with self._acting:
            self._undo_requested()
        plans = self._store.journal.open_plans(self._store.now())
        for plan_id in plans:
            await self.perform(plan_id, {})
        return len(plans)

    async def perform(self, plan_id: int, rendered: Mapping[int, bytes]) -> None:
        """Carry out the steps of one plan in their order; where one fails, the rest waits with it."""
        async with self._acting:
            self._undo_requested()
            tried: set[int] = set()
            while (step := self._next(plan_id, tried)) is not None:
                tried.add(step.id)
                outcome = await self._carry_out(step, rendered)
                self._tell(step, outcome)
                if outcome.state == "failed":
                    return

    def _next(self, plan_id: int, tried: set[int]) -> Step | None:
        """Return the next step to be done, as it is now: an earlier one may have moved the photo, or added more."""
        steps = self._store.journal.steps(plan_id)
        return next((step for step in steps if step.state in _OPEN and step.id not in tried), None)

    async def _carry_out(self, step: Step, rendered: Mapping[int, bytes]) -> Outcome:
        match step.operation:
            case MoveSidecar():
                return self._move_sidecar(step, step.operation)
            case WriteSidecar():
                return await self._write_sidecar(step, step.operation)
        picture = rendered.get(step.position)
        if isinstance(step.operation, Tag):
            return self._executor.carry_out(step)
        try:
            self._check_in_reach(step)
            if isinstance(step.operation, Crop) and picture is None:
                picture = await self._workers.crop(step.path, step.photo_hash, step.operation)
        except StoreError:
            raise
        except FamiliarError as error:
            return self._executor.give_up(step, error)
        self._take_sidecars_along(step)
        return self._executor.carry_out(step, rendered=picture)

    def _take_sidecars_along(self, step: Step) -> None:
        """Write down, before a photo is moved or copied, that its sidecars go along."""
        wish = step.operation
        if not isinstance(wish, Move | Copy) or (isinstance(wish, Copy) and not self._copy_sidecars):
            return
        known = [other.operation for other in self._store.journal.steps(step.plan_id)]
        written = {one.sidecar for one in known if isinstance(one, MoveSidecar) and one.behind == step.position}
        sidecar_moves = [
            MoveSidecar(
                target=beside(sidecar, step.path, wish.target),
                rule=wish.rule,
                sidecar=sidecar,
                behind=step.position,
                moves=isinstance(wish, Move),
            )
            for sidecar in sidecars_of(step.path)
            if sidecar not in written
        ]
        if sidecar_moves:
            self._store.journal.append(step.plan_id, sidecar_moves)

    def _move_sidecar(self, step: Step, along: MoveSidecar) -> Outcome:
        """Take a sidecar to where its photo was put; it stays where it is if the photo was not, or is back by now."""
        photo = self._store.journal.steps(step.plan_id)[along.behind]
        if photo.state != "done" or photo.source is None or photo.target is None:
            if step.target is None:
                return self._executor.leave(step, along.sidecar)
            outcome = self._executor.carry_out(step)  # it was begun before the photo went back
            if outcome.state == "done":
                self._store.journal.request_undo([step.id])
            return outcome
        target = beside(along.sidecar, photo.source, photo.target)
        return self._executor.carry_out(replace(step, operation=replace(along, target=target)))

    async def _write_sidecar(self, step: Step, write: WriteSidecar) -> Outcome:
        """Write a sidecar, unless something else is to stand in it by now."""
        if self._executor.is_written(step):
            return self._executor.carry_out(step)
        if self._store.sidecars.wanted(write.target) != write.wanted:
            return self._executor.leave(step, write.target)
        former = self._store.sidecars.wrote(write.target)
        try:
            self._check_photo(step.path)
            made = await self._workers.render_sidecar(step.path, write.target, write.wanted, former)
        except StoreError:
            raise
        except FamiliarError as error:
            return self._executor.give_up(step, error)
        except Exception as error:  # noqa: BLE001 - one sidecar must not stop the others
            self._log.emit("photo.error", path=write.target, error=repr(error), exc_info=True)
            return self._executor.give_up(step, SetAsideError(f"unexpected error: {error!r}"))
        with self._store.writing():
            self._store.sidecars.note_wrote(write.target, step.photo_id, made.ours)
        return self._executor.carry_out(step, rendered=made.after, before=made.before)

    def _check_photo(self, photo: Path) -> None:
        """Check that a photo lies where its sidecar is to be written.

        Raises:
            RetryError: it is out of reach, and not known to be gone.
            GoneError: it is gone.
        """
        if not os.path.lexists(photo):
            if self._is_there(photo):
                raise RetryError(f"{photo}: out of reach for now")
            raise GoneError(f"{photo}: no longer there")

    def _check_in_reach(self, step: Step) -> None:
        """Check that a photo lies where the rules saw it, or is gone from there; a twin elsewhere is another file.

        Raises:
            RetryError: the photo is out of reach, and not known to be gone.
        """
        begun = step.target is not None
        source = step.source if begun and step.source is not None else step.path
        if os.path.lexists(source) or (step.target is not None and os.path.lexists(step.target)):
            return
        if self._is_there(source):
            raise RetryError(f"{source}: out of reach for now")

    def _undo_requested(self) -> None:
        """Undo all steps that are to be undone, of whatever plan, the newest first: one may build on another."""
        for step in self._store.journal.undo_requests():
            try:
                self._undo.undo(step)
            except StoreError:
                raise
            except FamiliarError as error:
                self._log.emit("operation.undo_failed", operation=step.id, kind=step.operation.kind, error=str(error))
            else:
                self._log.emit("operation.undone", operation=step.id, kind=step.operation.kind, target=_aim(step))

    def _tell(self, step: Step, outcome: Outcome) -> None:
        about = {"operation": step.id, "kind": step.operation.kind, "rule": step.operation.rule}
        if outcome.state in {"done", "kept"}:
            source = step.operation.sidecar if isinstance(step.operation, MoveSidecar) else step.path
            target = outcome.target or _aim(step)
            self._log.emit(f"operation.{outcome.state}", **about, source=source, target=target)
        elif outcome.state == "failed":
            self._log.emit("operation.failed", **about, error=outcome.error, retry_in=outcome.retry_in)
            if outcome.waits_for is not None and outcome.waits_for not in self._waited_for:
                self._waited_for.add(outcome.waits_for)
                self._log.emit("disk.offline", folder=outcome.waits_for, reason=outcome.error)
        else:
            self._log.emit("operation.refused", **about, error=outcome.error)


def _aim(step: Step) -> Path | str | None:
    return destination_of(step.operation) if isinstance(step.operation, Tag) else step.target
