"""All algorithms."""

from familiar.embedding_models import Calibration
from familiar.errors import UsageError
from familiar.identity.clustering.density import Density
from familiar.identity.clustering.linkage import Linkage
from familiar.identity.clustering.problem import Algorithm
from familiar.identity.clustering.whispers import Whispers

ALGORITHMS = (Linkage, Whispers, Density)
"""The default first."""


def algorithm(name: str, threshold: float | None, calibration: Calibration) -> Algorithm:
    """Return the algorithm of this name; `threshold` None means the one that was measured for the model.

    Raises:
        UsageError: the algorithm does not exist.
    """
    for kind in ALGORITHMS:
        if kind.name == name:
            return kind.of(calibration, threshold)
    raise UsageError(f"{name!r} is not an algorithm; use one of {', '.join(kind.name for kind in ALGORITHMS)}.")
