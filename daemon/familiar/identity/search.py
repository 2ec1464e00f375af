"""Search faces by their distance to one face."""

import numpy as np
import numpy.typing as npt

from familiar.model import Embedding, Embeddings


def distances_from(face: Embedding, embeddings: Embeddings) -> npt.NDArray[np.float64]:
    """Return the distance of a face to each of many, shape (n,); infinite for a damaged embedding.

    Args:
        face: shape (128,).
        embeddings: shape (n, 128), of the same engine.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        squares = np.einsum("nd,nd->n", embeddings, embeddings) - 2.0 * (embeddings @ face) + face @ face
    distances = np.sqrt(np.maximum(squares.astype(np.float64), 0.0))
    return np.where(np.isfinite(distances), distances, np.inf)


def nearest(distances: npt.NDArray[np.float64], *, count: int, limit: float) -> npt.NDArray[np.int64]:
    """Return the places of the `count` smallest distances up to `limit`, ascending; ties keep their order."""
    order = np.argsort(distances, kind="stable")[:count]
    return order[distances[order] <= limit].astype(np.int64)
