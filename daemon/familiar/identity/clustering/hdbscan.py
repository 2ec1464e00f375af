"""The groups of HDBSCAN, by scikit-learn. It takes a second to import, and only those who choose HDBSCAN need it."""

from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import HDBSCAN

from familiar.identity.clustering.indices import Indices
from familiar.identity.clustering.neighbours import Neighbours

_NEAREST = 1e-6
"""scikit-learn treats a distance of 0 as no edge."""


def labels(neighbours: Neighbours, threshold: float) -> Indices:
    """Return the number of each face's group, of pairs nearer than `threshold`; noise are groups of one."""
    count = neighbours.count
    graph = _graph(neighbours, threshold)
    number, parts = connected_components(graph, directed=False)
    found = HDBSCAN(min_cluster_size=2, min_samples=1, metric="precomputed", copy=True).fit_predict(
        _whole(graph, parts, threshold)
    )
    # faces connected only by the joints are not a group
    labels: Indices = found.astype(np.intp)[:count] * number + parts[:count]
    noise = labels < 0
    labels[noise] = labels.max(initial=-1) + 1 + np.arange(np.count_nonzero(noise))
    return labels


def _graph(neighbours: Neighbours, threshold: float) -> Any:
    """Return the distances of neighbours, and of two more faces that are far from all: HDBSCAN never finds one group.

    With those two, all others may be one.
    """
    pairs, count = neighbours.pairs(threshold), neighbours.count
    distances = np.append(np.maximum(pairs.distances.astype(np.float64), _NEAREST), _NEAREST)
    ends = (np.append(pairs.faces, count), np.append(pairs.others, count + 1))
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
