"""One photo: its faces, where it is, and what is there now."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from familiar.api.photos import KnownPhoto
from familiar.library.photo_places import KnownPlace, PlaceState, look_at
from familiar.review.silent_disks import SilentDiskError, SilentDisks
from familiar.store.views.photos_of_faces import FaceOfPhoto

ShownState: TypeAlias = PlaceState | Literal["silent"]

_MOST_PLACES = 50
"""Paths that are looked at; a photo can have thousands of copies."""


_SAME = 0.05
"""Seconds between two times that are not told apart: half a step of the slider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlace:
    """A path of a photo, and what is there now; "silent" if its disk does not answer."""

    path: Path
    state: ShownState


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoPage:
    """A photo, or a frame of a video at `time`, with the face that is meant, if one is."""

    known: KnownPhoto
    places: Sequence[ShownPlace]
    time: float | None
    face: int | None

    @property
    def faces(self) -> Sequence[FaceOfPhoto]:
        """The faces that are in the picture: of a video, those of the frame."""
        return [face for face in self.known.faces if face.time == self.time]

    @property
    def times(self) -> Sequence[float]:
        """The times of the frames of a video that have faces."""
        return sorted({face.time for face in self.known.faces if face.time is not None})


async def show_photo(
    known: KnownPhoto, disks: SilentDisks, *, face: int | None = None, time: float | None = None
) -> PhotoPage:
    """Return a photo, after a look at where it is."""
    places = await asyncio.gather(*(_look(place, disks) for place in known.places[:_MOST_PLACES]))
    return PhotoPage(known=known, places=places, time=_time(known, face, time), face=face)


async def _look(place: KnownPlace, disks: SilentDisks) -> ShownPlace:
    try:
        found = await disks.ask(place.path, lambda: look_at(place))
    except SilentDiskError:
        return ShownPlace(path=place.path, state="silent")
    except OSError:
        return ShownPlace(path=place.path, state="unreadable")
    return ShownPlace(path=place.path, state=found.state)


def _time(known: KnownPhoto, face: int | None, time: float | None) -> float | None:
    """Return the time of the frame that is shown: that of the face, the one asked for, or the first with a face."""
    if known.photo.kind == "photo":
        return None
    times = {one.id: one.time for one in known.faces}
    if face is not None and face in times:
        return times[face]
    own = sorted(at for at in times.values() if at is not None)
    if time is not None and 0 <= time <= (known.photo.duration or 0):
        return next((at for at in own if abs(at - time) < _SAME), time)
    return own[0] if own else None
