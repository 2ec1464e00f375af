"""The nearest neighbours of each face, by comparing each with the faces of the cells that are nearest to it.

The faces of a cell are compared with all that look for neighbours there at once, as the product of two matrices (an
inverted file: J. Sivic, A. Zisserman, Video Google, ICCV 2003). What is farther than the neighbours that a face has
already is passed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from familiar.identity.clustering.cells import Cells
from familiar.identity.clustering.pair_keys import FACES, Keys, PairKeys
from familiar.model import Embeddings

_BYTES = 80
"""Peak memory for one neighbour of one face (measured)."""

_FEWEST, _MOST = 16, 32
"""Bounds of the number of neighbours of a face."""

_ALIKE, _NEARLY_EQUAL = 4, 0.5
"""No more than one in so many neighbours is nearly equal to a face, which is nearer than such a share of the distance
within which they are sought: those of a long series of photos would hide all others."""

_ROWS = 1 << 10
"""Faces that are compared with those of a cell at once: their numbers fit into the cache of a core."""

_NOBODY = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neighbours:
    """The nearest others of each face, the nearest first.

    `others`, shape (faces, places), are indices of faces, and `distances` are Euclidean. Places that are not taken are
    the last ones: there the index is the number of faces, and the distance infinite.
    """

    others: npt.NDArray[np.int32]
    distances: npt.NDArray[np.float32]

    @classmethod
    def of(cls, embeddings: Embeddings, *, within: float, memory: int) -> Self:
        """Find the neighbours of each face that are nearer than `within`: the 32 nearest ones, or fewer to save memory.

        No more than a quarter of them are nearly equal to the face, if there are more faces than neighbours.

        Args:
            embeddings: shape (n, numbers), finite.
            within: the largest distance.
            memory: megabytes that grouping may take; at least 16 neighbours are found, even beyond this limit.
        """
        count = len(embeddings)
        wished = min(_MOST, max(_FEWEST, memory * 1_000_000 // (_BYTES * max(count, 1))))
        places = max(min(wished, count - 1), 0)
        others = np.full((count, places), count, np.int32)
        distances = np.full((count, places), np.inf, np.float32)
        if places:
            search = _Search.of(embeddings, places, within)
            for start in range(0, count, FACES):
                part = slice(start, min(start + FACES, count))
                others[part], distances[part] = search.neighbours(part)
        return cls(others=others, distances=distances)

    @property
    def count(self) -> int:
        """Number of faces."""
        return len(self.others)

    def pairs(self, within: float) -> "Pairs":
        """Return the pairs that are nearer than `within`."""
        faces, places = np.nonzero(self.distances < within)
        return Pairs(
            faces=faces.astype(np.int32), others=self.others[faces, places], distances=self.distances[faces, places]
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Pairs of a face and one of its neighbours, ordered by face and distance; all have the shape (pairs,)."""

    faces: npt.NDArray[np.int32]
    others: npt.NDArray[np.int32]
    distances: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Search:
    """A search of so many neighbours of each face within a distance.

    The product of a row of `asked`, which are the faces in the order of their cells, and one of `_asking` is the square
    of their distance, less a bound.
    """

    embeddings: Embeddings
    lengths: npt.NDArray[np.float32]
    cells: Cells
    asked: Embeddings
    form: PairKeys
    places: int
    within: float

    @classmethod
    def of(cls, embeddings: Embeddings, places: int, within: float) -> Self:
        cells, (count, size) = Cells.of(embeddings), embeddings.shape
        lengths = np.einsum("nd,nd->n", embeddings, embeddings)
        asked = np.empty((count, size + 2), np.float32)
        np.multiply(embeddings[cells.members], -2.0, out=asked[:, :size])
        asked[:, size], asked[:, size + 1] = lengths[cells.members], 1.0
        return cls(
            embeddings=embeddings,
            lengths=lengths,
            cells=cells,
            asked=asked,
            form=PairKeys.of(count),
            places=places,
            within=within,
        )

    def neighbours(self, faces: slice) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Return the neighbours of some faces, and their distances."""
        keys = self._nearest(faces)
        is_taken = keys != _NOBODY
        others = np.where(is_taken, self.form.others(keys), len(self.embeddings))
        distances = np.where(is_taken, np.sqrt(self.form.squares(keys)), np.inf)
        own = others == np.arange(faces.start, faces.stop)[:, None]
        # The face itself is among the nearest, unless so many twins of it took its place; then the last is left out.
        own[~own.any(axis=1), -1] = True
        return others[~own].reshape(-1, self.places), distances[~own].reshape(-1, self.places)

    def _nearest(self, faces: slice) -> Keys:
        """Return the keys of the nearest faces of some, themselves among them, in order; `_NOBODY` where there is none.

        In each turn, a face looks only for those that are nearer than what it found before.
        """
        bounds = np.full(faces.stop - faces.start, self.within * self.within, np.float32)
        first = self.form.first(len(bounds))
        nearest = np.zeros((0, self.places + 1), np.int64)
        for turn in self.cells.turns:
            found = [nearest[nearest != _NOBODY], *self._nearer(faces, bounds, turn)]
            keys = self._few_alike(np.sort(np.concatenate(found)), first)
            starts = np.searchsorted(keys, first)
            places = starts[:, None] + np.arange(self.places + 1)
            is_taken = places < np.append(starts[1:], len(keys))[:, None]
            nearest = np.where(is_taken, keys[np.minimum(places, len(keys) - 1)], _NOBODY)
            is_full = is_taken[:, -1]
            bounds[is_full] = self.form.squares(nearest[is_full, -1])
        return nearest

    def _few_alike(self, keys: Keys, first: Keys) -> Keys:
        """Return the keys without those of nearly equal faces beyond the few that count, unless there is room for all.

        A face itself has the first of its keys.
        """
        if self.places == len(self.embeddings) - 1:
            return keys
        count = len(first)
        alike = np.full(count, (_NEARLY_EQUAL * self.within) ** 2, np.float32)
        begins = np.searchsorted(keys, first) + self.places // _ALIKE + 1
        ends = np.searchsorted(keys, self.form.keys(np.arange(count), alike, np.zeros(count, np.intp)))
        crowded = np.flatnonzero(begins < ends)
        if not len(crowded):
            return keys
        steps = np.zeros(len(keys) + 1, np.int8)
        steps[begins[crowded]] = 1
        steps[ends[crowded]] = -1
        is_left: npt.NDArray[np.bool_] = np.cumsum(steps[:-1], dtype=np.int8) == 0
        kept: Keys = keys[is_left]
        return kept

    def _nearer(self, faces: slice, bounds: npt.NDArray[np.float32], turn: slice) -> Iterator[Keys]:
        """Give the keys of those that some faces meet in the cells of a turn, and that are nearer than their bounds."""
        asking = self._asking(faces, bounds)
        for cell, visitors in self.cells.visits(faces, turn):
            asked, members = self.asked[cell].T, self.cells.members[cell]
            for start in range(0, len(visitors), _ROWS):
                rows = visitors[start : start + _ROWS]
                beyond = asking[rows] @ asked
                near = np.flatnonzero(beyond < 0.0)
                row, column = np.divmod(near, len(members))
                row = rows[row]
                squares = np.maximum(beyond.ravel()[near] + bounds[row], 0.0)
                yield self.form.keys(row, squares, members[column])

    def _asking(self, faces: slice, bounds: npt.NDArray[np.float32]) -> Embeddings:
        embeddings = self.embeddings[faces]
        ones = np.ones((len(embeddings), 1), np.float32)
        return np.concatenate((embeddings, ones, (self.lengths[faces] - bounds)[:, None]), axis=1)
