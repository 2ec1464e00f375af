"""The problem of grouping, and the contract of its algorithms."""

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import Calibration
from familiar.identity.clustering.indices import Indices
from familiar.identity.clustering.neighbours import Neighbours
from familiar.model import Embeddings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClusteringProblem:
    """Faces, the groups that some of them are in already, and what must not come together.

    `embeddings`, shape (n, numbers), is finite. `seeds`, shape (n,), has the number of the group that a face is
    in already, from 0, or -1 for a face that is free. `firm`, one boolean a group, says which groups are no part of
    another: they take others in, and never come together. `apart`, shape (m, 2), has pairs of faces that are not one
    person: two of one photo, or faces that a person separated.
    """

    embeddings: Embeddings
    seeds: Indices
    firm: npt.NDArray[np.bool_]
    apart: Indices

    @classmethod
    def of(cls, embeddings: Embeddings, *, apart: Indices | None = None) -> Self:
        """Return the problem of these faces, with no groups and no other bounds than pairs that are apart."""
        return cls(
            embeddings=embeddings,
            seeds=np.full(len(embeddings), -1, np.intp),
            firm=np.zeros(0, np.bool_),
            apart=np.zeros((0, 2), np.intp) if apart is None else apart,
        )

    def firm_of(self, labels: Indices) -> npt.NDArray[np.bool_]:
        """Return which groups are firm, shape (groups,): those with a firm one among what they were joined from.

        `labels`, shape (n,), are the numbers of the groups that faces are in now.
        """
        firm = np.zeros(int(labels.max(initial=-1)) + 1, np.bool_)
        seeded = np.flatnonzero(self.seeds >= 0)
        firm[labels[seeded[self.firm[self.seeds[seeded]]]]] = True
        return firm


class Algorithm(Protocol):
    """A way to group faces.

    The same faces in the same order give the same groups; `grouping` puts them into an order of their own first.
    """

    name: ClassVar[str]
    """Name in the settings."""

    @classmethod
    def of(cls, calibration: Calibration, threshold: float | None) -> Self:
        """Return it with the limits that were measured for a model, or with another threshold."""

    @property
    def reach(self) -> float:
        """Distance up to which neighbours matter."""

    def group(self, problem: ClusteringProblem, neighbours: Neighbours) -> Indices:
        """Return the number of each face's group, shape (n,): those with the same number belong together.

        Existing groups stay whole; firm groups stay separate, and so do faces that must not meet.
        """
