"""Score photos against one person: the nearest face of each photo counts."""

import numpy as np
import numpy.typing as npt

from familiar.identity.person_distance import PersonDistance
from familiar.model import Embeddings

_BLOCK = 2000
"""Faces compared at once; the data of this many fits in the processor's cache."""


def distances_to(embeddings: Embeddings, references: Embeddings, distance: PersonDistance) -> npt.NDArray[np.float64]:
    """Return the distance of each face to a person, shape (m,), as in matching; infinite for damaged embeddings.

    Args:
        embeddings: shape (m, numbers).
        references: those of the person, shape (n, numbers), of the same model; n is at least 1.
        distance: how it is measured.
    """
    sound: npt.NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(embeddings), axis=1)
    faces = np.where(sound[:, None], embeddings, np.float32(0))
    blocks = [distance.measure(faces[at : at + _BLOCK], references) for at in range(0, len(faces), _BLOCK)]
    return np.where(sound, np.concatenate(blocks), np.inf) if blocks else np.empty(0)


def best_of_photos(
    photos: npt.NDArray[np.int64], distances: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return each photo once, in order, and the least distance of a face in it; only finite ones count.

    Args:
        photos: the photo of each face, shape (m,).
        distances: of the faces, shape (m,).
    """
    known = np.isfinite(distances)
    found, places = np.unique(photos[known], return_inverse=True)
    best = np.full(len(found), np.inf)
    np.minimum.at(best, places, distances[known])
    return found, best


def scores_of(distances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return `1 / (1 + distance)`: 1 is a perfect match."""
    return 1.0 / (1.0 + distances)
