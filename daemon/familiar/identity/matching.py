"""Compare faces with the registered people.

A face's distance to a person is the mean of its distances to the person's nearest references: the mean of *all*
references blurs a person who was young and is old, as dlib's author warns, and a single nearest one is easily a
lucky accident.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from familiar.identity.people import Gallery
from familiar.model import Embeddings, Match
from familiar.settings import MatchingSettings

_BLOCK_BYTES = 64 * 1024 * 1024
"""Memory for one block of the matrix of distances."""

Distances = npt.NDArray[np.float32]


def match(embeddings: Embeddings, gallery: Gallery, settings: MatchingSettings) -> tuple[Match | None, ...]:
    """Return the best match of each face, or None where nobody is registered or the embedding is damaged.

    A match is `ambiguous` when a second person lies within `settings.margin` of the first, and is `accepted` when it
    lies within the person's threshold and is not ambiguous.

    Args:
        embeddings: shape (m, 128), of the gallery's engine.
        gallery: the people.
        settings: threshold, margin, and how many nearest references count.
    """
    if not gallery.names:
        return (None,) * len(embeddings)
    limits = np.where(np.isnan(gallery.thresholds), settings.threshold, gallery.thresholds)
    rows = max(1, _BLOCK_BYTES // (4 * len(gallery.references)))
    matches: list[Match | None] = []
    for start in range(0, len(embeddings), rows):
        matches += _match_block(embeddings[start : start + rows], gallery, limits, settings)
    return tuple(matches)


def distances(embeddings: Embeddings, references: Embeddings) -> Distances:
    """Return all Euclidean distances, shape (m, n), float32.

    The squares are summed through one matrix product, in float64 where it matters: for near neighbours the difference
    of large squares would lose half of float32's digits.
    """
    faces = embeddings.astype(np.float64)
    others = references.astype(np.float64)
    squares = (faces**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None, :] - 2.0 * (faces @ others.T)
    return np.sqrt(np.maximum(squares, 0.0)).astype(np.float32)


@dataclass(slots=True)
class _Best:
    person: int
    distance: float
    second: float


def _match_block(
    embeddings: Embeddings, gallery: Gallery, limits: npt.NDArray[np.float64], settings: MatchingSettings
) -> list[Match | None]:
    sound = np.isfinite(embeddings).all(axis=1)
    apart = distances(np.where(sound[:, None], embeddings, 0), gallery.references)
    nearest = np.minimum.reduceat(apart, gallery.starts[:-1], axis=1)
    # No mean of several references is below the nearest one: who is not near by that one is no candidate.
    candidates = nearest <= limits + settings.margin
    candidates[np.arange(len(nearest)), nearest.argmin(axis=1)] = True
    best: list[_Best | None] = [None] * len(embeddings)
    for person in np.flatnonzero(candidates.any(axis=0)):
        faces = np.flatnonzero(candidates[:, person])
        own = apart[faces, gallery.starts[person] : gallery.starts[person + 1]]
        for face, distance in zip(faces, _mean_of_nearest(own, settings.nearest), strict=True):
            best[face] = _better(best[face], int(person), float(distance))
    return [
        _judge(found, gallery, limits, settings) if found is not None and sound[face] else None
        for face, found in enumerate(best)
    ]


def _mean_of_nearest(apart: Distances, count: int) -> npt.NDArray[np.float64]:
    """Return the mean of the `count` smallest distances in each row (of all, where there are fewer)."""
    if count < apart.shape[1]:
        apart = np.partition(apart, count - 1, axis=1)[:, :count]
    means: npt.NDArray[np.float64] = np.sort(apart, axis=1).mean(axis=1, dtype=np.float64)
    return means


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
