"""Pairs of neighbours between groups, and what they sum up to for each two groups."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import LinkageLimits
from familiar.identity.clustering.indices import Indices
from familiar.identity.clustering.neighbours import Neighbours
from familiar.identity.clustering.problem import ClusteringProblem
from familiar.model import Embeddings

_NEAREST = 4
"""How many nearest faces of a group count."""

_KEPT = 0.9
"""If fewer of the faces have neighbours in other groups, the others are dropped."""

_FACES = 1 << 12
"""Faces whose pairs are summed up at once, with all of their groups: what is known of them fits into the cache."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sums:
    """How near groups are to others, in the order of `ones` and `others`; all have the shape (links,).

    `gains` are how much nearer than the horizon the faces of the one are to their nearest in the other, summed up, and
    `edges` how many pairs of neighbours there are.
    """

    ones: npt.NDArray[np.int64]
    others: npt.NDArray[np.int64]
    gains: npt.NDArray[np.float64]
    edges: npt.NDArray[np.int64]

    def take(self, chosen: npt.NDArray[Any]) -> "Sums":
        """Return those at these places."""
        return Sums(
            ones=self.ones[chosen], others=self.others[chosen], gains=self.gains[chosen], edges=self.edges[chosen]
        )


@dataclass(slots=True, kw_only=True, eq=False)
class Edges:
    """Pairs of a face and a neighbour that is nearer than the horizon.

    `faces`, shape (n,), are those with neighbours in other groups. `others` and `distances`, shape (n, places), are
    like those of `Neighbours`.
    """

    faces: npt.NDArray[np.int32]
    others: npt.NDArray[np.int32]
    distances: npt.NDArray[np.float32]
    horizon: float

    @classmethod
    def of(cls, problem: ClusteringProblem, neighbours: Neighbours, limits: LinkageLimits, horizon: float) -> Self:
        """Take the pairs of neighbours; those of embeddings that are longer than usual are nearer than they seem."""
        others, distances = neighbours.others, neighbours.distances
        if limits.longer:
            others, distances = _shortened(problem.embeddings, neighbours, limits)
        faces = np.arange(neighbours.count, dtype=np.int32)
        return cls(faces=faces, others=others, distances=distances, horizon=horizon)

    def sums(self, labels: Indices, sizes: Indices) -> Iterator[Sums]:
        """Give the sums of some groups after the other, and drop the faces that have no neighbour in another group.

        Groups grow from one call to the next.
        """
        groups = np.append(labels, -1).astype(np.int32)  # the last one where there is no neighbour
        order = np.argsort(groups[self.faces], kind="stable")
        has_outer = np.zeros(len(order), np.bool_)
        for start, end in whole_groups(groups[self.faces[order]]):
            rows = order[start:end]
            own, near = groups[self.faces[rows]], groups[self.others[rows]]
            outer = (near != own[:, None]) & (self.distances[rows] < self.horizon)
            has_outer[rows] = outer.any(axis=1)
            yield self._sums(rows, own, near, outer, sizes)
        if np.count_nonzero(has_outer) < len(order) * _KEPT:
            self.faces, self.others, self.distances = (
                self.faces[has_outer],
                self.others[has_outer],
                self.distances[has_outer],
            )

    def _sums(
        self,
        rows: Indices,
        own: npt.NDArray[np.int32],
        near: npt.NDArray[np.int32],
        outer: npt.NDArray[np.bool_],
        sizes: Indices,
    ) -> Sums:
        """Sum up the pairs of these rows, which are whole groups in order."""
        row_bits, group_bits = len(rows).bit_length(), len(sizes).bit_length()
        place_bits = (near.shape[1] - 1).bit_length()
        # The two groups, the row and the place in it, as one number: sorted, the nearest of each row come first.
        key = near.astype(np.int64)
        key <<= row_bits + place_bits
        key += (own - own[:1]).astype(np.int64)[:, None] << group_bits + row_bits + place_bits
        key += (np.arange(len(rows)) << place_bits)[:, None] + np.arange(near.shape[1])
        key = np.sort(key[outer])
        row, place = key >> place_bits & (1 << row_bits) - 1, key & (1 << place_bits) - 1
        sums = np.zeros(len(key) + 1)
        np.cumsum(self.distances[rows].ravel().take(row * near.shape[1] + place), dtype=np.float64, out=sums[1:])
        key >>= place_bits
        starts = np.flatnonzero(first_of_each(key))
        groups = key[starts] >> row_bits
        others = groups & (1 << group_bits) - 1
        wanted = np.minimum(sizes[others], _NEAREST)
        found = np.minimum(np.diff(starts, append=len(key)), wanted)
        gains = (found * self.horizon - (sums[starts + found] - sums[starts])) / wanted
        links = np.flatnonzero(first_of_each(groups))
        return Sums(
            ones=(groups[links] >> group_bits) + own[:1],
            others=others[links],
            gains=np.add.reduceat(gains, links) if len(links) else gains,
            edges=np.diff(starts[links], append=len(key)),
        )


def first_of_each(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return where another value starts, in values with equal ones adjacent."""
    first = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return first


def whole_groups(labels: npt.NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Divide labels that are in order into parts of about the same length, or of one label; none in two parts."""
    cuts = labels[_FACES::_FACES]
    ends = np.concatenate((np.searchsorted(labels, cuts), np.searchsorted(labels, cuts, side="right"), [len(labels)]))
    yield from pairwise(np.unique(np.append(0, ends)).tolist())


def _shortened(
    embeddings: Embeddings, neighbours: Neighbours, limits: LinkageLimits
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Return others and distances without a share of what embeddings are longer than usual, the nearest first."""
    excess = np.append(np.linalg.norm(embeddings, axis=1) - limits.usual_length, 0.0).astype(np.float32)
    distances = neighbours.distances - np.float32(limits.longer) * (excess[:-1, None] + excess[neighbours.others])
    order = np.argsort(distances, axis=1, kind="stable")
    return np.take_along_axis(neighbours.others, order, axis=1), np.take_along_axis(distances, order, axis=1)
