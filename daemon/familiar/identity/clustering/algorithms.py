"""All algorithms."""

from familiar.errors import UsageError
from familiar.identity.clustering.density import Density
from familiar.identity.clustering.linkage import Linkage
from familiar.identity.clustering.problem import Algorithm
from familiar.identity.clustering.whispers import Whispers

ALGORITHMS = (Linkage, Whispers, Density)
"""The default first."""


def algorithm(name: str, threshold: float | None) -> Algorithm:
    """Return the algorithm of this name; `threshold` None means its own.

    Raises:
        UsageError: the algorithm does not exist.
    """
    for kind in ALGORITHMS:
        chosen = kind() if threshold is None else kind(threshold=threshold)
        if chosen.name == name:
            return chosen
    raise UsageError(f"{name!r} is not an algorithm; use one of {', '.join(kind().name for kind in ALGORITHMS)}.")
