"""Known faces: where they are, their photos, and their pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

from familiar.api.session import Session
from familiar.errors import UsageError
from familiar.library.argument_types import checked_arguments
from familiar.library.photo_places import PhotoPlace, look_at, places_of
from familiar.library.pictures import PictureCutter, PlacedFace, PlacedPhoto
from familiar.store.views.photos_of_faces import FaceOfPhoto, PhotoOfFace
from familiar.store.views.representative_faces import RepresentativeFace


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPhoto:
    """A photo with all of its faces, and the paths at which it was found."""

    photo: PhotoOfFace
    faces: tuple[FaceOfPhoto, ...]
    places: tuple[PhotoPlace, ...]


@checked_arguments
class KnownFaces:
    """All known faces.

    All methods raise NoStoreError if there is no store yet.
    """

    def __init__(self, session: Session) -> None:
        """Take the opened library."""
        self._session = session

    def shown(self, faces: Sequence[int]) -> list[RepresentativeFace]:
        """Return what is needed to show faces, as far as they are known, in the order of their ids."""
        return self._session.store().likenesses.of_faces(faces)

    def place(self, faces: Sequence[int]) -> list[PlacedFace]:
        """Return what is needed to cut faces out, as far as they are known, in the order of their ids."""
        found = self._session.store().likenesses.of_faces(faces)
        photos = placed_photos(self._session, [face.photo_id for face in found])
        return [
            PlacedFace(id=face.id, box=face.box, time=face.time, photo=photos[face.photo_id])
            for face in found
            if face.photo_id in photos
        ]

    def photo_of(self, face: int) -> ShownPhoto:
        """Return the photo that a face is in, with all of its faces.

        Raises:
            UsageError: there is no such face.
        """
        store = self._session.store()
        photo = store.photos_of_faces.find(face)
        if photo is None:
            raise UsageError(f"There is no face {face}.")
        places = tuple(map(look_at, places_of(store, photo.id)))
        return ShownPhoto(photo=photo, faces=tuple(store.photos_of_faces.faces(photo.id)), places=places)

    def cutter(self) -> PictureCutter:
        """Return what cuts faces out, in worker processes, in any event loop; the caller closes it."""
        return PictureCutter(self._session.workers(networks=False))


def placed_photos(session: Session, photos: Sequence[int]) -> dict[int, PlacedPhoto]:
    """Return what is needed to show photos, as far as they were seen, by their ids."""
    store = session.store()
    paths = store.sightings.paths_of_all(photos)
    return {
        id_: PlacedPhoto(
            id=id_,
            hash=hash_,
            size=(width, height),
            paths=tuple(paths.get(id_, ())),
            turn=turn,
            time=time,
        )
        for id_, (hash_, width, height, turn, time) in store.photos_of_faces.sizes(photos).items()
    }
