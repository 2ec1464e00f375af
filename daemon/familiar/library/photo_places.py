"""Where a photo is: the paths that the store knows, and what is there now."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from familiar.filesystem.stamps import Stamp
from familiar.store.roots import RootRow
from familiar.store.store import Store

PlaceState: TypeAlias = Literal["there", "changed", "gone", "offline", "unreadable"]
"""What is at a path: the file, one that has changed since it was looked at, none, or none as its folder is offline.

A file in a folder that may not be entered, or on a disk that fails, is unreadable.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPlace:
    """A path at which a photo was found, the stamp that its file had, and the watched folder that it is in."""

    path: Path
    stamp: Stamp | None
    root: Path | None
    is_offline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoPlace:
    """A path at which a photo was found, and what is there now."""

    path: Path
    state: PlaceState


def places_of(store: Store, photo: int) -> tuple[KnownPlace, ...]:
    """Return the paths at which a photo was found, without looking at them; of one that is gone, the last."""
    stamps = store.sightings.stamps_of(photo)
    former = None if stamps else store.files.former_path(photo)
    roots = sorted(store.roots.all(), key=lambda root: -len(root.path.parts))
    return tuple(_place(path, stamps.get(path), roots) for path in (stamps if former is None else [former]))


def _place(path: Path, stamp: Stamp | None, roots: Sequence[RootRow]) -> KnownPlace:
    root = next((root for root in roots if path.is_relative_to(root.path)), None)
    if root is None:
        return KnownPlace(path=path, stamp=stamp, root=None, is_offline=False)
    return KnownPlace(path=path, stamp=stamp, root=root.path, is_offline=root.state == "offline")


def look_at(place: KnownPlace) -> PhotoPlace:
    """Return what is at a place now; this can take long if its disk does not answer."""
    return PhotoPlace(path=place.path, state=_state(place))


def _state(place: KnownPlace) -> PlaceState:
    try:
        found = Stamp.of(place.path)
    except (FileNotFoundError, NotADirectoryError):
        return "offline" if place.is_offline or (place.root is not None and _is_away(place.root)) else "gone"
    except OSError:
        return "unreadable"
    return "there" if place.stamp is None or place.stamp.is_of(found) else "changed"


def _is_away(root: Path) -> bool:
    """Return whether a watched folder is missing, or empty as a place where no disk is mounted."""
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is None
    except OSError:
        return True
