"""Cells of the space that embeddings lie in: those around one centre each, by k-means (S. Lloyd, 1982)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt

from familiar.identity.clustering.indices import Indices
from familiar.model import Embeddings

_FEW = 10_000
"""Up to this many faces, a face visits all cells: it is compared with all others."""

_EACH = 2_000
"""Faces of such a cell."""

_VISITED = (1, 4, 16, 48)
"""Cells that a face has visited after each turn (docs/clusters.md)."""

_CELLS = 4
"""Of more faces there are so many times the square root of their number: few are as near to as many centres."""

_SAMPLE, _ROUNDS = 40, 3
"""Faces for each centre by which the centres are found, and in how many rounds."""

_AT_ONCE = 1 << 18
"""Distances of faces and centres that are computed at once: they fit into the cache of a core."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """A division of faces into cells, and which of them a face visits to look for neighbours.

    `visited`, shape (n, visits), has these cells, the nearest first; `turns` are the visits that are made at once.
    `members`, shape (n,), has the faces in the order of their cells; those of a cell are between its place in `edges`,
    shape (cells + 1,), and the next one.
    """

    visited: npt.NDArray[np.uint16]
    turns: Sequence[slice]
    members: Indices
    edges: Indices

    @classmethod
    def of(cls, embeddings: Embeddings) -> Self:
        """Divide faces into cells; the same faces in the same order give the same ones."""
        number = len(embeddings)
        if number <= _FEW:
            edges = np.append(np.arange(0, number, _EACH), number)
            cells = np.arange(len(edges) - 1, dtype=np.uint16)
            return cls(
                visited=np.broadcast_to(cells, (number, len(cells))),
                turns=[slice(cell, cell + 1) for cell in range(len(cells))],
                members=np.arange(number),
                edges=edges,
            )
        centres = _centres(embeddings, int(_CELLS * np.sqrt(number)))
        visited = _nearest(embeddings, centres, _VISITED[-1])
        members = np.argsort(visited[:, 0], kind="stable")
        return cls(
            visited=visited,
            turns=[slice(start, end) for start, end in pairwise((0, *_VISITED))],
            members=members,
            edges=np.searchsorted(visited[members, 0], np.arange(len(centres) + 1)),
        )

    def visits(self, faces: slice, turn: slice) -> Iterator[tuple[slice, Indices]]:
        """Give the places of the members of each cell, and which of some faces, from 0, visit it in a turn."""
        cells = self.visited[faces, turn]
        visitors = np.argsort(cells, axis=None, kind="stable") // cells.shape[1]
        ends = np.cumsum(np.bincount(cells.ravel(), minlength=len(self.edges) - 1))
        for cell, (start, end) in enumerate(pairwise((0, *ends.tolist()))):
            yield slice(self.edges[cell], self.edges[cell + 1]), visitors[start:end]


def _centres(embeddings: Embeddings, count: int) -> Embeddings:
    sample = embeddings[np.random.default_rng(1).permutation(len(embeddings))[: _SAMPLE * count]]
    centres = sample[:count].copy()
    for _ in range(_ROUNDS):
        cells = _nearest(sample, centres, 1)[:, 0]
        sizes = np.bincount(cells, minlength=count)
        filled = np.flatnonzero(sizes)
        starts = np.cumsum(sizes)[filled] - sizes[filled]
        sums = np.add.reduceat(sample[np.argsort(cells, kind="stable")], starts)
        centres[filled] = sums / sizes[filled, None]
    return centres


def _nearest(embeddings: Embeddings, centres: Embeddings, count: int) -> npt.NDArray[np.uint16]:
    """Return the nearest centres of each face, shape (n, count), the nearest first."""
    halves = np.einsum("nd,nd->n", centres, centres) / 2
    found = np.empty((len(embeddings), count), np.uint16)
    rows = max(_AT_ONCE // len(centres), 1)
    for start in range(0, len(embeddings), rows):
        far = halves - embeddings[start : start + rows] @ centres.T  # half of what is left of the squares
        if count == 1:
            near = far.argmin(axis=1)[:, None]
        else:
            near = np.argpartition(far, count - 1, axis=1)[:, :count]
            near = np.take_along_axis(near, np.argsort(np.take_along_axis(far, near, axis=1), axis=1), axis=1)
        found[start : start + rows] = near
    return found
