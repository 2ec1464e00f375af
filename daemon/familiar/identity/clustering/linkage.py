"""The default: agglomerative clustering, with a linkage that suits people with few photos and people with many.

The link of two groups is the mean distance from the faces of the smaller one to their few nearest faces in the larger
one. Between groups of a few faces that is average linkage, which finds people with few photos; a face beside a group of
hundreds meets its own neighbours in it, as in a chain, and not the far side of a person's many looks.

How near is near enough depends on who meets. Two single faces must be nearer than a face and a group; two groups must
be nearer than those, because nothing is worse than two people in one. A face joins a large group more easily the
farther any other group is, and the more of the face's neighbours are in it.

Groups are joined from near to far, in levels; in each one all that are each other's nearest are joined at once, and
larger groups take in all whose nearest they are (like the sub-cluster component algorithm: Monath et al., Scalable
Hierarchical Agglomerative Clustering, KDD 2021). All of it works on arrays of pairs of neighbours.

The constants were found on real photos of few people and of many (docs/clusters.md).
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from familiar.identity.clustering.neighbours import Neighbours
from familiar.identity.clustering.problem import Indices, Problem

THRESHOLD = 0.492
"""Largest link of a single face and a group of a few; all other limits lie as far from it as the constants say."""

_TWO_FACES = -0.014
"""Two single faces must be nearer than a face and a group by so much, and two groups by so much more:"""
_TWO_GROUPS = -0.026

_A_GROUP = 4
"""Faces in a group, from which on another one must be that near."""

_MANY = 5
"""Faces in a group, from which on it matters how alone it is with being near (`_ALONE`, `_VOTES`)."""

_ALONE = 0.4
"""What one more unit of distance to the second nearest group allows in distance to the nearest one."""
_USUALLY_ALONE, _MOST_ALONE = 0.024, 0.04

_VOTES = 0.026
"""What the share of a face's neighbours that are in the group allows."""
_USUAL_VOTES = 0.3

_FEWEST, _MOST, _SHARE = 3, 5, 0.3
"""How many nearest faces of a group count: three tenths of it, but three at least, if there are, and five at most."""

_LONGER = 0.17
"""Long embeddings lie far from all others, short ones near: so much of the length is taken from the distance."""
_USUAL_LENGTH = 1.45

_FIRST, _LEVEL = 0.16, 0.02
"""How far below the threshold the first level lies, and how far apart the levels are."""

_HORIZON = 0.065
"""How far beyond the threshold a face still counts; what is farther counts as being there."""

REACH = THRESHOLD + _HORIZON + 2 * _LONGER * 0.15
"""Distance up to which neighbours matter: the length of embeddings is between 1.15 and 1.75."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linkage:
    """Agglomerative clustering with the mean distance to the nearest faces as linkage.

    `threshold` is the largest link of a face and a group of a few.
    """

    threshold: float = THRESHOLD
    name: str = "linkage"

    def group(self, problem: Problem, neighbours: Neighbours) -> Indices:
        """Return the number of each face's group."""
        groups = _Groups.of(problem)
        pairs = _Pairs.of(problem, neighbours, self.threshold + _HORIZON)
        for level in [*np.arange(self.threshold - _FIRST, self.threshold, _LEVEL), self.threshold]:
            joined = True
            while joined:
                links = groups.links(pairs, self.threshold + _HORIZON)
                joined = groups.join(links, level) and level == self.threshold
        return groups.labels

    def near(self, problem: Problem, neighbours: Neighbours, labels: Indices, *, looser: float) -> "Links":
        """Return the links of groups that would be joined if the threshold were larger by `looser`, the nearest first.

        Groups that may not come together are left out.
        """
        horizon = self.threshold + _HORIZON + looser
        groups = _Groups.of(problem, labels)
        links = groups.links(_Pairs.of(problem, neighbours, horizon), horizon)
        chosen = np.flatnonzero(links.costs <= self.threshold + looser)
        return links.take(chosen[np.lexsort((links.larger[chosen], links.smaller[chosen], links.costs[chosen]))])


@dataclass(slots=True, kw_only=True, eq=False)
class _Pairs:
    """Neighbours in different groups, ordered by face and distance; those of one group are dropped as groups grow."""

    faces: npt.NDArray[np.int32]
    others: npt.NDArray[np.int32]
    distances: npt.NDArray[np.float32]

    @classmethod
    def of(cls, problem: Problem, neighbours: Neighbours, horizon: float) -> Self:
        excess = (np.linalg.norm(problem.embeddings, axis=1) - _USUAL_LENGTH).astype(np.float32)
        distances = neighbours.distances - np.float32(_LONGER) * (excess[neighbours.faces] + excess[neighbours.others])
        kept = np.flatnonzero(distances < horizon)
        order = np.lexsort((distances[kept], neighbours.faces[kept]))
        kept = kept[order]
        return cls(faces=neighbours.faces[kept], others=neighbours.others[kept], distances=distances[kept])

    def drop(self, inner: npt.NDArray[np.bool_]) -> None:
        if inner.any():
            outer = ~inner
            self.faces, self.others, self.distances = self.faces[outer], self.others[outer], self.distances[outer]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Links:
    """Pairs of groups: the smaller, the larger, and how near they are (`costs`, a distance that allows for both)."""

    smaller: Indices
    larger: Indices
    costs: npt.NDArray[np.float64]

    def take(self, chosen: npt.NDArray[Any]) -> "Links":
        """Return some of the links."""
        return Links(smaller=self.smaller[chosen], larger=self.larger[chosen], costs=self.costs[chosen])


@dataclass(slots=True, kw_only=True, eq=False)
class _Groups:
    """The groups as they grow."""

    labels: Indices
    firm: npt.NDArray[np.bool_]
    apart: Indices

    @classmethod
    def of(cls, problem: Problem, labels: Indices | None = None) -> Self:
        """Begin with the groups that exist, and each free face by itself; or with these groups."""
        count = len(problem.firm)
        if labels is None:
            free = problem.seeds < 0
            labels = problem.seeds.copy()
            labels[free] = count + np.arange(np.count_nonzero(free))
        _, labels = np.unique(labels, return_inverse=True)
        firm = np.zeros(int(labels.max(initial=-1)) + 1, np.bool_)
        seeded = problem.seeds >= 0
        firm[labels[seeded]] = problem.firm[problem.seeds[seeded]]
        return cls(labels=labels, firm=firm, apart=problem.apart)

    def links(self, pairs: _Pairs, horizon: float) -> Links:
        """Return the links of all groups with neighbours in each other that may be joined."""
        sizes = np.bincount(self.labels)
        count = len(sizes)
        pairs.drop(self.labels[pairs.faces] == self.labels[pairs.others])
        if not len(pairs.faces):
            return Links(smaller=np.zeros(0, np.intp), larger=np.zeros(0, np.intp), costs=np.zeros(0))
        key, gains, edges = self._sums(pairs, sizes, horizon)
        allowed = ~self._forbidden(key, count)
        key, gains, edges = key[allowed], gains[allowed], edges[allowed]
        one, other = key // count, key % count
        distances = horizon - gains / sizes[one]
        votes = edges / np.bincount(one, weights=edges, minlength=count)[one]
        back, known = _found_in(key, other * count + one)
        equal = sizes[one] == sizes[other]
        returned = np.where(known, distances[back], horizon)
        distances = np.where(equal, (distances + returned) / 2, distances)
        chosen = (sizes[one] < sizes[other]) | (equal & ((one < other) | ~known))
        one, other, distances, votes = (values[chosen] for values in (one, other, distances, votes))
        allowance = self._allowance(sizes[one], sizes[other], _margins(one, distances, count, horizon), votes)
        return Links(smaller=one, larger=other, costs=distances - allowance)

    def join(self, links: Links, level: float) -> bool:
        """Join groups that are each other's nearest and near enough; return whether there were any."""
        links = links.take(links.costs <= level)
        if not len(links.costs):
            return False
        sizes = np.bincount(self.labels)
        nearest = np.full(len(sizes), np.inf)
        np.minimum.at(nearest, links.smaller, links.costs)
        np.minimum.at(nearest, links.larger, links.costs)
        mutual = links.costs <= nearest[links.larger]
        links = links.take((links.costs <= nearest[links.smaller]) & (mutual | (sizes[links.larger] >= _A_GROUP)))
        links = links.take(np.lexsort((links.larger, links.costs, links.smaller)))
        links = links.take(_first_of_each(links.smaller))
        links = links.take(np.lexsort((links.smaller, links.costs, links.larger)))
        links = links.take(_first_of_each(links.larger) | (sizes[links.larger] >= _A_GROUP))
        links = links.take(~np.isin(links.larger, links.smaller))
        links = self._compatible(links)
        target = np.arange(len(sizes))
        target[links.smaller] = links.larger
        np.logical_or.at(self.firm, links.larger, self.firm[links.smaller])
        kept, labels = np.unique(target[self.labels], return_inverse=True)
        self.labels, self.firm = labels, self.firm[kept]
        return len(links.costs) > 0

    def _sums(
        self, pairs: _Pairs, sizes: Indices, horizon: float
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return how near each group is to each other one that neighbours of its faces are in.

        Three arrays: the two groups as `one * groups + other`, in order; how much nearer than the horizon the faces of
        the one are to their nearest in the other, summed up; and how many pairs of neighbours there are.
        """
        count = len(sizes)
        key = pairs.faces.astype(np.int64) * count + self.labels[pairs.others]
        order = np.argsort(key, kind="stable")
        key, distances = key[order], pairs.distances[order]
        starts = np.flatnonzero(_first_of_each(key))
        edges = np.diff(np.append(starts, len(key)))
        faces, others = np.divmod(key[starts], count)
        wanted = np.minimum(sizes[others], np.clip((sizes[others] * _SHARE).astype(np.intp), _FEWEST, _MOST))
        found = np.minimum(edges, wanted)
        sums = np.append(0.0, np.cumsum(distances, dtype=np.float64))
        gains = (found * horizon - (sums[starts + found] - sums[starts])) / wanted
        both = self.labels[faces].astype(np.int64) * count + others
        order = np.argsort(both, kind="stable")
        both = both[order]
        starts = np.flatnonzero(_first_of_each(both))
        return both[starts], np.add.reduceat(gains[order], starts), np.add.reduceat(edges[order], starts).astype(float)

    def _forbidden(self, key: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.bool_]:
        one, other = self.labels[self.apart[:, 0]].astype(np.int64), self.labels[self.apart[:, 1]].astype(np.int64)
        apart = np.isin(key, np.unique(np.concatenate((one * count + other, other * count + one))))
        both_firm: npt.NDArray[np.bool_] = self.firm[key // count] & self.firm[key % count]
        return apart | both_firm

    def _allowance(
        self,
        smaller: npt.NDArray[Any],
        larger: npt.NDArray[Any],
        margins: npt.NDArray[np.float64],
        votes: npt.NDArray[np.float64],
    ) -> npt.NDArray[np.float64]:
        limits = np.where(larger == 1, _TWO_FACES, 0.0)
        limits = np.where(smaller >= _A_GROUP, _TWO_GROUPS, limits)
        alone = _ALONE * (np.minimum(margins, _MOST_ALONE) - _USUALLY_ALONE) + _VOTES * (votes - _USUAL_VOTES)
        allowance: npt.NDArray[np.float64] = limits + np.where(larger >= _MANY, alone, 0.0)
        return allowance

    def _compatible(self, links: Links) -> Links:
        """Of groups that would come together in the same larger one, and may not, leave the nearest."""
        into = np.full(len(self.firm), -1)
        into[links.smaller] = links.larger
        costs = np.full(len(self.firm), np.inf)
        costs[links.smaller] = links.costs
        one, other = self.labels[self.apart[:, 0]], self.labels[self.apart[:, 1]]
        together = (into[one] >= 0) & (into[one] == into[other]) & (one != other)
        one, other = one[together], other[together]
        later = (costs[one] > costs[other]) | ((costs[one] == costs[other]) & (one > other))
        out = np.zeros(len(self.firm), np.bool_)
        out[np.where(later, one, other)] = True
        firm = links.take(self.firm[links.smaller])
        firm = firm.take(np.lexsort((firm.smaller, firm.costs, firm.larger)))
        out[firm.smaller[~_first_of_each(firm.larger)]] = True
        return links.take(~out[links.smaller])


def _first_of_each(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return where another value begins, in values of which the same ones stand together."""
    first = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return first


def _found_in(keys: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Return where each wanted key stands in the ordered keys, and whether it is there at all."""
    places = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    return places, keys[places] == wanted if len(keys) else np.zeros(0, np.bool_)


def _margins(
    groups: Indices, distances: npt.NDArray[np.float64], count: int, horizon: float
) -> npt.NDArray[np.float64]:
    """Return how much farther the nearest other group of each is than this one."""
    first = np.full(count, horizon)
    np.minimum.at(first, groups, distances)
    is_first = distances <= first[groups]
    second = np.full(count, horizon)
    np.minimum.at(second, groups[~is_first], distances[~is_first])
    margins: npt.NDArray[np.float64] = np.where(is_first, second[groups], first[groups]) - distances
    return margins
