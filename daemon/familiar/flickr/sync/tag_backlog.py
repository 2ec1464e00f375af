"""Photos on whose tags has not been decided by the rules and people of now."""

from familiar.flickr.sync.tag_decisions import TagDecider
from familiar.library.operations import OperationRunner
from familiar.store.store import Store

_SLICE = 50
"""Photos on whose tags is decided in one go, before the loop sees to its other work."""


class TagBacklog:
    """Decides on the tags of some photos at a time, until all are decided."""

    def __init__(self, *, store: Store, decider: TagDecider, runner: OperationRunner) -> None:
        """Take what decides, and what carries out the plans that come of it."""
        self._store = store
        self._decider = decider
        self._runner = runner
        self._settled_basis: str | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be decided."""
        return self._decider.basis() == self._settled_basis

    def look_again(self) -> None:
        """Look again for photos that are undecided, as more are done now."""
        self._settled_basis = None

    async def advance(self) -> bool:
        """Decide on some photos, unless an operation goes on; return whether there were any."""
        basis = self._decider.basis()
        if basis == self._settled_basis or self._runner.is_acting:
            return False
        photos = [] if basis is None else self._store.flickr.undecided(basis, limit=_SLICE)
        if basis is None or not photos:
            self._settled_basis = basis
            return False
        with self._store.writing():
            plans = [self._decider.decide(photo, basis) for photo in photos]
        for plan_id in plans:
            if plan_id is not None:
                await self._runner.perform(plan_id, {})
        return True
