"""Known photos: in the order in which they were taken, with their faces, and with faces that were missed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from familiar.api.faces import placed_photos
from familiar.api.session import Session
from familiar.errors import GoneError, StaleError, UsageError
from familiar.identity.regions import area_of, faces_of
from familiar.library.argument_types import checked_arguments
from familiar.library.arguments import check_choice, check_number
from familiar.library.photo_places import KnownPlace, places_of
from familiar.library.pictures import PlacedPhoto
from familiar.model import Box, Face
from familiar.store.decisions.log import EventRow
from familiar.store.versions import version_of
from familiar.store.views.photo_filters import People, PhotoFilter
from familiar.store.views.photos_of_faces import FaceOfPhoto, PhotoOfFace
from familiar.store.views.timeline import MonthOfPhotos, TimelinePhoto, TimelinePlace
from familiar.vision.workers.tasks import DrawnTask

_LEAST_SIDE = 16
"""Pixels of the shorter side of a box: no model tells who a smaller face is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPhoto:
    """A photo with all of its faces, and where it was found; whether it is still there is not checked."""

    photo: PhotoOfFace
    faces: tuple[FaceOfPhoto, ...]
    places: tuple[KnownPlace, ...]

    @property
    def version(self) -> str:
        """A text that differs whenever its faces or their names do."""
        return version_of(*((face.id, face.cluster, face.name, face.confirmed) for face in self.faces))


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedFace:
    """A face that was added to a photo, and the decision to do so."""

    face: int
    event: EventRow


@checked_arguments
class KnownPhotos:
    """All known photos and videos.

    All methods raise NoStoreError if there is no store yet.
    """

    def __init__(self, session: Session) -> None:
        """Take the opened library."""
        self._session = session

    def months(self, wanted: PhotoFilter | None = None) -> list[MonthOfPhotos]:
        """Return the months in which photos were taken, the newest first, and those without a date last.

        Where there are a million photos, this takes seconds for a filter that many of them fulfil.

        Raises:
            UsageError: the filter can't be right.
        """
        return self._session.store().timeline.months(_checked(wanted))

    def part(
        self, month: str, *, wanted: PhotoFilter | None = None, start: TimelinePlace | None = None, most: int = 200
    ) -> list[TimelinePhoto]:
        """Return photos of a month, the newest first.

        Args:
            month: as "2024-07", or "" for photos without a date.
            wanted: only photos that fulfil this filter.
            start: the place of the first photo; by default that of the newest.
            most: number of photos.

        Raises:
            UsageError: the filter can't be right.
        """
        check_number("most", most, 0)
        return self._session.store().timeline.part(_checked(wanted), month, start=start, most=most)

    def places(self, month: str, *, wanted: PhotoFilter | None = None, every: int) -> list[TimelinePlace]:
        """Return the places of the first photo of a month, and of each so many after it, as `part` takes them.

        Raises:
            UsageError: the filter can't be right.
        """
        check_number("every", every, 1)
        return self._session.store().timeline.places(_checked(wanted), month, every=every)

    def sources(self) -> list[tuple[int, Path]]:
        """Return the watched folders by their ids, as a filter takes them."""
        return [(root.id, root.path) for root in self._session.store().roots.all()]

    def has_flickr(self) -> bool:
        """Return whether there are photos from Flickr."""
        return self._session.store().timeline.has_flickr()

    def find(self, photo: int) -> KnownPhoto:
        """Return a photo with all of its faces.

        Raises:
            UsageError: there is no such photo.
        """
        return self._known(self._session.store().photos_of_faces.at(photo), f"photo {photo}")

    def of_face(self, face: int) -> KnownPhoto:
        """Return the photo that a face is in, with all of its faces.

        Raises:
            UsageError: there is no such face.
        """
        return self._known(self._session.store().photos_of_faces.find(face), f"face {face}")

    def place(self, photos: Sequence[int]) -> list[PlacedPhoto]:
        """Return what is needed to show photos, as far as they were seen, in the order of their ids."""
        return [placed for _, placed in sorted(placed_photos(self._session, photos).items())]

    def check_seen(self, versions: Mapping[int, str]) -> None:
        """Check, in a block of `Library.deciding`, that photos still are as they were seen.

        Args:
            versions: of photos by their ids, as `KnownPhoto` has them.

        Raises:
            StaleError: one of them has other faces or names.
            UsageError: there is no such photo.
        """
        stale = [photo for photo, seen in versions.items() if self.find(photo).version != seen]
        if stale:
            raise StaleError("photo", stale)

    def add_face(self, photo: int, box: Box, *, time: float | None = None) -> AddedFace:
        """Add a face that was not found, in a box that a person has drawn around it, and match it.

        Args:
            photo: the photo.
            box: around the face, in pixels of the photo as it is shown.
            time: one at which the frame is shown, in a video, in seconds.

        Raises:
            UsageError: there is no such photo, no face can be aligned there, or the one there is known already.
            GoneError: no file of the photo can be found.
            RetryError, SetAsideError: the photo can't be read.
        """
        session, store = self._session, self._session.store()
        shown = self.find(photo).photo
        _check_box(box, shown)
        found = self._drawn(photo, box, time)
        with store.writing():
            known = self._known_face(photo, found)
            face = store.photos.add_face(photo, found) if known is None else known
            event = store.decisions.faces.add(face)
            session.recogniser.rematch_faces([face])
        return AddedFace(face=face, event=store.decisions.log.event_of(event))

    def _known(self, photo: PhotoOfFace | None, what: str) -> KnownPhoto:
        """Return a photo with all of its faces.

        Raises:
            UsageError: there is none for what was asked for.
        """
        if photo is None:
            raise UsageError(f"There is no {what}.")
        store = self._session.store()
        faces = tuple(store.photos_of_faces.faces(photo.id))
        return KnownPhoto(photo=photo, faces=faces, places=places_of(store, photo.id))

    def _drawn(self, photo: int, box: Box, time: float | None) -> Face:
        """Return the face that a worker finds in a box."""
        placed = next(iter(self.place([photo])), None)
        if placed is None or not placed.paths:
            raise GoneError(f"No file of photo {photo} is known any more.")
        task = DrawnTask(
            paths=placed.paths,
            hash=placed.hash,
            box=box,
            time=placed.time if time is None else time,
            turn=placed.turn,
        )

        async def find() -> Face | None:
            async with self._session.workers(1) as workers:
                return await workers.find_drawn(task)

        found = self._session.run(find())
        if found is None:
            raise UsageError(
                "No face can be aligned in this box: eyes, nose and mouth can't be told. Draw it around the whole "
                "face, from the brows to the chin."
            )
        return found

    def _known_face(self, photo: int, found: Face) -> int | None:
        """Return the face that a person called none, where it was found again.

        Raises:
            UsageError: it is a face already.
        """
        store = self._session.store()
        faces = [face for face in store.photos.faces_of(photo) if face.time == found.time]
        width, height = self.place([photo])[0].size
        areas = [area_of(face.box, width, height) for face in faces]
        same = faces_of([area_of(found.box, width, height)], areas).get(0)
        if same is None:
            return None
        known = faces[same].id or 0
        shown = next((face for face in store.photos_of_faces.faces(photo) if face.id == known), None)
        if shown is not None:
            raise UsageError(f"This face is known already: {shown.name or 'it has no name yet'}.")
        return known


def _check_box(box: Box, photo: PhotoOfFace) -> None:
    """Check that a box can have a face in it.

    Raises:
        UsageError: it can't.
    """
    if not (0 <= box.left < box.right <= photo.width and 0 <= box.top < box.bottom <= photo.height):
        raise UsageError(
            f"The box ({box.left}, {box.top}) to ({box.right}, {box.bottom}) must be inside of the photo, which has "
            f"{photo.width} × {photo.height} pixels."
        )
    if min(box.width, box.height) < _LEAST_SIDE:
        raise UsageError(f"The box has {box.width} × {box.height} pixels; a face needs {_LEAST_SIDE} × {_LEAST_SIDE}.")


def _checked(wanted: PhotoFilter | None) -> PhotoFilter:
    """Return a filter that can be right.

    Raises:
        UsageError: it can't be.
    """
    if wanted is None:
        return PhotoFilter()
    check_choice("which", wanted.which, get_args(People))
    if wanted.year is not None:
        check_number("year", wanted.year, 1, 9999)
    return wanted
