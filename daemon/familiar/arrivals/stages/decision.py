"""Decide the operations of a photo, and wait for its turn."""

from dataclasses import replace

from familiar.arrivals.arrival import Arrival
from familiar.arrivals.stages.repeats import Repeats
from familiar.library.live_photos import plan_for_clip
from familiar.library.operations import OperationRunner
from familiar.library.planning import Planner
from familiar.library.sources import Sources
from familiar.store.store import Store


class Decide:
    """Makes the plan of a photo by the rules, and renders its crops in advance."""

    def __init__(self, *, planner: Planner, sources: Sources, runner: OperationRunner) -> None:
        """Take what makes plans, the sources of paths, and what renders crops."""
        self._planner = planner
        self._sources = sources
        self._runner = runner

    async def __call__(self, arrival: Arrival) -> Arrival:
        """Add the plan and the crops; rules do not apply to a clip, which follows its still."""
        photo, path = arrival.recognised, arrival.path
        if photo.kind == "clip":
            return arrival
        source = self._sources.of(path)
        plan = self._planner.plan(photo, arrival.faces, path, source=source, mtime_ns=arrival.file.mtime_ns)
        return replace(arrival, plan=plan, rendered=await self._runner.render(plan, path, photo.hash))


class WaitForTurn:
    """Waits until the files that were found earlier are done."""

    def __init__(self, *, store: Store, repeats: Repeats) -> None:
        """Take what knows whether a photo was handled."""
        self._store = store
        self._repeats = repeats

    async def __call__(self, arrival: Arrival) -> Arrival | None:
        """Wait; end here if the photo was handled in the meantime, through an earlier file."""
        await arrival.turn.wait()
        known = self._store.photos.find(arrival.hash)
        if known is not None and self._repeats.is_handled(known, arrival.path):
            self._repeats.note(arrival.file, known)
            return None
        return arrival


class FollowStill:
    """Makes a clip follow its still, which was handled before it."""

    def __init__(self, store: Store) -> None:
        """Take the store, which knows what was done with the still."""
        self._store = store

    async def __call__(self, arrival: Arrival) -> Arrival:
        """Add the plan of a clip."""
        if arrival.recognised.kind != "clip":
            return arrival
        plan, follows = plan_for_clip(self._store, arrival.path, arrival.recognised.shot)
        return replace(arrival, plan=plan, follows=follows)
