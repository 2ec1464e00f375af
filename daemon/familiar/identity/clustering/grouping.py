"""Decide which faces come into which cluster: a plan, as a value."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from familiar.identity.clustering.algorithms import algorithm
from familiar.identity.clustering.linkage import REACH, Linkage
from familiar.identity.clustering.neighbours import Neighbours
from familiar.identity.clustering.problem import Indices, Problem
from familiar.model import Embeddings
from familiar.settings import ClusteringSettings

_LOOSER = 0.05
"""How much farther than what is joined two groups may be to be suggested as one."""

_SUGGESTIONS = 1000

_SCALES = {"dlib-resnet-v1-mirrored": 0.97}
"""How much shorter distances are than those of `dlib-resnet-v1`, for which all thresholds were measured."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Faces:
    """Faces without a person, and those of clusters.

    `ids` and `clusters` have the shape (n,): a cluster is its id, or 0 for a face that is in none. `embeddings`, shape
    (n, 128), are of one model; those that are not finite are left alone. `firm` are the clusters that are no part of
    another: a person has named or put together what is in them. `apart` are pairs of ids of faces that are not one
    person.
    """

    ids: npt.NDArray[np.int64]
    embeddings: Embeddings
    clusters: npt.NDArray[np.int64]
    model: str
    firm: frozenset[int] = frozenset()
    apart: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A face that comes into a cluster; `distance` is that to the cluster's centre."""

    face: int
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Two faces whose groups may be one person, and how far apart the groups are."""

    face: int
    other: int
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """What grouping decides.

    `joined` has the faces that come into each existing cluster, `fresh` the faces of each new cluster, `absorbed` each
    cluster that becomes a part of another one, and `alike` the groups that a person may be asked about, best first.
    """

    joined: dict[int, tuple[Member, ...]] = field(default_factory=dict)
    fresh: tuple[tuple[Member, ...], ...] = ()
    absorbed: dict[int, int] = field(default_factory=dict)
    alike: tuple[Alike, ...] = ()


def group(faces: Faces, settings: ClusteringSettings) -> Grouping:
    """Group faces. The result does not depend on their order, and is empty if nothing has changed since the last time.

    Raises:
        UsageError: there is no such algorithm.
    """
    chosen = algorithm(settings.algorithm, settings.threshold)
    faces = _in_order(faces)
    problem, ids = _problem(faces)
    neighbours = Neighbours.of(problem.embeddings, within=REACH, memory=settings.memory)
    labels = chosen.group(problem, neighbours)
    found = _Found(faces=faces, problem=problem, ids=ids, labels=labels)
    return Grouping(
        joined=found.joined(),
        fresh=found.fresh(settings.min_faces),
        absorbed=found.absorbed(),
        alike=_alike(problem, neighbours, labels, faces, settings),
    )


def _in_order(faces: Faces) -> Faces:
    """Leave damaged embeddings out, and put faces into an order that depends on nothing but themselves."""
    sound = np.flatnonzero(np.logical_and.reduce(np.isfinite(faces.embeddings), axis=1))
    embeddings = np.ascontiguousarray(faces.embeddings[sound], np.float32)
    content = embeddings.view(np.dtype((np.void, embeddings.itemsize * embeddings.shape[1]))).ravel()
    _, rank = np.unique(content, return_inverse=True)
    order = np.lexsort((faces.ids[sound], rank))
    return Faces(
        ids=faces.ids[sound[order]],
        embeddings=embeddings[order],
        clusters=faces.clusters[sound[order]],
        model=faces.model,
        firm=faces.firm,
        apart=faces.apart,
    )


def _problem(faces: Faces) -> tuple[Problem, npt.NDArray[np.int64]]:
    """Return the problem with everything numbered from 0, and the id of each group that exists."""
    ids = np.unique(faces.clusters[faces.clusters > 0])
    seeds = np.where(faces.clusters > 0, np.searchsorted(ids, faces.clusters), -1).astype(np.intp)
    place = {int(id_): number for number, id_ in enumerate(faces.ids)}
    apart = [(place[one], place[other]) for one, other in faces.apart if one in place and other in place]
    return Problem(
        embeddings=faces.embeddings / np.float32(_SCALES.get(faces.model, 1.0)),
        seeds=seeds,
        firm=np.array([int(id_) in faces.firm for id_ in ids], np.bool_),
        apart=np.array(sorted(apart), np.intp).reshape(-1, 2),
    ), ids


@dataclass(slots=True, kw_only=True, eq=False)
class _Found:
    """What an algorithm has found, against what there was."""

    faces: Faces
    problem: Problem
    ids: npt.NDArray[np.int64]
    labels: Indices
    distances: npt.NDArray[np.float64] = field(init=False)
    cluster_of: npt.NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        _, self.labels = np.unique(self.labels, return_inverse=True)
        self.distances = self._to_centres()
        self.cluster_of = self._survivors()

    def joined(self) -> dict[int, tuple[Member, ...]]:
        cluster = self.cluster_of[self.labels]
        new = np.flatnonzero((self.problem.seeds < 0) & (cluster > 0))
        members: dict[int, list[Member]] = {}
        for number in new[np.argsort(self.faces.ids[new])].tolist():
            members.setdefault(int(cluster[number]), []).append(self._member(number))
        return {id_: tuple(members[id_]) for id_ in sorted(members)}

    def fresh(self, least: int) -> tuple[tuple[Member, ...], ...]:
        sizes = np.bincount(self.labels)
        chosen = np.flatnonzero((self.cluster_of[self.labels] == 0) & (sizes[self.labels] >= least))
        groups: dict[int, list[Member]] = {}
        for number in chosen[np.argsort(self.faces.ids[chosen])].tolist():
            groups.setdefault(int(self.labels[number]), []).append(self._member(number))
        return tuple(sorted(map(tuple, groups.values()), key=lambda members: (-len(members), members[0].face)))

    def absorbed(self) -> dict[int, int]:
        seeded = np.flatnonzero(self.problem.seeds >= 0)
        pairs = zip(self.faces.clusters[seeded].tolist(), self.cluster_of[self.labels[seeded]].tolist(), strict=True)
        return dict(sorted((before, after) for before, after in set(pairs) if before != after))

    def _survivors(self) -> npt.NDArray[np.int64]:
        """Return the cluster that each group is: the firm one, or else the one that had most faces; 0 for a new one."""
        survivors = np.zeros(int(self.labels.max(initial=-1)) + 1, np.int64)
        seeded = np.flatnonzero(self.problem.seeds >= 0)
        sizes = np.bincount(self.problem.seeds[seeded], minlength=len(self.ids))
        group_of = np.zeros(len(self.ids), np.intp)
        group_of[self.problem.seeds[seeded]] = self.labels[seeded]
        order = np.lexsort((-self.ids, sizes, self.problem.firm))  # the last to be written stays
        survivors[group_of[order]] = self.ids[order]
        return survivors

    def _to_centres(self) -> npt.NDArray[np.float64]:
        centres = np.zeros((int(self.labels.max(initial=-1)) + 1, self.faces.embeddings.shape[1]))
        np.add.at(centres, self.labels, self.faces.embeddings)
        centres /= np.bincount(self.labels, minlength=len(centres))[:, None]
        distances: npt.NDArray[np.float64] = np.linalg.norm(self.faces.embeddings - centres[self.labels], axis=1)
        return distances

    def _member(self, number: int) -> Member:
        return Member(face=int(self.faces.ids[number]), distance=float(self.distances[number]))


def _alike(
    problem: Problem, neighbours: Neighbours, labels: Indices, faces: Faces, settings: ClusteringSettings
) -> tuple[Alike, ...]:
    """Return groups that would be joined if the threshold were looser, by one face of each."""
    threshold = settings.threshold if settings.algorithm == Linkage().name else None
    linkage = Linkage() if threshold is None else Linkage(threshold=threshold)
    links = linkage.near(problem, neighbours, labels, looser=_LOOSER)
    _, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    pairs = np.flatnonzero(sizes[links.smaller] + sizes[links.larger] > 2)[:_SUGGESTIONS]  # noqa: PLR2004 - a group
    return tuple(
        Alike(
            face=int(faces.ids[first[links.smaller[pair]]]),
            other=int(faces.ids[first[links.larger[pair]]]),
            distance=float(links.costs[pair]),
        )
        for pair in pairs.tolist()
    )
