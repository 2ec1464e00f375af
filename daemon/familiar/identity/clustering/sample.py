"""Join groups of one person whose faces are in one group among a part of all faces.

The nearest neighbours of a face of a person with tens of thousands of faces are all in a small part of these, and few
links lead to the others: the person comes in many groups. Among fewer faces, the neighbours reach as far as those in a
smaller library do, and the person comes in one.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Self

import numpy as np

from familiar.identity.clustering.indices import Indices
from familiar.identity.clustering.linkage import Linkage
from familiar.identity.clustering.neighbours import Neighbours
from familiar.identity.clustering.problem import ClusteringProblem

_FACES = 200_000
"""Faces of a sample: among so many, a person with a tenth of them comes in one group (docs/clusters.md)."""

_LEAST, _SHARE = 2, 0.9
"""A group is of a group of the sample if it has so many faces in the sample, and so large a share of these in that one.

With a share of 0.75, groups with faces of two people were joined with others."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """The groups of the first faces of a problem among themselves, as linkage joins them: the number of each one's.

    The order of a problem has nothing to do with what faces look like, and new faces leave the others in theirs.
    """

    linkage: Linkage
    groups: Indices

    @classmethod
    def of(cls, linkage: Linkage, problem: ClusteringProblem, *, memory: int) -> Self | None:
        """Group the first faces of a problem, or return None if its faces are too few for a sample.

        Args:
            linkage: how they are grouped.
            problem: all faces; the groups that some are in already do not count.
            memory: megabytes that it may take.
        """
        if len(problem.embeddings) <= _FACES:
            return None
        sample = ClusteringProblem.of(
            problem.embeddings[:_FACES], apart=problem.apart[np.all(problem.apart < _FACES, axis=1)]
        )
        neighbours = Neighbours.of(sample.embeddings, within=linkage.reach, memory=memory)
        return cls(linkage=linkage, groups=linkage.group(sample, neighbours))

    def join(self, problem: ClusteringProblem, labels: Indices) -> Indices:
        """Return the number of each face's group, after groups were joined that are of one group of the sample.

        Where there are none, these are the same labels. Two firm groups are not joined, nor are those with faces that
        must not meet.

        Args:
            problem: all faces.
            labels: the number of each face's group, shape (n,).
        """
        of_one = [groups for groups in self._of_one(labels) if len(groups) > 1]
        bounds = _Bounds.of(problem, labels, among=[group for groups in of_one for group in groups])
        target = np.arange(len(bounds.firm))
        for groups in of_one:
            for first, *others in bounds.divided(groups):
                target[others] = first
        return labels if np.array_equal(target, np.arange(len(target))) else target[labels]

    def _of_one(self, labels: Indices) -> Iterator[Sequence[int]]:
        """Give the groups that are of each group of the sample, the largest first."""
        own = labels[: len(self.groups)]
        pairs, faces = np.unique(np.stack((self.groups, own), axis=1), axis=0, return_counts=True)
        is_sure = (faces >= _LEAST) & (faces >= _SHARE * np.bincount(own)[pairs[:, 1]])
        pairs = pairs[is_sure]
        pairs = pairs[np.lexsort((pairs[:, 1], -np.bincount(labels)[pairs[:, 1]], pairs[:, 0]))]
        for _, members in groupby(pairs.tolist(), key=lambda pair: pair[0]):
            yield [group for _, group in members]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bounds:
    """Which groups are firm, and from which others each of some is apart."""

    firm: Sequence[bool]
    apart: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, problem: ClusteringProblem, labels: Indices, *, among: Sequence[int]) -> Self:
        bounds = cls(firm=problem.firm_of(labels).tolist())
        is_one = np.zeros(len(bounds.firm), np.bool_)
        is_one[list(among)] = True
        apart = labels[problem.apart]
        for one, other in np.unique(apart[is_one[apart].all(axis=1)], axis=0).tolist():
            bounds.apart[one].add(other)
            bounds.apart[other].add(one)
        return bounds

    def divided(self, groups: Sequence[int]) -> Iterator[list[int]]:
        """Divide groups into those that may be one; each comes to the first ones that it may join."""
        parts: list[list[int]] = []
        for group in groups:
            for part in parts:
                if self._may_join(group, part):
                    part.append(group)
                    break
            else:
                parts.append([group])
        yield from parts

    def _may_join(self, group: int, part: Sequence[int]) -> bool:
        both_firm = self.firm[group] and any(self.firm[other] for other in part)
        return not both_firm and self.apart[group].isdisjoint(part)
