"""Record first, act second: record the plan with the state of the photo, then carry it out."""

from dataclasses import replace

from familiar.arrivals.arrival import Arrival
from familiar.arrivals.tally import Tally
from familiar.events import EventLog
from familiar.library.live_photos import review
from familiar.library.operations import OperationRunner
from familiar.store.store import Store


class Record:
    """Records the plan and that the photo is handled, in one transaction."""

    def __init__(self, *, store: Store, tally: Tally, log: EventLog) -> None:
        """Take the store, and what is counted and told."""
        self._store = store
        self._tally = tally
        self._log = log

    async def __call__(self, arrival: Arrival) -> Arrival:
        """Add the id of the plan, if it has operations."""
        photo_id, plan_id = arrival.indexed, None
        with self._store.writing():
            if arrival.plan.operations:
                plan_id = self._store.journal.record(photo_id, arrival.path, arrival.plan, follows=arrival.follows)
            self._store.photos.mark_handled(photo_id)
            self._store.files.mark_done(arrival.file.id, photo_id)
            review(self._store, arrival.path, self._log, takes_clip_along=arrival.recognised.kind == "photo")
        self._tally.done += 1
        self._tell(arrival)
        return replace(arrival, plan_id=plan_id)

    def _tell(self, arrival: Arrival) -> None:
        plan, about = arrival.plan, {"photo": arrival.indexed, "path": arrival.path}
        if plan.operations:
            operations = [f"{operation.kind} {operation.destination}" for operation in plan.operations]
            self._log.emit("plan.made", **about, operations=operations)
        for refusal in plan.refusals:
            self._log.emit("plan.refused", **about, rule=refusal.rule, kind=refusal.kind, reason=refusal.reason)


class Run:
    """Carries out the operations of the plan."""

    def __init__(self, runner: OperationRunner) -> None:
        """Take what carries out plans."""
        self._runner = runner

    async def __call__(self, arrival: Arrival) -> Arrival:
        """Carry out the plan, if there is one."""
        if arrival.plan_id is not None:
            await self._runner.perform(arrival.plan_id, arrival.rendered)
        return arrival
