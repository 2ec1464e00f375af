"""The input and the result of grouping, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from familiar.model import Embeddings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FacesToGroup:
    """Faces without a person, and those of clusters.

    `ids` and `clusters` have the shape (n,): a cluster is its id, or 0 for a face that is in none. `embeddings`, shape
    (n, numbers), are of one model; damaged ones are not grouped. `firm` are the clusters that are no part of
    another: a person has named or built what is in them. `apart`, shape (m, 2), are pairs of ids of faces that are not
    one person.
    """

    ids: "npt.NDArray[np.int64]"
    embeddings: Embeddings
    clusters: "npt.NDArray[np.int64]"
    model: str
    firm: frozenset[int] = frozenset()
    apart: "Sequence[tuple[int, int]] | npt.NDArray[np.int64]" = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A face that comes into a cluster; `distance` is that to the cluster's centre."""

    face: int
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarGroups:
    """Two faces whose groups may be one person, and how far apart the groups are."""

    face: int
    other: int
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """What grouping decides.

    `joined` has the faces that come into each existing cluster, `fresh` the faces of each new cluster, `absorbed` each
    cluster that becomes a part of another one, and `alike` the groups to suggest to a person, best first.
    """

    joined: dict[int, tuple[Member, ...]] = field(default_factory=dict)
    fresh: tuple[tuple[Member, ...], ...] = ()
    absorbed: dict[int, int] = field(default_factory=dict)
    alike: tuple[SimilarGroups, ...] = ()
