"""Search faces by their distance to one face."""

import numpy as np
import numpy.typing as npt

from familiar.identity.scoring import best_of_photos
from familiar.model import Embedding, Embeddings

_FACES = 4
"""Faces for each photo that are looked at first."""


def squares_of(embeddings: Embeddings) -> npt.NDArray[np.float32]:
    """Return the squared length of each embedding, shape (n,); embeddings are of shape (n, numbers)."""
    with np.errstate(invalid="ignore", over="ignore"):
        squares: npt.NDArray[np.float32] = np.einsum("nd,nd->n", embeddings, embeddings)
    return squares


def distances_from(
    face: Embedding, embeddings: Embeddings, squares: npt.NDArray[np.float32] | None = None
) -> npt.NDArray[np.float64]:
    """Return the distance of a face to each of many, shape (n,); infinite for a damaged embedding.

    Args:
        face: shape (numbers,).
        embeddings: shape (n, numbers), of the same engine.
        squares: those of their lengths, shape (n,), if they are known.
    """
    if squares is None:
        squares = squares_of(embeddings)
    with np.errstate(invalid="ignore", over="ignore"):
        found = squares - 2.0 * (embeddings @ face) + face @ face
    distances = np.sqrt(np.maximum(found.astype(np.float64), 0.0))
    return np.where(np.isfinite(distances), distances, np.inf)


def nearest_photos(
    photos: npt.NDArray[np.int64], distances: npt.NDArray[np.float64], *, count: int, limit: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the `count` photos with the nearest faces, and the distances of these, ascending; ties by photo.

    Only the nearest faces are looked at, of as many as there are.

    Args:
        photos: the photo of each face, shape (n,).
        distances: of the faces, shape (n,).
        count: number of photos.
        limit: the largest distance; infinite ones never count.
    """
    within = np.flatnonzero((distances <= limit) & np.isfinite(distances))
    wanted = _FACES * count
    while True:
        near = within
        if wanted < len(within):
            farthest = np.partition(distances[within], wanted - 1)[wanted - 1]
            near = within[distances[within] <= farthest]
        found, best = best_of_photos(photos[near], distances[near])
        if len(found) >= count or len(near) == len(within):
            chosen = np.argsort(best, kind="stable")[:count]
            return found[chosen], best[chosen]
        wanted *= _FACES
