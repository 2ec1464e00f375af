"""Apply the rules to photos that are known already."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from familiar.filesystem.presence import Unread
from familiar.library.planning import Planner
from familiar.library.recognition import Recogniser
from familiar.library.sources import ConfiguredFolders, FlickrCache, Origin
from familiar.model import Operation, Photo, Plan, RecognisedFace
from familiar.settings import FolderSettings
from familiar.sources.completeness import look
from familiar.store.store import Store

_PART = 500
"""Photos that are asked for at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPlan:
    """What would be done with a known photo at a path: operations that were not planned before, and refusals."""

    photo_id: int
    hash: str
    path: Path
    faces: Sequence[RecognisedFace]
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPlans:
    """Plans for some known photos.

    `looked_at` counts the photos that were looked at for them, `after` is the id of the last one; None: that were all.
    """

    plans: tuple[KnownPlan, ...]
    looked_at: int
    after: int | None


class RuleApplication:
    """Records plans for known photos in the journal; `Handover` does them."""

    def __init__(
        self,
        *,
        store: Store,
        recogniser: Recogniser,
        planner: Planner,
        folders: Sequence[FolderSettings],
        unread: Unread,
    ) -> None:
        """Take the store, what makes plans, and the configured folders, which name the sources of photos.

        `unread` collects the folders that can't be looked into.
        """
        self._store = store
        self._recogniser = recogniser
        self._planner = planner
        self._folders = ConfiguredFolders(folders)
        self._unread = unread
        self._cache = FlickrCache(store)

    def preview(self, *, after: int, most: int, until: Callable[[], bool]) -> KnownPlans:
        """Return what would be done with known photos that was not planned before; nothing is written.

        Args:
            after: only photos with larger ids.
            most: number of photos with something to do.
            until: says when enough time has passed.
        """
        found: list[KnownPlan] = []
        looked_at, last = 0, after
        while part := self._store.photos.seen_after(last, limit=_PART):
            for photo_id in part:
                planned = self._preview(photo_id)
                looked_at, last = looked_at + 1, photo_id
                found += [] if planned is None else [planned]
                if len(found) == most or until():
                    return KnownPlans(plans=tuple(found), looked_at=looked_at, after=last)
        return KnownPlans(plans=tuple(found), looked_at=looked_at, after=None)

    def _preview(self, photo_id: int) -> KnownPlan | None:
        path = self._path_of(photo_id, ())
        if path is None:
            return None
        photo = self._store.photos.load(photo_id)
        faces = self._recogniser.recognised(photo_id, photo)
        plan = self._plan(photo, faces, path)
        operations = () if plan is None else self._store.journal.not_planned(photo_id, plan.operations)
        if plan is None or not (operations or plan.refusals):
            return None
        return KnownPlan(
            photo_id=photo_id, hash=photo.hash, path=path, faces=faces, plan=replace(plan, operations=operations)
        )

    def record(self, tops: Sequence[Path], on_progress: Callable[[int, int], None]) -> Iterator[int]:
        """Record a plan for each known photo for which there is something to do, at its first path that exists.

        What an earlier plan has still to do is not planned again. Yields the ids of the plans, and of those that are
        still open, which are tried at once.

        Args:
            tops: only photos at or below these paths; empty for all photos.
            on_progress: is called with the number of photos that are done, and that of all photos.
        """
        photos = list(self._store.photos.seen())
        for number, photo_id in enumerate(photos, start=1):
            on_progress(number, len(photos))
            path = self._path_of(photo_id, tops)
            if path is not None:
                yield from self._record(photo_id, path)

    def _record(self, photo_id: int, path: Path) -> Iterator[int]:
        plan = self._plan(*self._recogniser.recognise(photo_id), path)
        if plan is None or not plan.operations:
            return
        journal, wanted = self._store.journal, {_aim(operation) for operation in plan.operations}
        pending = [step for step in journal.open_for(photo_id) if _aim(step.operation) in wanted]
        for plan_id in dict.fromkeys(step.plan_id for step in pending):
            journal.try_now(plan_id)
            yield plan_id
        open_ = {_aim(step.operation) for step in pending}
        fresh = tuple(operation for operation in plan.operations if _aim(operation) not in open_)
        if fresh:
            yield journal.record(photo_id, path, replace(plan, operations=fresh))

    def _plan(self, photo: Photo, faces: Sequence[RecognisedFace], path: Path) -> Plan | None:
        """Return the plan for a photo at a path; None if it is not there, or is a clip, which follows its still."""
        found = look(path)
        if found is None or photo.kind == "clip":
            return None
        return self._planner.plan(photo, faces, path, source=self._source_of(path), mtime_ns=found.mtime_ns)

    def _source_of(self, path: Path) -> Origin:
        return self._cache if self._cache.holds(path) else self._folders

    def _path_of(self, photo_id: int, tops: Sequence[Path]) -> Path | None:
        """Return the first path at which a person put the photo: not a copy or a link of ours."""
        paths = self._store.journal.originals_of(photo_id)
        chosen = [path for path in paths if not tops or any(path.is_relative_to(top) for top in tops)]
        chosen.sort(key=self._cache.holds)  # rules can do more with files that are not in the cache
        return next(filter(self._unread.has_file, chosen), None)


def _aim(operation: Operation) -> tuple[str, Path | str]:
    """Return by what two operations on one photo are the same."""
    return operation.kind, operation.destination
