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

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import Calibration, LinkageLimits
from familiar.identity.clustering.edges import Edges, Sums, first_of_each
from familiar.identity.clustering.indices import Indices
from familiar.identity.clustering.neighbours import Neighbours
from familiar.identity.clustering.problem import ClusteringProblem

_A_GROUP = 4
"""Fewest faces of a group; fewer faces give too few distances to judge by."""

_FIRST, _LEVEL = 0.16, 0.01
"""Distance of the first level below the threshold, and between levels."""

_BOTH_WAYS = 0.05
"""How much farther than the level two groups of the same size may be one way, if they are nearer the other way."""

_AT_ONCE = 1 << 20
"""Links whose way back is looked for at once."""

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
        edges = Edges.of(problem, neighbours, self.limits, self._horizon)
        last = self.limits.threshold
        for level in np.arange(last - _FIRST, last, _LEVEL):
            groups.join(groups.links(edges, level))
        self._join_all(groups, edges)
        return groups.labels

    def settle(self, problem: ClusteringProblem, neighbours: Neighbours, labels: Indices) -> Indices:
        """Return the number of each face's group, after groups that are near enough were joined until none are left.

        `labels`, shape (n,), are the groups that existing ones, free faces and groups of these were joined to.
        """
        groups = _Groups.of(problem, self.limits, labels)
        edges = Edges.of(problem, neighbours, self.limits, self._horizon)
        self._join_all(groups, edges)
        return groups.labels

    def near(self, problem: ClusteringProblem, neighbours: Neighbours, labels: Indices) -> "Links":
        """Return the links of groups that would be joined if the threshold were looser, the nearest first.

        Groups that may not come together are left out.
        """
        horizon = self._horizon + self.limits.looser
        groups = _Groups.of(problem, self.limits, labels)
        edges = Edges.of(problem, neighbours, self.limits, horizon)
        links = groups.links(edges, self.limits.threshold + self.limits.looser)
        return links.take(np.lexsort((links.larger, links.smaller, links.costs)))

    def _join_all(self, groups: "_Groups", edges: Edges) -> None:
        """Join groups that are nearer than the threshold until there are none."""
        while groups.join(groups.links(edges, self.limits.threshold)):
            pass


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Links:
    """Pairs of groups: the smaller, the larger, and how near they are (`costs`, a distance that allows for both)."""

    smaller: npt.NDArray[np.int32]
    larger: npt.NDArray[np.int32]
    costs: npt.NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence["Links"]) -> Self:
        """Return the links of all parts."""
        return cls(
            smaller=np.concatenate([np.zeros(0, np.int32), *(part.smaller for part in parts)]),
            larger=np.concatenate([np.zeros(0, np.int32), *(part.larger for part in parts)]),
            costs=np.concatenate([np.zeros(0), *(part.costs for part in parts)]),
        )

    def take(self, chosen: npt.NDArray[Any] | slice) -> "Links":
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
        return cls(labels=labels, firm=problem.firm_of(labels), apart=problem.apart, limits=limits)

    def links(self, edges: Edges, level: float) -> Links:
        """Return the links of all groups that may be joined and are near enough for this level."""
        sizes = np.bincount(self.labels)
        apart = self._apart_keys(len(sizes))
        near = Links.joined(
            [self._near(sums, sizes, apart, edges.horizon, level) for sums in edges.sums(self.labels, sizes)]
        )
        return _one_way(near, sizes, edges.horizon).up_to(level)

    def _near(self, sums: Sums, sizes: Indices, apart: npt.NDArray[np.int64], horizon: float, level: float) -> Links:
        """Return the links of some groups to larger ones that are near enough, or may be with the way back."""
        sums = sums.take(np.flatnonzero(~self._forbidden(sums, apart, len(sizes))))
        if not len(sums.ones):
            return Links.joined(())
        smaller, larger = sizes[sums.ones], sizes[sums.others]
        distances = horizon - sums.gains / smaller
        first = first_of_each(sums.ones)
        number = np.cumsum(first) - 1
        votes = sums.edges / np.add.reduceat(sums.edges, np.flatnonzero(first))[number]
        # Rivals make a link cost more: most links cost too much without them, and only the others are looked at.
        least = distances - self._allowance(smaller, larger, np.inf, votes)
        both_ways = np.where(smaller == larger, _BOTH_WAYS, 0.0)
        near = np.flatnonzero((least <= level + both_ways) & (smaller <= larger))
        margins = _margins(number, distances, np.where(larger > smaller, distances, horizon), near, horizon)
        costs = distances[near] - self._allowance(smaller[near], larger[near], margins, votes[near])
        ones, others = sums.ones[near].astype(np.int32), sums.others[near].astype(np.int32)
        return Links(smaller=ones, larger=others, costs=costs).up_to(level + _BOTH_WAYS)

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
        links = links.take(first_of_each(links.smaller))
        links = links.take(np.lexsort((links.smaller, links.costs, links.larger)))
        links = links.take(first_of_each(links.larger) | (sizes[links.larger] >= _A_GROUP))
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

    def _apart_keys(self, count: int) -> npt.NDArray[np.int64]:
        """Return the groups that may not come together, as `one * count + other`, in order."""
        one, other = self.labels[self.apart[:, 0]].astype(np.int64), self.labels[self.apart[:, 1]].astype(np.int64)
        return np.unique(np.concatenate((one * count + other, other * count + one)))

    def _forbidden(self, sums: Sums, apart: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.bool_]:
        key = sums.ones * count + sums.others
        both_firm: npt.NDArray[np.bool_] = self.firm[sums.ones] & self.firm[sums.others]
        if len(key):
            own = apart[np.searchsorted(apart, key[0]) : np.searchsorted(apart, key[-1], side="right")]
            place = np.searchsorted(key, own)
            both_firm[place[key[place] == own]] = True
        return both_firm

    def _allowance(
        self,
        smaller: npt.NDArray[Any],
        larger: npt.NDArray[Any],
        margins: npt.NDArray[np.float64] | float,
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
        out[firm.smaller[~first_of_each(firm.larger)]] = True
        return links.take(~out[links.smaller])


def numbered(labels: Indices) -> Indices:
    """Number groups by their first faces: of two that are as large, the numbers decide which counts as the smaller."""
    _, first, labels = np.unique(labels, return_index=True, return_inverse=True)
    numbers = np.empty_like(first)
    numbers[np.argsort(first)] = np.arange(len(first))
    return numbers[labels]


def _one_way(links: Links, sizes: Indices, horizon: float) -> Links:
    """Return one link for two groups of the same size, which have one each way: the mean of both."""
    key = links.smaller.astype(np.int64) * len(sizes) + links.larger  # in order, as the sums were
    costs, kept = links.costs.copy(), np.ones(len(key), np.bool_)
    for start in range(0, len(key), _AT_ONCE):
        part = links.take(slice(start, start + _AT_ONCE))
        equal = np.flatnonzero(sizes[part.smaller] == sizes[part.larger])
        part = part.take(equal)
        back = part.larger.astype(np.int64) * len(sizes) + part.smaller
        place = np.minimum(np.searchsorted(key, back), len(key) - 1)
        known = key[place] == back
        costs[start + equal] = (part.costs + np.where(known, links.costs[place], horizon)) / 2
        kept[start + equal[known & (part.smaller > part.larger)]] = False
    return Links(smaller=links.smaller[kept], larger=links.larger[kept], costs=costs[kept])


def _margins(
    groups: Indices,
    distances: npt.NDArray[np.float64],
    rivals: npt.NDArray[np.float64],
    wanted: Indices,
    horizon: float,
) -> npt.NDArray[np.float64]:
    """Return how much farther than each of the wanted links the nearest rival is that is another one.

    `groups` are in order and without gaps: those that the links are of.
    """
    is_wanted = np.zeros(int(groups[-1]) + 1, np.bool_)
    is_wanted[groups[wanted]] = True
    among = np.flatnonzero(is_wanted[groups])
    starts = np.flatnonzero(first_of_each(groups[among]))
    if not len(starts):
        return np.zeros(0)
    place = np.cumsum(is_wanted)[groups] - 1
    first = np.minimum.reduceat(rivals[among], starts)
    is_first = rivals[among] <= first[place[among]]
    second = np.minimum.reduceat(np.where(is_first, horizon, rivals[among]), starts)
    own = place[wanted]
    margins: npt.NDArray[np.float64] = (
        np.where(rivals[wanted] <= first[own], second[own], first[own]) - distances[wanted]
    )
    return margins
