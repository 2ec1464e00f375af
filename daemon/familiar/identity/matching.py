"""Compare faces with the registered people.

A face's distance to a person is its distance to the centre of the person's references that are nearest to it, and
that look alike. One reference alone is easily near by chance; the centre of all references resembles nobody if a
person appears both as a child and as an adult. Of all measured methods, this one misses least at the same rate of false
matches (docs/matching.md).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from familiar.identity.gallery import Gallery
from familiar.identity.verdicts import Verdicts
from familiar.model import Embeddings, Match
from familiar.settings import MatchingSettings

ONE_LOOK = 0.6
"""Largest distance from the reference that is nearest to a face to others that may stand for it together with that
one: dlib's own threshold for faces of one person (dlib, `face_recognition.py`)."""

_BLOCK_BYTES = 64 * 1024 * 1024
"""Memory for one block of the matrix of distances."""

_ROUNDING = 1e-4
"""Upper bound of the float32 error in the squared distance of embeddings, whose length is about 1."""


def match(
    embeddings: Embeddings, gallery: Gallery, settings: MatchingSettings, verdicts: Verdicts | None = None
) -> tuple[Match | None, ...]:
    """Return the best match of each face, or None if no people are registered or the embedding is damaged.

    A match is `ambiguous` when a second person is within `settings.margin` of the first, and is `accepted` when it
    is within the person's threshold and is not ambiguous. A decision of a person replaces both.

    Args:
        embeddings: shape (m, 128), of the gallery's engine.
        gallery: the people.
        settings: threshold, margin, and how many nearest references count.
        verdicts: what was decided about some of the faces.
    """
    verdicts = verdicts or Verdicts()
    if not gallery.names:
        return (None,) * len(embeddings)
    limits = np.where(np.isnan(gallery.thresholds), settings.threshold, gallery.thresholds)
    rows = max(1, _BLOCK_BYTES // (4 * len(gallery.references) + 2 * 4 * 128 * settings.nearest))
    matches: list[Match | None] = []
    for start in range(0, len(embeddings), rows):
        barred = _barred(verdicts, gallery, start, start + rows)
        matches += _match_block(embeddings[start : start + rows], gallery, limits, settings, barred)
    places_of: dict[str, list[int]] = {}
    for place, name in verdicts.named.items():
        places_of.setdefault(name, []).append(place)
    for name, places in places_of.items():
        for place, found in zip(places, _named(embeddings[places], name, gallery, settings), strict=True):
            matches[place] = found
    for place in verdicts.nobody:
        matches[place] = None
    return tuple(matches)


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


def _named(embeddings: Embeddings, name: str, gallery: Gallery, settings: MatchingSettings) -> list[Match | None]:
    """Return the matches of faces that a person has named; None where there is nothing to compare."""
    if name not in gallery.names:
        return [None] * len(embeddings)
    person = gallery.names.index(name)
    own = gallery.references[gallery.starts[person] : gallery.starts[person + 1]]
    sound: npt.NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(embeddings), axis=1)
    distances = to_nearest(np.where(sound[:, None], embeddings, np.float32(0)), own, settings.nearest)
    return [
        Match(person=name, distance=distance) if is_sound else None
        for distance, is_sound in zip(distances.tolist(), sound.tolist(), strict=True)
    ]


def _squares(faces: npt.NDArray[Any], others: npt.NDArray[Any]) -> npt.NDArray[Any]:
    squares: npt.NDArray[Any] = np.matmul(faces, others.T)
    squares *= -2.0
    squares += (faces**2).sum(axis=1)[:, None]
    squares += (others**2).sum(axis=1)[None, :]
    np.maximum(squares, 0.0, out=squares)
    return squares


@dataclass(slots=True)
class _Best:
    person: int
    distance: float
    second: float


def _match_block(
    embeddings: Embeddings,
    gallery: Gallery,
    limits: npt.NDArray[np.float64],
    settings: MatchingSettings,
    barred: tuple[list[int], list[int]],
) -> list[Match | None]:
    sound: npt.NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(embeddings), axis=1)
    faces = np.where(sound[:, None], embeddings, np.float32(0))
    best: list[_Best | None] = [None] * len(embeddings)
    candidates = _candidates(faces, gallery, limits + settings.margin, barred)
    for person in np.flatnonzero(candidates.any(axis=0)):
        near = np.flatnonzero(candidates[:, person])
        own = gallery.references[gallery.starts[person] : gallery.starts[person + 1]]
        for face, distance in zip(near, to_nearest(faces[near], own, settings.nearest), strict=True):
            best[face] = _better(best[face], int(person), float(distance))
    return [
        _judge(found, gallery, limits, settings) if found is not None and sound[face] else None
        for face, found in enumerate(best)
    ]


def _candidates(
    faces: Embeddings, gallery: Gallery, limits: npt.NDArray[np.float64], barred: tuple[list[int], list[int]]
) -> npt.NDArray[np.bool_]:
    """Return which people can be within the limits of which face, shape (faces, people); the nearest person always is.

    People refused for a face never are.

    float32 is enough for that. The distance to the centre of some references, squared, is the mean of the squared
    distances to them less their spread, and the spread is at most the square of the person's radius, and of the
    largest distance to one of them.
    """
    squares = _least_squares(faces, gallery)
    squares[barred] = np.inf
    spread = np.minimum(gallery.radii, ONE_LOOK) ** 2
    candidates: npt.NDArray[np.bool_] = np.asarray(squares <= limits**2 + spread + _ROUNDING)
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
    squares: npt.NDArray[np.float32] = np.minimum.reduceat(own @ gallery.columns.T, gallery.starts[:-1], axis=1)
    squares += (faces**2).sum(axis=1, keepdims=True)
    return np.maximum(squares, 0.0, out=squares)


def to_nearest(faces: Embeddings, references: Embeddings, count: int) -> npt.NDArray[np.float64]:
    """Return the distance of each face to the centre of those of its `count` nearest references that look alike."""
    squares = _squares(faces, references)
    count = min(count, len(references))
    nearest = np.sort(np.argpartition(squares, count - 1, axis=1)[:, :count], axis=1)
    first = np.take_along_axis(squares, nearest, axis=1).argmin(axis=1)
    chosen = references[nearest]
    apart = chosen - chosen[np.arange(len(faces)), first][:, None]
    alike = (np.einsum("fkd,fkd->fk", apart, apart) <= ONE_LOOK**2).astype(np.float64)
    centres = np.einsum("fkd,fk->fd", chosen, alike / alike.sum(axis=1)[:, None], dtype=np.float64)
    distances: npt.NDArray[np.float64] = np.linalg.norm(faces.astype(np.float64) - centres, axis=1)
    return distances


def _better(best: _Best | None, person: int, distance: float) -> _Best:
    """Take in one more candidate; of two at the same distance the first by name stays first."""
    if best is None:
        return _Best(person, distance, float("inf"))
    if distance < best.distance:
        return _Best(person, distance, best.distance)
    best.second = min(best.second, distance)
    return best


def _judge(best: _Best, gallery: Gallery, limits: npt.NDArray[np.float64], settings: MatchingSettings) -> Match:
    near = best.distance <= limits[best.person]
    ambiguous = bool(near and best.second - best.distance < settings.margin)
    return Match(
        person=gallery.names[best.person],
        distance=best.distance,
        ambiguous=ambiguous,
        accepted=bool(near and not ambiguous),
    )
