"""Known faces: where they are, their photos, and their pictures."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from familiar.api.session import Session
from familiar.errors import UsageError
from familiar.library.argument_types import checked_arguments
from familiar.library.face_pictures import FaceCutter, PlacedFace
from familiar.store.views.photos_of_faces import FaceOfPhoto, PhotoOfFace
from familiar.store.views.representative_faces import RepresentativeFace

PlaceState: TypeAlias = Literal["there", "gone", "offline"]
"""Whether a file is there; a folder that is offline may have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoPlace:
    """A path at which a photo was found, and whether it is there now."""

    path: Path
    state: PlaceState


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
        store = self._session.store()
        return [
            PlacedFace(
                id=face.id,
                photo_id=face.photo_id,
                hash=face.hash,
                box=face.box,
                time=face.time,
                paths=tuple(store.sightings.paths_of(face.photo_id)),
                turn=store.photos.turn_of(face.photo_id),
            )
            for face in store.likenesses.of_faces(faces)
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
        places = tuple(PhotoPlace(path=path, state=self._state(path)) for path in store.sightings.paths_of(photo.id))
        return ShownPhoto(photo=photo, faces=tuple(store.photos_of_faces.faces(photo.id)), places=places)

    def cutter(self) -> FaceCutter:
        """Return what cuts faces out, in worker processes, in any event loop; the caller closes it."""
        return FaceCutter(self._session.workers(networks=False))

    def _state(self, path: Path) -> PlaceState:
        if os.path.lexists(path):
            return "there"
        roots = self._session.store().roots.all()
        is_offline = any(
            path.is_relative_to(root.path) for root in roots if root.state == "offline" or not os.path.isdir(root.path)
        )
        return "offline" if is_offline else "gone"
