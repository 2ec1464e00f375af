"""Whom a data set is of: a registered person, or the face in a photo."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from familiar.errors import FamiliarError
from familiar.identity.people import KnownPerson
from familiar.identity.search import distances_from
from familiar.library.crops.manifest import ImageReference, PersonReference, Reference, ReferencePhoto, shown_path
from familiar.library.scoring import Scorer
from familiar.model import Face, Photo
from familiar.store.store import Store
from familiar.store.views.faces import FaceStack


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasuredFaces:
    """The distance of each face of a stack, shape (n,), infinite for a damaged one; and which are known others."""

    distances: npt.NDArray[np.float64]
    others: npt.NDArray[np.bool_]


class CropReference(Protocol):
    """Whom faces are compared with."""

    @property
    def person(self) -> str | None:
        """Name of a registered person."""

    @property
    def model(self) -> str:
        """Id of the model whose embeddings are compared."""

    @property
    def is_matched(self) -> bool:
        """Whether matching finds them: it knows the people who have references of the model in use."""

    @property
    def threshold(self) -> float:
        """The default threshold."""

    @property
    def reference(self) -> Reference:
        """What is recorded of it."""

    def measure(self, faces: FaceStack) -> MeasuredFaces:
        """Compare faces with it."""


class PersonToCrop:
    """A registered person; distances are those of matching."""

    def __init__(self, store: Store, scorer: Scorer, name: str, *, threshold: float, is_matched: bool) -> None:
        """Take the person's name, and the usual threshold; faces are compared by the scorer's model.

        Raises:
            UsageError: the person does not exist, or has no references of that model.
        """
        self.model = scorer.model
        self.is_matched = is_matched
        self._scorer = scorer
        self._known: KnownPerson = scorer.person(name)
        self.person: str | None = self._known.name
        self.threshold = threshold if self._known.threshold is None else self._known.threshold
        self.reference = _reference_of(store, self._known.name, scorer.model)

    def measure(self, faces: FaceStack) -> MeasuredFaces:
        """Compare faces with the person."""
        others = np.zeros(len(faces), np.bool_)
        others[self._scorer.others(self._known, faces)] = True
        return MeasuredFaces(distances=self._scorer.measured(self._known, faces), others=others)


class FaceToCrop:
    """The face in a photo."""

    person: str | None = None
    is_matched = False

    def __init__(self, path: Path, photo: Photo, face: Face, *, threshold: float) -> None:
        """Take the photo, the face in it, and the threshold."""
        self._embedding = face.embedding
        self.model = face.engine
        self.threshold = threshold
        self.reference = ImageReference(
            image=shown_path(path),
            hash=photo.hash,
            image_width=photo.width,
            image_height=photo.height,
            x=face.box.left,
            y=face.box.top,
            width=face.box.width,
            height=face.box.height,
        )

    def measure(self, faces: FaceStack) -> MeasuredFaces:
        """Compare faces with this one."""
        distances = distances_from(self._embedding, faces.embeddings)
        return MeasuredFaces(distances=distances, others=np.zeros(len(faces), np.bool_))


def choose_face(path: Path, photo: Photo, *, largest: bool) -> Face:
    """Return the face in a reference photo.

    Raises:
        FamiliarError: there is none, or there are several and `largest` is not set.
    """
    if not photo.faces:
        raise FamiliarError(f"{path}: no face found; give a photo that shows the face to look for.")
    if len(photo.faces) > 1 and not largest:
        raise FamiliarError(
            f"{path}: {len(photo.faces)} faces found; use --largest for the largest one, or give another photo."
        )
    return max(photo.faces, key=lambda face: face.size)


def _reference_of(store: Store, name: str, model: str) -> PersonReference:
    photos = store.candidates.references(store.people.find(name).id, model)
    described = (
        ReferencePhoto(
            path=None if origin is None else shown_path(origin),
            hash=None if photo is None else photo.hash,
            width=None if photo is None else photo.width,
            height=None if photo is None else photo.height,
            embedding=hashlib.sha256(embedding).hexdigest(),
        )
        for origin, photo, embedding in photos
    )
    return PersonReference(person=name, count=len(photos), photos=tuple(described))
