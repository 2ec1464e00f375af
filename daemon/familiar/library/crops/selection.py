"""Select the faces to crop, and give the reason for each other photo. Nothing is decoded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from familiar.errors import SetAsideError
from familiar.library.crops.options import RecordedOptions
from familiar.library.crops.reference import CropReference
from familiar.model import Face, Match
from familiar.store.store import Store
from familiar.store.views.candidates import PhotoGlance
from familiar.store.views.faces import FaceStack


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SelectedFace:
    """A face to crop, with its distance; `number` counts the faces of its photo from 1."""

    face: Face
    number: int
    distance: float
    scale: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CropSelection:
    """The faces to crop of each photo, nearest first, and the reasons for all other photos.

    `faces` is the total number of faces.
    """

    faces: int
    found: Mapping[int, Sequence[SelectedFace]]
    reasons: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Measured:
    """All faces of the photos in question, side by side."""

    ids: npt.NDArray[np.int64]
    photos: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float64]
    others: npt.NDArray[np.bool_]


class FaceSelector:
    """Selects faces of the store."""

    def __init__(self, store: Store) -> None:
        """Take the store."""
        self._store = store

    def choose(
        self, sought: CropReference, settings: RecordedOptions, photos: Mapping[int, PhotoGlance]
    ) -> CropSelection:
        """Return the faces to crop of these photos."""
        measured = _measure(sought, self._store.faces.of_photos(sought.model, list(photos)))
        found: dict[int, list[SelectedFace]] = {}
        reasons: dict[int, str] = {}
        for photo, one in self._judged(sought, settings, photos, measured):
            if isinstance(one, str):
                reasons.setdefault(photo, one)
            elif settings.all_faces or photo not in found:
                found.setdefault(photo, []).append(one)
        nearest = _nearest(measured)
        for photo in photos.keys() - found.keys() - reasons.keys():
            reasons[photo] = _without(photos[photo], nearest.get(photo), settings.threshold)
        left = {photo: reasons[photo] for photo in photos if photo not in found}
        return CropSelection(faces=len(measured.ids), found=found, reasons=left)

    def _judged(
        self, sought: CropReference, settings: RecordedOptions, photos: Mapping[int, PhotoGlance], measured: _Measured
    ) -> Iterator[tuple[int, SelectedFace | str]]:
        """Give the faces that are near enough, the nearest first, each with its photo; or why one is not taken."""
        near = self._near(sought, settings, measured)
        ids = measured.ids[near].tolist()
        faces, numbers = self._store.candidates.faces(ids), _numbers(measured)
        judge = _Judge(sought, settings, self._store.candidates.matches(ids) if settings.faces == "matched" else {})
        for place in near[np.lexsort((measured.distances[near], measured.others[near]))].tolist():
            photo, face = photos[int(measured.photos[place])], faces[int(measured.ids[place])]
            try:
                scale = settings.scale(face, (photo.width, photo.height))
            except SetAsideError as error:
                yield photo.id, str(error)
                continue
            fault = judge.fault(face, scale, is_other=bool(measured.others[place]))
            distance = float(measured.distances[place])
            yield photo.id, fault or SelectedFace(face=face, number=int(numbers[place]), distance=distance, scale=scale)

    def _near(self, sought: CropReference, settings: RecordedOptions, measured: _Measured) -> npt.NDArray[np.int64]:
        """Return the indices of candidate faces, including those rejected for another reason than distance."""
        if settings.faces == "every":
            return np.arange(len(measured.ids))
        within = measured.distances <= settings.threshold
        if settings.faces == "matched":
            within |= np.isin(measured.ids, list(self._store.candidates.matched_with(sought.person or "")))
        return np.flatnonzero(within)


class _Judge:
    """Gives the reason to reject a face that is near enough."""

    def __init__(self, sought: CropReference, settings: RecordedOptions, matches: Mapping[int, Match]) -> None:
        self._sought = sought
        self._settings = settings
        self._matches = matches

    def fault(self, face: Face, scale: float, *, is_other: bool) -> str | None:
        """Return why a face is not taken, or None."""
        wish = self._settings
        if wish.faces != "every" and is_other:
            return f"the face was rejected as {self._sought.person!r}"
        if wish.faces == "matched" and (reason := self._mismatch(face)) is not None:
            return reason
        if face.size < wish.min_size:
            return f"the face has {face.size} pixels; the minimum is {wish.min_size}"
        if face.sharpness < wish.min_sharpness:
            return f"the face has a sharpness of {face.sharpness:g}; the minimum is {wish.min_sharpness:g}"
        if not face.has_quality(wish.min_quality):
            return f"the face has a quality of {face.quality:g}; the minimum is {wish.min_quality:g}"
        if not wish.enlarge and scale > 1:
            return f"the face would have to be enlarged {scale:.2f} times"
        return None

    def _mismatch(self, face: Face) -> str | None:
        match = self._matches.get(face.id or 0)
        if match is None:
            return "the face matches no person"
        if match.accepted:
            return None if match.person == self._sought.person else f"the face is nearer to {match.person!r}"
        return (
            "the face is ambiguous: a second person is equally near"
            if match.ambiguous
            else "the face matches no person"
        )


def _measure(sought: CropReference, parts: Iterable[FaceStack]) -> _Measured:
    stacks = [(faces.ids, faces.photos, sought.measure(faces)) for faces in parts]
    return _Measured(
        ids=np.concatenate([np.empty(0, np.int64), *(ids for ids, _, _ in stacks)]),
        photos=np.concatenate([np.empty(0, np.int64), *(photos for _, photos, _ in stacks)]),
        distances=np.concatenate([np.empty(0), *(found.distances for _, _, found in stacks)]),
        others=np.concatenate([np.empty(0, np.bool_), *(found.others for _, _, found in stacks)]),
    )


def _numbers(measured: _Measured) -> npt.NDArray[np.int64]:
    """Count the faces of each photo from 1, in the order of their ids: from left to right."""
    order = np.lexsort((measured.ids, measured.photos))
    _, starts, sizes = np.unique(measured.photos[order], return_index=True, return_counts=True)
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.arange(len(order)) - np.repeat(starts, sizes) + 1
    return numbers


def _nearest(measured: _Measured) -> dict[int, float]:
    """Return the distance of the nearest face of each photo that has one, infinite if no face can be compared."""
    found, places = np.unique(measured.photos, return_inverse=True)
    best = np.full(len(found), np.inf)
    np.minimum.at(best, places, measured.distances)
    return dict(zip(found.tolist(), best.tolist(), strict=True))


def _without(photo: PhotoGlance, nearest: float | None, threshold: float) -> str:
    if photo.reason is not None:
        return f"set aside: {photo.reason}"
    if nearest is not None:
        return f"the nearest face has a distance of {nearest:.3f}; the threshold is {threshold:g}"
    if photo.outdated:
        return "its faces were encoded with another model; `familiar run` encodes them again"
    return "no face found"
