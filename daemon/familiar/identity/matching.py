"""Compare faces with the registered people."""

import numpy as np
import numpy.typing as npt

from familiar.identity.gallery import Gallery
from familiar.identity.person_distance import PersonDistance
from familiar.identity.verdicts import Verdicts
from familiar.model import Embedding, Embeddings, Match
from familiar.settings import MatchingSettings

_BLOCK_BYTES = 16 * 1024 * 1024
"""Memory for one block of a matrix of distances."""

_MANY = 50
"""References of one person whose minimum is taken by itself."""

ROUNDING = 1e-4
"""Upper bound of the float32 error in the squared distance of embeddings, whose length is about 1."""


def match(
    embeddings: Embeddings, gallery: Gallery, settings: MatchingSettings, verdicts: Verdicts | None = None
) -> tuple[Match | None, ...]:
    """Return the best match of each face, or None if no people are registered or the embedding is damaged.

    A match is `ambiguous` when a second person is within the margin of the first, and is `accepted` when it is within
    the person's threshold and is not ambiguous. A decision of a person replaces both.

    Args:
        embeddings: shape (m, numbers), of the gallery's model.
        gallery: the people.
        settings: threshold, margin, and how many nearest references count; None stands for what the model has.
        verdicts: what was decided about some of the faces.
    """
    verdicts = verdicts or Verdicts()
    if not gallery.names:
        return (None,) * len(embeddings)
    limits = limits_of(gallery, settings)
    margin = gallery.calibration.margin if settings.margin is None else settings.margin
    distance = PersonDistance.of(gallery.calibration, settings)
    rows = max(1, _BLOCK_BYTES // (8 * len(gallery.names)))
    matches: list[Match | None] = []
    for start in range(0, len(embeddings), rows):
        barred = _barred(verdicts, gallery, start, start + rows)
        matches += _match_block(embeddings[start : start + rows], gallery, limits, margin, distance, barred)
    places_of: dict[str, list[int]] = {}
    for place, name in verdicts.named.items():
        places_of.setdefault(name, []).append(place)
    for name, places in places_of.items():
        for place, found in zip(places, _named(embeddings[places], name, gallery, distance), strict=True):
            matches[place] = found
    for place in verdicts.nobody:
        matches[place] = None
    return tuple(matches)


def distances_to_people(
    face: Embedding, gallery: Gallery, settings: MatchingSettings, *, limit: float | None = None, every: bool = False
) -> list[tuple[str, float, bool]]:
    """Return people with their distances to a face, and whether these are within their limits; by name.

    People who are certainly beyond their limits are not measured, unless `every` one is wanted.

    Args:
        face: shape (numbers,), of the gallery's model.
        gallery: the people.
        settings: their threshold, and how many nearest references count.
        limit: the largest distance to any of them, instead of their thresholds.
        every: measure all people.
    """
    if not gallery.names:
        return []
    limits = limits_of(gallery, settings) if limit is None else np.full(len(gallery.names), limit)
    distance = PersonDistance.of(gallery.calibration, settings)
    near = np.ones(len(gallery.names), np.bool_)
    if not every:
        near = _candidates(face[None], gallery, distance.reach(limits, gallery), ([], []))[0]
    return [
        (gallery.names[person], measured, bool(measured <= limits[person]))
        for person in np.flatnonzero(near).tolist()
        for measured in distance.measure(face[None], references_of(gallery, person)).tolist()
    ]


def nearest_people(
    embeddings: Embeddings, gallery: Gallery, settings: MatchingSettings, *, most: int
) -> list[tuple[str, float]]:
    """Return the people who are nearest to faces of one person, with the mean of their distances, the nearest first.

    Only the people with the nearest references are measured: four times as many as are asked for.

    Args:
        embeddings: shape (m, numbers), of the gallery's model; damaged ones are left out.
        gallery: the people.
        settings: how many nearest references count.
        most: number of people.
    """
    faces = embeddings[np.isfinite(embeddings).all(axis=1)]
    if not gallery.names or not len(faces):
        return []
    distance = PersonDistance.of(gallery.calibration, settings)
    nearest = np.argsort(_least_squares(faces, gallery).mean(axis=0), kind="stable")[: 4 * most]
    found = [
        (gallery.names[person], float(distance.measure(faces, references_of(gallery, person)).mean()))
        for person in nearest
    ]
    return sorted(found, key=lambda one: one[1])[:most]


def limits_of(gallery: Gallery, settings: MatchingSettings) -> npt.NDArray[np.float64]:
    """Return the largest distance of a match of each person."""
    return np.where(np.isnan(gallery.thresholds), settings.threshold, gallery.thresholds)


def references_of(gallery: Gallery, person: int) -> Embeddings:
    """Return the references of the person at a place of a gallery."""
    return gallery.references[gallery.starts[person] : gallery.starts[person + 1]]


def _barred(verdicts: Verdicts, gallery: Gallery, start: int, stop: int) -> tuple[list[int], list[int]]:
    """Return faces of a block, and people who they are not, each by their places."""
    people = {name: number for number, name in enumerate(gallery.names)}
    pairs = [
        (place - start, people[name])
        for place, names in verdicts.refused.items()
        if start <= place < stop
        for name in names
        if name in people
    ]
    return [face for face, _ in pairs], [person for _, person in pairs]


def _named(embeddings: Embeddings, name: str, gallery: Gallery, distance: PersonDistance) -> list[Match | None]:
    """Return the matches of faces that a person has named; None where there is nothing to compare."""
    if name not in gallery.names:
        return [None] * len(embeddings)
    person = gallery.names.index(name)
    own = references_of(gallery, person)
    sound: npt.NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(embeddings), axis=1)
    faces = np.where(sound[:, None], embeddings, np.float32(0))
    distances = distance.measure(faces, own)
    return [
        Match(person=name, distance=measured) if is_sound else None
        for measured, is_sound in zip(distances.tolist(), sound.tolist(), strict=True)
    ]


def _match_block(
    embeddings: Embeddings,
    gallery: Gallery,
    limits: npt.NDArray[np.float64],
    margin: float,
    distance: PersonDistance,
    barred: tuple[list[int], list[int]],
) -> list[Match | None]:
    sound: npt.NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(embeddings), axis=1)
    faces = np.where(sound[:, None], embeddings, np.float32(0))
    reach = distance.reach(limits + margin, gallery)
    candidates = _candidates(faces, gallery, reach, barred)
    distances = np.full(candidates.shape, np.inf)
    for person in np.flatnonzero(candidates.any(axis=0)):
        near = np.flatnonzero(candidates[:, person])
        own = references_of(gallery, int(person))
        distances[near, person] = distance.measure(faces[near], own)
    best = distances.argmin(axis=1)  # of two at the same distance the first by name
    rows = np.arange(len(faces))
    first = distances[rows, best]
    distances[rows, best] = np.inf
    is_near = first <= limits[best]
    is_ambiguous = is_near & (distances.min(axis=1) < first + margin)
    known = sound & np.isfinite(first)
    found = zip(best.tolist(), first.tolist(), is_ambiguous.tolist(), is_near.tolist(), known.tolist(), strict=True)
    return [
        Match(person=gallery.names[person], distance=at, ambiguous=ambiguous, accepted=near and not ambiguous)
        if is_known
        else None
        for person, at, ambiguous, near, is_known in found
    ]


def _candidates(
    faces: Embeddings, gallery: Gallery, reach: npt.NDArray[np.float64], barred: tuple[list[int], list[int]]
) -> npt.NDArray[np.bool_]:
    """Return which people can be within the limits of which face, shape (faces, people); the nearest person always is.

    People refused for a face never are. Within the limits can be whoever has a reference within their reach, a square;
    float32 is enough for that.
    """
    squares = _least_squares(faces, gallery)
    squares[barred] = np.inf
    candidates: npt.NDArray[np.bool_] = np.asarray(squares <= reach + ROUNDING)
    candidates[np.arange(len(faces)), squares.argmin(axis=1)] = True
    candidates[barred] = False
    return candidates


def _least_squares(faces: Embeddings, gallery: Gallery) -> npt.NDArray[np.float32]:
    """Return the squared distance of each face to the nearest reference of each person, shape (faces, people).

    The matrix of all references is large, and each pass over it takes as long as the product itself; so the squares of
    the references come in as one more column, and those of the faces after the minimum.
    """
    ones = np.ones((len(faces), 1), np.float32)
    own = np.concatenate((faces * np.float32(-2), ones), axis=1)
    rows = max(1, _BLOCK_BYTES // (4 * len(gallery.columns)))
    squares = np.empty((len(gallery.names), len(faces)), np.float32)
    for start in range(0, len(faces), rows):
        part = slice(start, start + rows)
        squares[:, part] = _minima(gallery.columns @ own[part].T, gallery.starts)
    squares += (faces**2).sum(axis=1)
    return np.maximum(squares, 0.0, out=squares).T


def _minima(values: npt.NDArray[np.float32], starts: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """Return the minimum of each group of rows, shape (groups, columns); `starts` are those of the groups, and the end.

    `np.minimum.reduceat` takes ten times as long: it goes through one column after the other.
    """
    counts = np.diff(starts)
    found: npt.NDArray[np.float32] = values[starts[:-1]]
    for group in np.flatnonzero(counts > _MANY):
        found[group] = values[starts[group] : starts[group + 1]].min(axis=0)
    for place in range(1, min(counts.max(), _MANY + 1)):
        longer = np.flatnonzero((counts > place) & (counts <= _MANY))
        found[longer] = np.minimum(found[longer], values[starts[longer] + place])
    return found
