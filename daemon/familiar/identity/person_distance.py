"""How far a face is from a person: a distance to the centre of some of the person's references.

One reference alone is easily near by chance; the centre of all references resembles nobody if a person appears both as
a child and as an adult. So the references that are nearest to the face count, as far as they look alike. Of all
measured methods, this one misses least at the same rate of false matches (docs/matching.md).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import Calibration
from familiar.model import Embeddings
from familiar.settings import MatchingSettings

if TYPE_CHECKING:
    from familiar.identity.gallery import Gallery

_FEW = 300
"""Of so many references, to multiply all is faster than to copy those that count."""

_FACES = 500
"""Faces for which references are copied at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDistance:
    """Measures distances to the centre of those of the `nearest` references that look alike.

    Those look alike that are no farther than `one_look` from the nearest one. Where embeddings are directions, the
    centre is brought to their length. The centre of more references is shorter, and nearer to everybody; at one length,
    a distance means the same for a person of one reference and of twenty.
    """

    nearest: int
    one_look: float
    are_directions: bool

    @classmethod
    def of(cls, calibration: Calibration, settings: MatchingSettings) -> Self:
        """Return how distances are measured for a model, unless the settings say otherwise."""
        return cls(
            nearest=calibration.nearest if settings.nearest is None else settings.nearest,
            one_look=calibration.one_look,
            are_directions=calibration.are_directions,
        )

    def measure(self, faces: Embeddings, references: Embeddings) -> npt.NDArray[np.float64]:
        """Return the distance of each face to a person, shape (m,).

        Args:
            faces: shape (m, numbers), finite.
            references: the person's, shape (n, numbers), finite; n is at least 1.
        """
        squares = _squares(faces, references)
        find_centres = self._centres if len(references) <= _FEW else self._chosen
        parts = range(0, max(len(faces), 1), _FACES)
        centres = np.concatenate([find_centres(squares[at : at + _FACES], references) for at in parts])
        if self.are_directions:
            centres *= (_length(references) / np.linalg.norm(centres, axis=1))[:, None]
        distances: npt.NDArray[np.float64] = np.linalg.norm(faces.astype(np.float64) - centres, axis=1)
        return distances

    def _centres(self, squares: npt.NDArray[Any], references: Embeddings) -> npt.NDArray[np.float64]:
        """Return the centre for each face as a product with all references, of which those that do not count have 0."""
        counting = (_squares(references, references) <= self.one_look**2)[squares.argmin(axis=1)]
        if self.nearest < len(references):
            farthest = np.partition(squares, self.nearest - 1, axis=1)[:, self.nearest - 1]
            counting &= squares <= farthest[:, None]
        centres: npt.NDArray[np.float64] = counting.astype(np.float64) @ references.astype(np.float64)
        centres /= counting.sum(axis=1)[:, None]
        return centres

    def _chosen(self, squares: npt.NDArray[Any], references: Embeddings) -> npt.NDArray[np.float64]:
        """Return the centre for each face from copies of its references: few of those that a person has."""
        count = min(self.nearest, len(references))
        nearest = np.argpartition(squares, count - 1, axis=1)[:, :count]
        first = np.take_along_axis(squares, nearest, axis=1).argmin(axis=1)
        chosen = references[nearest]
        apart = chosen - chosen[np.arange(len(chosen)), first][:, None]
        alike = (np.einsum("fkd,fkd->fk", apart, apart) <= self.one_look**2).astype(np.float64)
        centres: npt.NDArray[np.float64] = np.einsum(
            "fkd,fk->fd", chosen, alike / alike.sum(axis=1)[:, None], dtype=np.float64
        )
        return centres

    def reach(
        self, limits: npt.NDArray[np.float64], gallery: "Gallery", people: npt.NDArray[np.intp] | None = None
    ) -> npt.NDArray[np.float64]:
        """Return how far, squared, the nearest reference of people can be from a face that is within their limits.

        The distance to the centre of some references, squared, is the mean of the squared distances to them less their
        spread. A centre of directions is as much shorter than they are.

        Args:
            limits: the largest distance to each person, shape (n,).
            gallery: the people.
            people: their places in the gallery, shape (n,); by default all are meant.
        """
        chosen = slice(None) if people is None else people
        diameters, radii = gallery.diameters[chosen], gallery.radii[chosen]
        counts = np.diff(gallery.starts)[chosen]
        others = 1 - 1 / np.minimum(counts, self.nearest)  # share of the references beside the first
        apart = np.minimum(diameters, self.one_look)
        # at most: of points that are no farther from each other; from one of them; from the centre of all
        spread = np.minimum(np.minimum(diameters**2 / 2, apart**2) * others, radii**2)
        reach: npt.NDArray[np.float64] = limits**2 + spread
        if self.are_directions:
            square = _length(gallery.references) ** 2
            shortened = np.sqrt(np.maximum(1 - spread / square, 0.0))
            shortened = np.maximum(shortened, 1 - others * apart**2 / (2 * square))  # measured along the first
            product = 2 * square - limits**2  # twice that of a face at the limit and the centre, both of one length
            reach = 2 * square - np.where(product > 0, product * shortened, product)
        return reach


def _length(references: Embeddings) -> float:
    """Return the length of directions, which all have the same."""
    return float(np.linalg.norm(references[0].astype(np.float64)))


def _squares(faces: npt.NDArray[Any], others: npt.NDArray[Any]) -> npt.NDArray[Any]:
    squares: npt.NDArray[Any] = np.matmul(faces, others.T)
    squares *= -2.0
    squares += (faces**2).sum(axis=1)[:, None]
    squares += (others**2).sum(axis=1)[None, :]
    np.maximum(squares, 0.0, out=squares)
    return squares
