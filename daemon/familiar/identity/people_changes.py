"""Which faces a change of people concerns: all others have the same match as before.

A match depends on the people who are within reach of a face, and on the person of the nearest reference. So a person
who has changed can change the match of a face only if they are its match, are within its reach, or have, or had, the
nearest reference.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from familiar.identity.gallery import Gallery
from familiar.identity.matching import ROUNDING, limits_of, references_of
from familiar.identity.person_distance import PersonDistance
from familiar.model import Embeddings
from familiar.settings import MatchingSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredMatches:
    """Matches of faces: the places of their people in a gallery, shape (n,), -1 for none, and what else is stored.

    `known` says which faces have a match at all.
    """

    people: npt.NDArray[np.intp]
    distances: npt.NDArray[np.float64]
    accepted: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nearness:
    """How near n faces are to people who have changed.

    `within` says which may be within the limits of one of them as they are, `least` is the squared distance to the
    nearest of their references, now and before, and `may_be_nearest` says of which face that can be the nearest of all
    references although the face has an accepted match: each has the shape (n,).
    """

    within: npt.NDArray[np.bool_]
    least: npt.NDArray[np.float32]
    may_be_nearest: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PeopleChanges:
    """The people with whom faces were matched, of whom some have changed since.

    `gallery` has all people as they are, `changed` the places of those that have changed, `now` them alone, and
    `before` those that have changed or are gone, as they were.
    """

    gallery: Gallery
    changed: npt.NDArray[np.intp]
    now: Gallery
    before: Gallery
    settings: MatchingSettings

    @classmethod
    def of(
        cls, gallery: Gallery, names: Collection[str], now: Gallery, before: Gallery, settings: MatchingSettings
    ) -> Self:
        """Take all people, the names of those that have changed, these as they are and as they were."""
        places = [place for place, name in enumerate(gallery.names) if name in names]
        changed = np.array(places, np.intp)
        return cls(gallery=gallery, changed=changed, now=now, before=before, settings=settings)

    def __bool__(self) -> bool:
        """Return whether anybody has changed."""
        return bool(len(self.changed) or self.before.names)

    def nearness(self, embeddings: Embeddings, lengths: npt.NDArray[np.float32]) -> Nearness:
        """Return how near faces are to the people who have changed.

        Args:
            embeddings: of the faces, shape (n, numbers).
            lengths: the squares of their lengths, shape (n,).
        """
        gallery, distance = self.gallery, PersonDistance.of(self.gallery.calibration, self.settings)
        limits = limits_of(gallery, self.settings)
        margin = gallery.calibration.margin if self.settings.margin is None else self.settings.margin
        within: npt.NDArray[np.bool_] = np.zeros(len(embeddings), np.bool_)
        least = np.full(len(embeddings), np.inf, np.float32)
        if len(self.changed):
            squares = _squares(embeddings, lengths, self.now)
            reach = distance.reach(limits[self.changed] + margin, gallery, self.changed)
            within = np.logical_or.reduce(squares <= reach + ROUNDING, axis=1)
            least = squares.min(axis=1)
        if self.before.names:
            least = np.minimum(least, _squares(embeddings, lengths, self.before).min(axis=1))
        farthest = distance.reach(limits, gallery).max() + 2 * ROUNDING
        return Nearness(within=within, least=least, may_be_nearest=~within & (least <= farthest))

    def concern(self, embeddings: Embeddings, near: Nearness, stored: StoredMatches) -> npt.NDArray[np.bool_]:
        """Return which faces may have another match now, shape (n,), beside those that match a person who has changed.

        Args:
            embeddings: of the faces, shape (n, numbers).
            near: how near the faces are to the people who have changed.
            stored: their matches with the people as they were; those that are accepted can be missing, unless a person
                who has changed may be the nearest.
        """
        gallery, distance = self.gallery, PersonDistance.of(self.gallery.calibration, self.settings)
        limits = limits_of(gallery, self.settings)
        own, distances, least = stored.people, stored.distances, near.least
        known = stored.known & (own >= 0)
        concerned: npt.NDArray[np.bool_] = near.within.copy()
        concerned |= known & ~stored.accepted & (distances <= limits[own])  # a second person may be equally near
        # The nearest reference of the match is not farther than this; so only nearer ones can be the nearest of all.
        left = np.flatnonzero(known & ~concerned)
        left = left[least[left] <= distance.reach(distances[left], gallery, own[left]) + 2 * ROUNDING]
        concerned[left] = least[left] <= self._own_squares(embeddings, left, own) + 2 * ROUNDING
        return concerned

    def _own_squares(
        self, embeddings: Embeddings, faces: npt.NDArray[np.intp], own: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.float32]:
        """Return the squared distances of faces to the nearest references of their own matches."""
        found = np.empty(len(faces), np.float32)
        order = np.argsort(own[faces], kind="stable")
        people, starts, counts = np.unique(own[faces][order], return_index=True, return_counts=True)
        for person, start, count in zip(people.tolist(), starts, counts, strict=True):
            places = order[start : start + count]
            references = references_of(self.gallery, person)
            faces_of_one = np.asarray(embeddings[faces[places]], np.float32)
            products = faces_of_one @ references.T
            squares = (faces_of_one**2).sum(axis=1)[:, None] - 2 * products + (references**2).sum(axis=1)[None]
            found[places] = squares.min(axis=1)
        return found


def _squares(embeddings: Embeddings, lengths: npt.NDArray[np.float32], people: Gallery) -> npt.NDArray[np.float32]:
    """Return the squared distance of each face to the nearest reference of each of a few people, (faces, people).

    That of a damaged face is infinite.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        products = embeddings @ (np.float32(-2) * people.references).T
        products += people.columns[:, -1]
        squares: npt.NDArray[np.float32] = np.minimum.reduceat(products, people.starts[:-1], axis=1)
        squares += lengths[:, None]
    return np.where(np.isfinite(squares), squares, np.float32(np.inf))
