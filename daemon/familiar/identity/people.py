"""People as matching sees them: names and references."""

from dataclasses import dataclass

from familiar.model import Embeddings

MOST_REFERENCES = 12
"""References taken from a cluster: with ten, matching misses hardly any face (docs/matching.md)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownPerson:
    """A person with references of one engine, shape (n, 128); `threshold` None means the configured one."""

    name: str
    threshold: float | None
    references: Embeddings
