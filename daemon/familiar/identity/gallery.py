"""All known people, with their references stacked for one model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import Calibration
from familiar.identity.people import KnownPerson
from familiar.model import Embeddings

_MANY = 300
"""References of one person of which not each is compared with each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gallery:
    """All known people: person `i` has the references `starts[i]` to `starts[i + 1]` of the stack.

    `columns`, shape (n, 129), are the references, each with the square of its length behind it: so the squares of all
    distances are one matrix product. `radii` are the largest distances of a person's references from their centre, and
    `diameters` those from each other, or more. `calibration` is that of the model of the references.
    """

    names: tuple[str, ...]
    thresholds: npt.NDArray[np.float64]
    columns: npt.NDArray[np.float32]
    starts: npt.NDArray[np.intp]
    radii: npt.NDArray[np.float64]
    diameters: npt.NDArray[np.float64]
    calibration: Calibration

    @classmethod
    def of(cls, people: Sequence[KnownPerson], calibration: Calibration) -> Self:
        """Stack the references of these people, in the order of their names; damaged ones (NaN) are left out."""
        usable = [(person, person.references[np.isfinite(person.references).all(axis=1)]) for person in people]
        ordered = sorted(((person, refs) for person, refs in usable if len(refs)), key=lambda pair: pair[0].name)
        stacked = np.concatenate([refs for _, refs in ordered]) if ordered else np.empty((0, 0), np.float32)
        counts = [len(references) for _, references in ordered]
        return cls(
            names=tuple(person.name for person, _ in ordered),
            thresholds=np.array([np.nan if person.threshold is None else person.threshold for person, _ in ordered]),
            columns=np.concatenate((stacked, (stacked**2).sum(axis=1, keepdims=True)), axis=1),
            starts=np.concatenate(([0], np.cumsum(counts))).astype(np.intp),
            radii=np.array([_radius(refs) for _, refs in ordered]),
            diameters=np.array([_diameter(refs) for _, refs in ordered]),
            calibration=calibration,
        )

    @property
    def references(self) -> Embeddings:
        """All references, shape (n, numbers)."""
        return self.columns[:, :-1]


def _radius(references: Embeddings) -> float:
    return float(np.linalg.norm(references - references.mean(axis=0), axis=1).max())


def _diameter(references: Embeddings) -> float:
    """Return the largest distance of two references, of many that it can't be larger than."""
    if len(references) > _MANY:
        return 2 * _radius(references)
    products = references @ references.T
    lengths = np.diagonal(products)
    return float(np.sqrt(max((lengths[:, None] + lengths[None, :] - 2 * products).max(), 0.0)))
