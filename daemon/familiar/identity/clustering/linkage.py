"""The default: agglomerative clustering, with a linkage that suits people with few photos and people with many.

The link of two groups is the mean distance from the faces of the smaller one to their few nearest faces in the larger
one. Between groups of a few faces that is average linkage, which finds people with few photos; a face beside a group of
hundreds meets its own neighbours in it, as in a chain, and not the far side of a person's many looks.

How near is near enough depends on who meets. Two single faces must be nearer than a face and a group; two groups must
be nearer than those, because two people in one group are the worst error. A face joins a large group more easily the
more of its neighbours are in it, and less easily if another group is nearly as near.

Groups are joined from near to far, in levels; in each one all that are each other's nearest are joined at once, and
larger groups take in all whose nearest they are (like the sub-cluster component algorithm: Monath et al., Scalable
Hierarchical Agglomerative Clustering, KDD 2021). All of it works on arrays of pairs of neighbours.

What is near enough depends on the model of the embeddings, and was measured on real photos of few people and of many
(docs/clusters.md).
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import Calibration, LinkageLimits
from familiar.identity.clustering.neighbours import Neighbours
from familiar.identity.clustering.problem import ClusteringProblem, Indices

_A_GROUP = 4
"""Fewest faces of a group; fewer faces give too few distances to judge by."""

_NEAREST = 4
"""How many nearest faces of a group count."""

_FIRST, _LEVEL = 0.16, 0.01
"""Distance of the first level below the threshold, and between levels."""

_BOTH_WAYS = 0.05
"""How much farther than the level two groups of the same size may be one way, if they are nearer the other way."""

_LONGER_AT_MOST = 0.15
"""How much longer than usual embeddings of more than one or two faces in a thousand are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linkage:
    """Agglomerative clustering with the mean distance to the nearest faces as linkage."""

    limits: LinkageLimits
    name: ClassVar[str] = "linkage"

    @classmethod
    def of(cls, calibration: Calibration, threshold: float | None) -> Self:
        """Return it with the limits that were measured for a model; all move with another threshold."""
        limits = calibration.linkage
        return cls(limits=limits if threshold is None else replace(limits, threshold=threshold))

    @property
    def reach(self) -> float:
        """Distance up to which neighbours matter, also to suggest groups."""
        return self._horizon + self.limits.looser + 2 * self.limits.longer * _LONGER_AT_MOST

    @property
    def _horizon(self) -> float:
        return self.limits.threshold + self.limits.horizon

    def group(self, problem: ClusteringProblem, neighbours: Neighbours) -> Indices:
        """Return the number of each face's group."""
        groups = _Groups.of(problem, self.limits)
        pairs = _Pairs.of(problem, neighbours, self.limits, self._horizon)
        last = self.limits.threshold
        for level in [*np.arange(last - _FIRST, last, _LEVEL), last]:
            joined = True
            while joined:
                links = groups.links(pairs, self._horizon, level)
                joined = groups.join(links) and level == last
        return groups.labels

    def near(self, problem: ClusteringProblem, neighbours: Neighbours, labels: Indices) -> "Links":
        """Return the links of groups that would be joined if the threshold were looser, the nearest first.

        Groups that may not come together are left out.
        """
        horizon = self._horizon + self.limits.looser
        groups = _Groups.of(problem, self.limits, labels)
        pairs = _Pairs.of(problem, neighbours, self.limits, horizon)
        links = groups.links(pairs, horizon, self.limits.threshold + self.limits.looser)
        return links.take(np.lexsort((links.larger, links.smaller, links.costs)))


@dataclass(slots=True, kw_only=True, eq=False)
class _Pairs:
    """Neighbours in different groups, ordered by face and distance; those of one group are dropped as groups grow."""

    faces: npt.NDArray[np.int32]
    others: npt.NDArray[np.int32]
    distances: npt.NDArray[np.float32]

    @classmethod
    def of(cls, problem: ClusteringProblem, neighbours: Neighbours, limits: LinkageLimits, horizon: float) -> Self:
        excess = (np.linalg.norm(problem.embeddings, axis=1) - limits.usual_length).astype(np.float32)
        longer = np.float32(limits.longer) * (excess[neighbours.faces] + excess[neighbours.others])
        distances = neighbours.distances - longer
        kept = np.flatnonzero(distances < horizon)
        kept = kept[np.argsort(neighbours.faces[kept] + distances[kept].astype(np.float64) / 2, kind="stable")]
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
        """Return the links at these places."""
        return Links(smaller=self.smaller[chosen], larger=self.larger[chosen], costs=self.costs[chosen])

    def up_to(self, level: float) -> "Links":
        """Return the links that cost no more."""
        return self.take(self.costs <= level)


@dataclass(slots=True, kw_only=True, eq=False)
class _Groups:
    """The groups while they are merged."""

    labels: Indices
    firm: npt.NDArray[np.bool_]
    apart: Indices
    limits: LinkageLimits

    @classmethod
    def of(cls, problem: ClusteringProblem, limits: LinkageLimits, labels: Indices | None = None) -> Self:
        """Start with the existing groups and each free face as its own group; or with these groups."""
        count = len(problem.firm)
        if labels is None:
            free = problem.seeds < 0
            labels = problem.seeds.copy()
            labels[free] = count + np.arange(np.count_nonzero(free))
        labels = numbered(labels)
        firm = np.zeros(int(labels.max(initial=-1)) + 1, np.bool_)
        seeded = np.flatnonzero(problem.seeds >= 0)
        firm[labels[seeded[problem.firm[problem.seeds[seeded]]]]] = True
        return cls(labels=labels, firm=firm, apart=problem.apart, limits=limits)

    def links(self, pairs: _Pairs, horizon: float, level: float) -> Links:
        """Return the links of all groups that may be joined and are near enough for this level."""
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
        upward = sizes[one] <= sizes[other]
        one, other, distances, votes = one[upward], other[upward], distances[upward], votes[upward]
        rivals = np.where(sizes[other] > sizes[one], distances, horizon)
        margins = _margins(one, distances, rivals, count, horizon)
        costs = distances - self._allowance(sizes[one], sizes[other], margins, votes)
        near = costs <= level + _BOTH_WAYS
        return _one_way(Links(smaller=one[near], larger=other[near], costs=costs[near]), sizes, horizon).up_to(level)

    def join(self, links: Links) -> bool:
        """Join groups that are each other's nearest; return whether there were any."""
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
        labels = numbered(target[self.labels])
        firm = np.zeros(int(labels.max()) + 1, np.bool_)
        firm[labels] = self.firm[target[self.labels]]
        self.labels, self.firm = labels, firm
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
        wanted = np.minimum(sizes[others], _NEAREST)
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
        limits = self.limits
        own = np.where(larger == 1, limits.two_faces, 0.0)
        own = np.where(smaller >= _A_GROUP, limits.two_groups, own)
        contested = limits.contested * np.maximum(limits.clear - margins, 0.0)
        beside = np.where(larger >= _A_GROUP, limits.votes * votes - contested, 0.0)
        allowance: npt.NDArray[np.float64] = own + beside
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


def numbered(labels: Indices) -> Indices:
    """Number groups by their first faces: of two that are as large, the numbers decide which counts as the smaller."""
    _, first, labels = np.unique(labels, return_index=True, return_inverse=True)
    numbers = np.empty_like(first)
    numbers[np.argsort(first)] = np.arange(len(first))
    return numbers[labels]


def _first_of_each(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return where another value starts, in values with equal ones adjacent."""
    first = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return first


def _one_way(links: Links, sizes: Indices, horizon: float) -> Links:
    """Return one link for two groups of the same size, which have one each way: the mean of both."""
    key = links.smaller.astype(np.int64) * len(sizes) + links.larger  # in order, as the sums were
    back = links.larger.astype(np.int64) * len(sizes) + links.smaller
    equal = np.flatnonzero(sizes[links.smaller] == sizes[links.larger])
    place = np.minimum(np.searchsorted(key, back[equal]), max(len(key) - 1, 0))
    known = key[place] == back[equal]
    costs = links.costs.copy()
    costs[equal] = (links.costs[equal] + np.where(known, links.costs[place], horizon)) / 2
    kept = np.ones(len(key), np.bool_)
    kept[equal[known & (links.smaller[equal] > links.larger[equal])]] = False
    return Links(smaller=links.smaller[kept], larger=links.larger[kept], costs=costs[kept])


def _margins(
    groups: Indices,
    distances: npt.NDArray[np.float64],
    rivals: npt.NDArray[np.float64],
    count: int,
    horizon: float,
) -> npt.NDArray[np.float64]:
    """Return how much farther than each link the nearest rival is that is another one."""
    first = np.full(count, horizon)
    np.minimum.at(first, groups, rivals)
    is_first = rivals <= first[groups]
    second = np.full(count, horizon)
    np.minimum.at(second, groups[~is_first], rivals[~is_first])
    margins: npt.NDArray[np.float64] = np.where(is_first, second[groups], first[groups]) - distances
    return margins
