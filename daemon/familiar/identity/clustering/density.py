"""HDBSCAN, by scikit-learn, on the graph of neighbours: on all distances it takes minutes where this takes seconds.

R. Campello, D. Moulavi, J. Sander, Density-Based Clustering Based on Hierarchical Density Estimates, PAKDD 2013.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

from familiar.embedding_models import Calibration
from familiar.identity.clustering.bounds import within_bounds
from familiar.identity.clustering.indices import Indices
from familiar.identity.clustering.neighbours import Neighbours
from familiar.identity.clustering.problem import ClusteringProblem


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
        from familiar.identity.clustering import hdbscan  # noqa: PLC0415 - it takes a second to import

        return within_bounds(problem, hdbscan.labels(neighbours, self.threshold))
