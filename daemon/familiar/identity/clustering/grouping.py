"""Decide which faces come into which cluster: a plan, as a value."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import Calibration, calibration_of
from familiar.identity.clustering.algorithms import algorithm
from familiar.identity.clustering.centres import distances_to_centres
from familiar.identity.clustering.indices import Indices
from familiar.identity.clustering.linkage import Linkage, numbered
from familiar.identity.clustering.neighbours import Neighbours
from familiar.identity.clustering.plan import FacesToGroup, Grouping, Member, SimilarGroups
from familiar.identity.clustering.problem import Algorithm, ClusteringProblem
from familiar.identity.clustering.sample import Sample
from familiar.model import Embeddings
from familiar.settings import ClusteringSettings

_SUGGESTIONS = 1000

_LEAST = 1e-9
"""Length that stands for none, to divide by."""

_LARGEST = 100.0
"""No value of a valid embedding comes near this; larger values are damage, and their square may overflow float32."""


def group(faces: FacesToGroup, settings: ClusteringSettings) -> Grouping:
    """Group faces. The result does not depend on their order, and is empty if nothing has changed since the last run.

    Raises:
        UsageError: the algorithm does not exist.
    """
    calibration = calibration_of(faces.model)
    chosen = algorithm(settings.algorithm, settings.threshold, calibration)
    linkage = chosen if isinstance(chosen, Linkage) else Linkage.of(calibration, None)
    faces = _in_order(faces)
    problem, ids = _problem(faces, calibration)
    reach = max(chosen.reach, linkage.reach)
    neighbours = Neighbours.of(problem.embeddings, within=reach, memory=settings.memory)
    sample = Sample.of(chosen, problem, memory=settings.memory) if isinstance(chosen, Linkage) else None
    labels = _stable(chosen, problem, neighbours, sample, settings.min_faces)
    found = _Found(faces=faces, problem=problem, ids=ids, labels=labels)
    return Grouping(
        joined=found.joined(),
        fresh=found.fresh(settings.min_faces),
        absorbed=found.absorbed(),
        alike=_alike(problem, neighbours, labels, faces, linkage),
    )


def _stable(
    chosen: Algorithm, problem: ClusteringProblem, neighbours: Neighbours, sample: Sample | None, least: int
) -> Indices:
    """Return groups that stay as they are when the groups of fewer than `least` faces are dissolved.

    The faces of such a group are free again, and one of them may be near enough to a larger group although their own
    group was not.
    """
    labels = _grouped(chosen, problem, neighbours, sample)
    while True:
        sizes = np.bincount(labels)
        is_kept = sizes >= least
        is_kept[labels[problem.seeds >= 0]] = True
        if not np.any(~is_kept & (sizes > 1)):
            return labels
        number = np.cumsum(is_kept) - 1
        seeds = np.where(is_kept[labels], number[labels], -1).astype(np.intp)
        if np.array_equal(seeds, problem.seeds):
            return labels
        problem = replace(problem, seeds=seeds, firm=problem.firm_of(labels)[is_kept])
        labels = _grouped(chosen, problem, neighbours, sample)


def _grouped(chosen: Algorithm, problem: ClusteringProblem, neighbours: Neighbours, sample: Sample | None) -> Indices:
    """Return groups of which no more are one in the sample, if there is one."""
    labels = numbered(chosen.group(problem, neighbours))
    if sample is not None:
        while (joined := sample.join(problem, labels)) is not labels:
            labels = sample.linkage.settle(problem, neighbours, joined)
    return labels


def _in_order(faces: FacesToGroup) -> FacesToGroup:
    """Drop damaged embeddings, and sort faces in an order that depends only on the faces."""
    is_sound = np.logical_and.reduce(np.abs(faces.embeddings) < _LARGEST, axis=1)
    sound = np.flatnonzero(is_sound)
    embeddings = np.ascontiguousarray(faces.embeddings[sound], np.float32)
    content = embeddings.view(np.dtype((np.void, embeddings.itemsize * embeddings.shape[1]))).ravel()
    by_id = np.argsort(faces.ids[sound])
    order = by_id[np.argsort(content[by_id], kind="stable")]
    return FacesToGroup(
        ids=faces.ids[sound[order]],
        embeddings=embeddings[order],
        clusters=faces.clusters[sound[order]],
        model=faces.model,
        firm=faces.firm,
        apart=_apart(faces, is_sound),
    )


def _apart(faces: FacesToGroup, is_sound: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return the pairs that are apart, shape (m, 2); a damaged face is replaced by any valid one of its cluster."""
    pairs = np.array(faces.apart, np.int64).reshape(-1, 2)
    in_cluster = faces.clusters > 0
    sound, damaged = np.flatnonzero(in_cluster & is_sound), np.flatnonzero(in_cluster & ~is_sound)
    if len(damaged):
        members = dict(zip(faces.clusters[sound].tolist(), faces.ids[sound].tolist(), strict=True))
        damaged = damaged[np.argsort(faces.ids[damaged])]
        stand_ins = np.array([members.get(cluster, 0) for cluster in faces.clusters[damaged].tolist()], np.int64)
        is_damaged = np.isin(pairs, faces.ids[damaged])
        pairs[is_damaged] = stand_ins[np.searchsorted(faces.ids[damaged], pairs[is_damaged])]
    return pairs


def _problem(faces: FacesToGroup, calibration: Calibration) -> tuple[ClusteringProblem, npt.NDArray[np.int64]]:
    """Return the problem with everything numbered from 0, and the id of each group that exists."""
    ids = np.unique(faces.clusters[faces.clusters > 0])
    seeds = np.where(faces.clusters > 0, np.searchsorted(ids, faces.clusters), -1).astype(np.intp)
    by_id, pairs = np.argsort(faces.ids), np.asarray(faces.apart)
    known = pairs[np.isin(pairs, faces.ids).all(axis=1)]
    apart = np.sort(by_id[np.searchsorted(faces.ids, known, sorter=by_id)], axis=1)
    return ClusteringProblem(
        embeddings=_without_mean(faces.embeddings, calibration.mean_direction),
        seeds=seeds,
        firm=np.array([int(id_) in faces.firm for id_ in ids], np.bool_),
        apart=np.unique(apart[apart[:, 0] != apart[:, 1]], axis=0),
    ), ids


def _without_mean(embeddings: Embeddings, mean: Sequence[float]) -> Embeddings:
    """Return directions without what those of all faces have in common, as long as they were.

    How much of it a face has tells nothing of who it is, but makes it nearer to everybody, or farther.
    """
    if not mean or not len(embeddings):
        return embeddings
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    others: Embeddings = embeddings - lengths * np.asarray(mean, np.float32)
    others *= lengths / np.maximum(np.linalg.norm(others, axis=1, keepdims=True), _LEAST)
    return others


@dataclass(slots=True, kw_only=True, eq=False)
class _Found:
    """The groups that an algorithm found, compared with the existing clusters."""

    faces: FacesToGroup
    problem: ClusteringProblem
    ids: npt.NDArray[np.int64]
    labels: Indices
    distances: npt.NDArray[np.float64] = field(init=False)
    cluster_of: npt.NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        _, self.labels = np.unique(self.labels, return_inverse=True)
        self.distances = distances_to_centres(self.faces.embeddings, self.labels)
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
        """Return the cluster that each group is: the firm one, or else the one with the most faces; 0 for a new one."""
        survivors = np.zeros(int(self.labels.max(initial=-1)) + 1, np.int64)
        seeded = np.flatnonzero(self.problem.seeds >= 0)
        sizes = np.bincount(self.problem.seeds[seeded], minlength=len(self.ids))
        group_of = np.zeros(len(self.ids), np.intp)
        group_of[self.problem.seeds[seeded]] = self.labels[seeded]
        order = np.lexsort((-self.ids, sizes, self.problem.firm))  # the last to be written stays
        survivors[group_of[order]] = self.ids[order]
        return survivors

    def _member(self, number: int) -> Member:
        return Member(face=int(self.faces.ids[number]), distance=float(self.distances[number]))


def _alike(
    problem: ClusteringProblem,
    neighbours: Neighbours,
    labels: Indices,
    faces: FacesToGroup,
    linkage: Linkage,
) -> tuple[SimilarGroups, ...]:
    """Return groups that would be joined if the threshold were looser, by one face of each."""
    labels = numbered(labels)
    links = linkage.near(problem, neighbours, labels)
    _, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    pairs = np.flatnonzero(sizes[links.smaller] + sizes[links.larger] > 2)[:_SUGGESTIONS]  # noqa: PLR2004 - a group
    return tuple(
        SimilarGroups(
            face=int(faces.ids[first[links.smaller[pair]]]),
            other=int(faces.ids[first[links.larger[pair]]]),
            distance=float(links.costs[pair]),
        )
        for pair in pairs.tolist()
    )
