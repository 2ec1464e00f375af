"""Apply the rules to photos that are known already."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from familiar.filesystem.presence import Unread
from familiar.library.planning import Planner
from familiar.library.recognition import Recogniser
from familiar.library.sources import ConfiguredFolders, FlickrCache, Origin
from familiar.settings import FolderSettings
from familiar.sources.completeness import look
from familiar.store.store import Store


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

    def record(self, tops: Sequence[Path], on_progress: Callable[[int, int], None]) -> Iterator[int]:
        """Record a plan for each known photo for which there is something to do, at its first path that exists.

        Yields the ids of the plans.

        Args:
            tops: only photos at or below these paths; empty for all photos.
            on_progress: is called with the number of photos that are done, and that of all photos.
        """
        photos = list(self._store.photos.seen())
        for number, photo_id in enumerate(photos, start=1):
            on_progress(number, len(photos))
            path = self._path_of(photo_id, tops)
            plan_id = None if path is None else self._record(photo_id, path)
            if plan_id is not None:
                yield plan_id

    def _record(self, photo_id: int, path: Path) -> int | None:
        found = look(path)
        if found is None:
            return None
        photo, faces = self._recogniser.recognise(photo_id)
        if photo.kind == "clip":
            return None  # a clip follows its still
        plan = self._planner.plan(photo, faces, path, source=self._source_of(path), mtime_ns=found.mtime_ns)
        return self._store.journal.record(photo_id, path, plan) if plan.operations else None

    def _source_of(self, path: Path) -> Origin:
        return self._cache if self._cache.holds(path) else self._folders

    def _path_of(self, photo_id: int, tops: Sequence[Path]) -> Path | None:
        """Return the first path at which a person put the photo: not a copy or a link of ours."""
        paths = self._store.journal.originals_of(photo_id)
        chosen = [path for path in paths if not tops or any(path.is_relative_to(top) for top in tops)]
        chosen.sort(key=self._cache.holds)  # rules can do more with files that are not in the cache
        return next(filter(self._unread.has_file, chosen), None)
