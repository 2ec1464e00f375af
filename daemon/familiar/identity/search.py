"""Search faces by their distance to one face."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from familiar.identity.scoring import best_of_photos
from familiar.model import Embedding, Embeddings

_ROUNDING = 1e-3
"""More than the error of a squared distance whose parts were added up in another order."""

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
    (found,) = squared_distances([face], embeddings, squares)
    distances: npt.NDArray[np.float64] = np.sqrt(np.maximum(found.astype(np.float64), 0.0))
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


class NearestPhotos:
    """The photos with the faces that are nearest to one face, of all parts of a library that were looked at.

    `photos` are their ids and `distances` those of their nearest faces, shape (n,), as `nearest_photos` returns them.
    """

    def __init__(self, *, count: int, limit: float) -> None:
        """Keep up to `count` photos with faces that are no farther away than the limit."""
        self.photos: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self.distances: npt.NDArray[np.float64] = np.empty(0)
        self._count = count
        self._limit = limit

    def may_take(self, least: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """Tell which faces may be near enough, shape (m,), by the least that their squared distances are.

        It is not finite for damaged faces, and for those so long that it is not known; `look` tells them apart.
        """
        near: npt.NDArray[np.bool_] = (least <= self._farthest) | ~np.isfinite(least)
        return near

    def look(self, photos: npt.NDArray[np.int64], squares: npt.NDArray[np.float32]) -> None:
        """Take the photos of some faces, shape (m,), and the squares of their distances; finite ones count."""
        near = np.flatnonzero((squares <= self._farthest) & np.isfinite(squares))
        if not len(near):
            return
        distances = np.sqrt(np.maximum(squares[near].astype(np.float64), 0.0))
        self.photos, self.distances = nearest_photos(
            np.concatenate((self.photos, photos[near])),
            np.concatenate((self.distances, distances)),
            count=self._count,
            limit=self._limit,
        )

    @property
    def _farthest(self) -> np.float32:
        """The squared distance of a face that is looked at, at most."""
        is_full = len(self.distances) == self._count
        return np.float32((self.distances[-1] if is_full else self._limit) ** 2 + _ROUNDING)


def squared_distances(
    faces: Sequence[Embedding], embeddings: Embeddings, squares: npt.NDArray[np.float32] | None = None
) -> npt.NDArray[np.float32]:
    """Return the squared distances of k faces to each of many, shape (k, n); not finite for a damaged embedding.

    This is no product of matrices, which BLAS would divide among threads: on a busy machine, these wait for each other
    longer than one alone takes.

    Args:
        faces: each of shape (numbers,).
        embeddings: shape (n, numbers), of the same engine.
        squares: those of their lengths, shape (n,), if they are known.
    """
    if squares is None:
        squares = squares_of(embeddings)
    sought = np.array(faces, np.float32)
    found = np.empty((len(sought), len(embeddings)), np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        for number, face in enumerate(sought):
            np.vecdot(embeddings, np.float32(-2) * face, out=found[number])
        found += squares
        found += squares_of(sought)[:, None]
    return found
