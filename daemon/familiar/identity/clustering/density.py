"""HDBSCAN, by scikit-learn, on the graph of neighbours: on all distances it takes minutes where this takes seconds.

R. Campello, D. Moulavi, J. Sander, Density-Based Clustering Based on Hierarchical Density Estimates, PAKDD 2013.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import HDBSCAN

from familiar.embedding_models import Calibration
from familiar.identity.clustering.bounds import within_bounds
from familiar.identity.clustering.neighbours import Neighbours
from familiar.identity.clustering.problem import ClusteringProblem, Indices

_NEAREST = 1e-6
"""scikit-learn treats a distance of 0 as no edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Density:
    """HDBSCAN with a least size of groups of 2 and one sample, the best of those measured for people of few photos.

    Pairs that are farther apart than `threshold` are left out.
    """

    threshold: float
    name: ClassVar[str] = "hdbscan"

    @classmethod
    def of(cls, calibration: Calibration, threshold: float | None) -> Self:
        """Return it with the threshold that was measured for a model, or with another one."""
        return cls(threshold=calibration.density if threshold is None else threshold)

    @property
    def reach(self) -> float:
        """Distance up to which neighbours matter."""
        return self.threshold

    def group(self, problem: ClusteringProblem, neighbours: Neighbours) -> Indices:
        """Return the number of each face's group; what HDBSCAN calls noise are groups of one."""
        count = neighbours.count
        graph = _graph(neighbours, self.threshold)
        number, parts = connected_components(graph, directed=False)
        found = HDBSCAN(min_cluster_size=2, min_samples=1, metric="precomputed", copy=True).fit_predict(
            _whole(graph, parts, self.threshold)
        )
        # faces connected only by the joints are not a group
        labels: Indices = found.astype(np.intp)[:count] * number + parts[:count]
        noise = labels < 0
        labels[noise] = labels.max(initial=-1) + 1 + np.arange(np.count_nonzero(noise))
        return within_bounds(problem, labels)


def _graph(neighbours: Neighbours, threshold: float) -> Any:
    """Return the distances of neighbours, and of two more faces that are far from all: HDBSCAN never finds one group.

    With those two, all others may be one.
    """
    near, count = neighbours.distances < threshold, neighbours.count
    distances = np.append(np.maximum(neighbours.distances[near].astype(np.float64), _NEAREST), _NEAREST)
    ends = (np.append(neighbours.faces[near], count), np.append(neighbours.others[near], count + 1))
    graph = csr_array((distances, ends), shape=(count + 2, count + 2))
    return graph.maximum(graph.T).tocsr()


def _whole(graph: Any, parts: Indices, threshold: float) -> Any:
    """Join the parts of a graph, each by one edge to the next, as scikit-learn takes no graph of several parts.

    The edges are as long as the threshold, the least that the distance of two parts can be. HDBSCAN prefers groups
    that hold together over a wide range of distances: with longer edges that is the largest part as a whole, which
    nearly all people with few photos are in.
    """
    _, first = np.unique(parts, return_index=True)
    ends = (np.concatenate((first[:-1], first[1:])), np.concatenate((first[1:], first[:-1])))
    joints = csr_array((np.full(len(ends[0]), threshold), ends), shape=graph.shape)
    return (graph + joints).tocsr()
