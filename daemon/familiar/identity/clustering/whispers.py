"""Chinese whispers: each face takes the most frequent label of its neighbours, until nothing changes.

C. Biemann, Chinese Whispers, TextGraphs 2006. There faces are visited one by one in a random order; here they are split
into a few classes by their own numbers, and a class is updated at once: the result does not depend on chance or order.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import Calibration
from familiar.identity.clustering.bounds import within_bounds
from familiar.identity.clustering.indices import Indices
from familiar.identity.clustering.neighbours import Neighbours
from familiar.identity.clustering.problem import ClusteringProblem
from familiar.model import Embeddings

_CLASSES = 8
_ROUNDS = 50
"""Largest number of rounds: a few faces may alternate forever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whispers:
    """Chinese whispers on the graph of all pairs nearer than `threshold`; all pairs have the same weight.

    Two faces updated at once can swap labels forever; so in the last rounds each face also counts itself.
    """

    threshold: float
    name: ClassVar[str] = "whispers"

    @classmethod
    def of(cls, calibration: Calibration, threshold: float | None) -> Self:
        """Return it with the threshold that was measured for a model, or with another one."""
        return cls(threshold=calibration.whispers if threshold is None else threshold)

    @property
    def reach(self) -> float:
        """Distance up to which neighbours matter."""
        return self.threshold

    def group(self, problem: ClusteringProblem, neighbours: Neighbours) -> Indices:
        """Return the number of each face's group."""
        labels = np.arange(neighbours.count)
        classes = _classes(problem.embeddings)
        parts = [np.flatnonzero(classes == number) for number in range(_CLASSES)]
        for hears_itself in (False, True):
            graph = _graph(neighbours, self.threshold, hears_itself=hears_itself)
            rows = [graph[part] for part in parts]
            before = earlier = labels
            for _ in range(_ROUNDS):
                earlier, before, labels = before, labels, labels.copy()
                for part, heard in zip(parts, rows, strict=True):
                    labels[part] = _loudest(heard, labels, own=labels[part])
                if (labels == before).all() or (labels == earlier).all():
                    break
        return within_bounds(problem, labels)


def _graph(neighbours: Neighbours, threshold: float, *, hears_itself: bool) -> Any:
    from scipy.sparse import csr_array  # noqa: PLC0415 - it takes a third of a second to import

    pairs = neighbours.pairs(threshold)
    itself = np.arange(neighbours.count if hears_itself else 0, dtype=np.int32)
    ends = (np.append(pairs.faces, itself), np.append(pairs.others, itself))
    graph = csr_array((np.ones(len(ends[0]), np.float32), ends), shape=(neighbours.count, neighbours.count))
    return graph.maximum(graph.T).tocsr()


def _classes(embeddings: Embeddings) -> Indices:
    """Assign faces to classes by the last digits of their numbers."""
    digits = (np.abs(embeddings[:, :4]).sum(axis=1, dtype=np.float64) * 1e6).astype(np.int64)
    classes: Indices = (digits % _CLASSES).astype(np.intp)
    return classes


def _loudest(graph: Any, labels: Indices, *, own: Indices) -> Indices:
    """Return the label that most neighbours have; of several the smallest, of none the face's own."""
    count = len(labels)
    key = np.repeat(np.arange(graph.shape[0], dtype=np.int64), np.diff(graph.indptr)) * count + labels[graph.indices]
    found, loudness = np.unique(key, return_counts=True)
    faces, heard = np.divmod(found, count)
    order = np.lexsort((-heard, loudness, faces))  # the last of each face is the most frequent
    chosen: npt.NDArray[np.intp] = own.copy()
    chosen[faces[order]] = heard[order]
    return chosen
