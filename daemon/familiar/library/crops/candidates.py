"""The photos that a data set is made from: those in folders, or all that the store knows."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from familiar.filesystem.stamps import Stamp
from familiar.library.crops.manifest import Unmatched, shown_path
from familiar.library.survey import IndexedFile
from familiar.store.store import Store
from familiar.store.views.candidates import PhotoGlance


@dataclass(frozen=True, slots=True, kw_only=True)
class CropCandidates:
    """Photos by id, each with its possible paths; and unreadable files, with the reason."""

    photos: Mapping[int, PhotoGlance]
    paths: Mapping[int, Sequence[Path]]
    unread: Sequence[Unmatched] = ()

    def path_of(self, photo: int) -> Path | None:
        """Return the present path of a photo."""
        return next(filter(os.path.lexists, self.paths[photo]), None)

    def copies_of(self, photo: int, path: Path) -> tuple[str, ...]:
        """Return the other present paths of the content of a photo, as sorted text."""
        others = {other for other in self.paths[photo] if other != path}
        return tuple(sorted(shown_path(other) for other in others if os.path.lexists(other)))


def known_photos(store: Store, model: str, *, apart_from: Sequence[Path]) -> CropCandidates:
    """Return all photos with a known path, except for those only in certain folders."""
    paths = {
        photo: outside
        for photo, places in store.sightings.all_paths().items()
        if (outside := [path for path in places if path.parent not in apart_from])
    }
    photos = store.candidates.photos(model)
    return CropCandidates(photos={id_: photo for id_, photo in photos.items() if id_ in paths}, paths=paths)


def photos_seen(store: Store, indexed_files: Iterable[IndexedFile], model: str) -> CropCandidates:
    """Return the photos in scanned folders, with those that were set aside."""
    paths: dict[int, list[Path]] = {}
    unread = []
    for indexed in indexed_files:
        photo = indexed.photo if indexed.photo is not None else _set_aside(store, indexed.path)
        if photo is None:
            unread.append(Unmatched(path=shown_path(indexed.path), hash=None, reason=indexed.reason or "not readable"))
        else:
            paths.setdefault(photo, []).append(indexed.path)
    return CropCandidates(photos=store.candidates.photos(model, list(paths)), paths=paths, unread=unread)


def _set_aside(store: Store, path: Path) -> int | None:
    """Return the photo of a file that was set aside, or None for a file that could not be read."""
    try:
        return store.sightings.photo_at(path, Stamp.of(path))
    except OSError:
        return None
