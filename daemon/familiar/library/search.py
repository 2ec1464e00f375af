"""Find a face: in which known photos, and who it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from familiar.identity.gallery import Gallery
from familiar.identity.matching import distances_to_people, match
from familiar.identity.quantisation import QuantisedEmbeddings, QuantisedFace
from familiar.identity.search import NearestPhotos, squared_distances
from familiar.library.galleries import Galleries
from familiar.model import Embedding, Embeddings, Face, Match
from familiar.settings import MatchingSettings
from familiar.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPerson:
    """A person near a face; `within` says whether the distance is within their threshold."""

    name: str
    distance: float
    within: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPhoto:
    """A photo with a face near the one that was sought; `people` are those who are known to be in the photo."""

    photo: int
    distance: float
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SearchResult:
    """What was found for one face: its own match as the daemon would have it, people, and photos; the nearest first."""

    face: Face
    match: Match | None
    people: tuple[FoundPerson, ...]
    photos: tuple[FoundPhoto, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What to look for: how many at most, how far away (None: the configured thresholds), and in whose photos.

    With `beyond` the nearest are given, even if they are farther away. Faces of less than `min_quality` are neither
    sought nor found.
    """

    most: int
    threshold: float | None = None
    beyond: bool = False
    person: str | None = None
    min_quality: float = 0.0


class Finder:
    """Compares faces with all that the store knows of the model in use."""

    def __init__(
        self, store: Store, settings: MatchingSettings, model: str, *, galleries: Galleries | None = None
    ) -> None:
        """Take the store, how matching is done, the id of the model in use, and galleries that were made before."""
        self._store = store
        self._settings = settings
        self._model = model
        self._galleries = galleries or Galleries(store)

    def find(
        self,
        faces: Sequence[Face],
        wish: SearchQuery,
        *,
        among: Sequence[int] | None = None,
        others: Mapping[str, Embeddings] | None = None,
    ) -> list[SearchResult]:
        """Return what is near each face; a person who is named in the wish has to exist.

        Args:
            faces: what is sought, encoded by the model in use.
            wish: what to look for.
            among: photos to search; by default all, or those in which the person is recognised.
            others: embeddings of the same faces by other models, shape (faces, numbers) each, by the model's id, for
                people whose references the model in use has not encoded.

        Raises:
            UsageError: there is no such person.
        """
        person = None if wish.person is None else self._store.people.find(wish.person)
        if among is None and person is not None:
            among = self._store.photos.with_people([person.id])
        nearest = self._nearest_photos(faces, wish, among)
        matches = self._matches(faces, self._galleries.of(self._model))
        embeddings: dict[str, Sequence[Embedding] | Embeddings] = {self._model: [face.embedding for face in faces]}
        embeddings.update(others or {})
        told_by = self._told_by(list(embeddings))
        return [
            SearchResult(
                face=face,
                match=found,
                people=self._people({model: embeddings[model][number] for model in embeddings}, told_by, wish),
                photos=self._photos(nearest[number]),
            )
            for number, (face, found) in enumerate(zip(faces, matches, strict=True))
        ]

    def _matches(self, faces: Sequence[Face], gallery: Gallery) -> tuple[Match | None, ...]:
        """Match the faces; where they are known ones, what was decided about them holds."""
        if not faces:
            return ()
        known = [face.id for face in faces if face.id is not None]
        verdicts = self._store.clusters.verdicts(known) if len(known) == len(faces) else None
        return match(np.stack([face.embedding for face in faces]), gallery, self._settings, verdicts)

    def _told_by(self, models: Sequence[str]) -> dict[str, str]:
        """Return which model tells of each person; several may have encoded references of one: the first compares them.

        The first is the model in use, which tells of all whom it can.
        """
        told_by: dict[str, str] = {}
        for model in models:
            told_by = dict.fromkeys(self._galleries.of(model).names, model) | told_by
        return told_by

    def _people(
        self, embeddings: Mapping[str, Embedding], told_by: Mapping[str, str], wish: SearchQuery
    ) -> tuple[FoundPerson, ...]:
        """Return who is near a face, which is given as each model sees it."""
        wanted = None if wish.person is None else self._store.people.find(wish.person).name
        found = [
            FoundPerson(name=name, distance=distance, within=within)
            for model, embedding in embeddings.items()
            for name, distance, within in distances_to_people(
                embedding, self._galleries.of(model), self._settings, limit=wish.threshold, every=wish.beyond
            )
            if told_by[name] == model and (wanted is None or name == wanted) and (within or wish.beyond)
        ]
        return tuple(sorted(found, key=lambda person: person.distance)[: wish.most])

    def _nearest_photos(
        self, faces: Sequence[Face], wish: SearchQuery, among: Sequence[int] | None
    ) -> list[NearestPhotos]:
        """Return the photos that are nearest to each face; all known faces are gone through once."""
        limit = self._settings.threshold if wish.threshold is None else wish.threshold
        nearest = [NearestPhotos(count=wish.most, limit=np.inf if wish.beyond else limit) for _ in faces]
        sought = [face.embedding for face in faces]
        quantised = [QuantisedFace.of(face) for face in sought]

        def wanted(known: QuantisedEmbeddings) -> npt.NDArray[np.bool_]:
            near = [one.may_take(known.least_squares(face)) for one, face in zip(nearest, quantised, strict=True)]
            any_near: npt.NDArray[np.bool_] = np.logical_or.reduce(near)
            return any_near

        parts = self._store.faces.among(self._model, among, min_quality=wish.min_quality, wanted=wanted)
        for part in parts if faces else ():
            squares = squared_distances(sought, part.embeddings, part.squares)
            for one, own in zip(nearest, squares, strict=True):
                one.look(part.photos, own)
        return nearest

    def _photos(self, nearest: NearestPhotos) -> tuple[FoundPhoto, ...]:
        return tuple(
            FoundPhoto(photo=photo, distance=distance, people=self._store.photos.people_in(photo))
            for photo, distance in zip(nearest.photos.tolist(), nearest.distances.tolist(), strict=True)
        )
