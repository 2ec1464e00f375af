"""How far faces are from the centres of their groups, with memory for few of them at a time."""

import numpy as np
import numpy.typing as npt

from familiar.identity.clustering.edges import first_of_each, whole_groups
from familiar.identity.clustering.indices import Indices
from familiar.model import Embeddings

_FACES = 1 << 12
"""Faces of a group that are looked at at once: one group may have all."""


def distances_to_centres(embeddings: Embeddings, labels: Indices) -> npt.NDArray[np.float64]:
    """Return the distance of each face to the mean of its group, shape (n,).

    Args:
        embeddings: shape (n, numbers).
        labels: the group of each face, shape (n,).
    """
    order = np.argsort(labels, kind="stable")
    distances = np.empty(len(order))
    for start, end in whole_groups(labels[order]):  # centres of all at once take more memory than the faces
        rows = order[start:end]
        distances[rows] = _to_centres(embeddings, rows, np.cumsum(first_of_each(labels[rows])) - 1)
    return distances


def _to_centres(embeddings: Embeddings, rows: Indices, groups: Indices) -> npt.NDArray[np.float64]:
    """Return the distances of some rows, whose groups are numbered in their order."""
    pieces = [slice(at, at + _FACES) for at in range(0, len(rows), _FACES)]
    centres = np.zeros((groups[-1] + 1, embeddings.shape[1]))
    for piece in pieces:
        starts = np.flatnonzero(first_of_each(groups[piece]))
        centres[groups[piece][starts]] += np.add.reduceat(embeddings[rows[piece]], starts, axis=0, dtype=np.float64)
    centres /= np.bincount(groups)[:, None]
    found = [np.linalg.norm(embeddings[rows[piece]] - centres[groups[piece]], axis=1) for piece in pieces]
    return np.concatenate(found)
