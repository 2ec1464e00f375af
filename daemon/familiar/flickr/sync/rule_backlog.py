"""Photos of which Flickr says something else than when the rules decided: the rules decide on them again."""

from collections.abc import Callable

from familiar.events import EventLog
from familiar.flickr.sync.tag_decisions import TagDecider
from familiar.library.operations import OperationRunner
from familiar.library.sources import FlickrCache
from familiar.model import Operation, Plan
from familiar.store.flickr.photos import FlickrPhoto
from familiar.store.store import Store

_SLICE = 20
"""Photos on which is decided in one go, before the loop sees to its other work."""


class RuleBacklog:
    """Carries out what the rules ask for now and did not before; what was done before stays, and is not repeated.

    Such an operation needs the file, which is fetched again unless it was kept.
    """

    def __init__(
        self,
        *,
        store: Store,
        decider: TagDecider,
        runner: OperationRunner,
        cache: FlickrCache,
        on_changed: Callable[[int, int | None], None],
        log: EventLog,
    ) -> None:
        """Take what makes plans and carries them out.

        `on_changed` is called with each photo that has changed, and its new plan, if there is one.
        """
        self._store = store
        self._decider = decider
        self._runner = runner
        self._cache = cache
        self._on_changed = on_changed
        self._log = log

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be decided."""
        return not self._store.flickr.to_decide_again(limit=1)

    async def advance(self) -> bool:
        """Decide on some photos, unless an operation goes on; return whether there were any."""
        photos = self._store.flickr.to_decide_again(limit=_SLICE)
        if not photos or self._runner.is_acting:
            return False
        for photo in photos:
            await self._decide(photo)
        return True

    async def _decide(self, photo: FlickrPhoto) -> None:
        new = self._new_operations(photo)
        where = self._store.flickr.path_of(photo)
        if new and not (where is not None and self._cache.is_there(where[0])):
            self._store.flickr.fetch_again(photo)
            return
        plan_id = None
        with self._store.writing():
            self._store.flickr.mark_decided_again(photo)
            if new and photo.photo_id is not None and where is not None:
                plan_id = self._store.journal.record(photo.photo_id, where[0], Plan(operations=new))
        if plan_id is not None and where is not None:
            operations = [f"{operation.kind} {operation.destination}" for operation in new]
            self._log.emit("plan.made", photo=photo.photo_id, path=where[0], operations=operations)
            await self._runner.perform(plan_id, {})
        if photo.photo_id is not None:
            self._on_changed(photo.photo_id, plan_id)

    def _new_operations(self, photo: FlickrPhoto) -> tuple[Operation, ...]:
        """Return what the rules ask for, and what no plan has had; tags have a backlog of their own.

        Of a photo that is in a folder, too, what rules ask for is done there.
        """
        if photo.photo_id is None or not all(map(self._cache.holds, self._store.journal.originals_of(photo.photo_id))):
            return ()
        asked = self._decider.besides_tags(photo)
        return self._store.journal.not_planned(photo.photo_id, asked)
