"""Plans for photos at given paths, without touching a file and without handling a photo."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from familiar.clip_names import nearness
from familiar.effects.kinds.following import Following
from familiar.errors import FamiliarError, GoneError, StoreError, WorkersError
from familiar.library.companions import CompanionRules
from familiar.library.indexing import Indexer
from familiar.library.live_photos import handled_still
from familiar.library.planning import Planner
from familiar.library.recognition import Recogniser
from familiar.library.sources import Origin
from familiar.media import is_photo, is_video
from familiar.model import Photo, PhotoOperation, Plan, RecognisedFace, Shot
from familiar.rules.planning import following
from familiar.sources.completeness import look
from familiar.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPreview:
    """The plan for a photo, the faces that it is based on, and what lets the companions of the photo follow it."""

    plan: Plan
    faces: Sequence[RecognisedFace]
    companions: Sequence[Following] = ()


class PlanPreviews:
    """The result for each path: a plan, the path of the same photo that has the plan, or a failure."""

    def __init__(
        self,
        *,
        store: Store,
        indexer: Indexer,
        recogniser: Recogniser,
        planner: Planner,
        source: Origin,
        companions: CompanionRules,
    ) -> None:
        """Take what it needs to index, recognise and plan photos, the source of all paths, and what follows photos."""
        self.plans: dict[Path, PlanPreview] = {}
        self.copies: list[tuple[Path, Path]] = []
        self.failed: list[tuple[Path, str]] = []
        self._store = store
        self._indexer = indexer
        self._recogniser = recogniser
        self._planner = planner
        self._source = source
        self._companions = companions
        self._first: dict[int, Path] = {}

    async def add_all(self, paths: Sequence[Path], on_progress: Callable[[int, int], None]) -> None:
        """Plan photos; `on_progress` is called with the number of planned photos, and that of all photos.

        Photos are planned before videos, because a clip follows its still.

        Raises:
            StoreError: the store can't be used.
        """
        numbers = count(1)
        for videos in (False, True):
            chosen = [path for path in paths if is_video(path) == videos]
            await self._add(chosen, lambda: on_progress(next(numbers), len(paths)))

    async def _add(self, paths: Sequence[Path], on_progress: Callable[[], None]) -> None:
        stills = {path: self._still_of(path) for path in paths if is_video(path)}
        shots = {path: self._shot_of(still) for path, still in stills.items()}
        looks = [asyncio.create_task(self._indexer.index(path, still=shots.get(path))) for path in paths]
        for path, indexed in zip(paths, looks, strict=True):
            try:
                self._plan(path, await indexed, stills.get(path))
            except (StoreError, WorkersError):
                raise  # every photo would fail
            except FamiliarError as error:
                self.failed.append((path, str(error)))
            on_progress()

    def _still_of(self, video: Path) -> Path | None:
        """Return the still beside a video, if it was planned just now, or handled before."""
        planned = {
            path: near
            for path in self.plans
            if path.parent == video.parent and is_photo(path) and (near := nearness(path, video)) is not None
        }
        return min(planned, key=planned.__getitem__, default=None) or handled_still(self._store, video)

    def _shot_of(self, still: Path | None) -> Shot | None:
        if still is None:
            return None
        known = next((photo for photo, path in self._first.items() if path == still), None)
        file = self._store.files.at(still)
        photo_id = known if known is not None or file is None else file.photo_id
        return None if photo_id is None else self._store.photos.shot(photo_id)

    def _plan(self, path: Path, photo_id: int, still: Path | None) -> None:
        if self._first.setdefault(photo_id, path) != path:
            self.copies.append((path, self._first[photo_id]))
            return
        photo, faces = self._recogniser.recognise(photo_id)
        plan = self._plan_for_clip(path, still) if photo.kind == "clip" else self._plan_for_photo(path, photo, faces)
        follow = [
            one
            for behind, wish in enumerate(plan.operations)
            if isinstance(wish, PhotoOperation)
            for one in self._companions.following(wish, path, behind=behind)
        ]
        self.plans[path] = PlanPreview(plan=plan, faces=faces, companions=follow)

    def _plan_for_clip(self, path: Path, still: Path | None) -> Plan:
        if still is None or still not in self.plans:
            return Plan()
        return following(self.plans[still].plan.operations, still, path)

    def _plan_for_photo(self, path: Path, photo: Photo, faces: Sequence[RecognisedFace]) -> Plan:
        found = look(path)
        if found is None:
            raise GoneError(f"{path}: no longer there")
        return self._planner.plan(photo, faces, path, source=self._source, mtime_ns=found.mtime_ns)
