"""Embeddings that nobody has, which lie as those of real faces do.

Each made-up person is a real one whose place is turned around the mean of all faces, as `clustering.py` enlarges its
data; each face of a person is the person's centre with what tells real faces from the centres of their people: as far
away as one is, in a direction between those of two. With the few thousand directions of real faces alone, all
neighbours of a face would be equal to it where a person has tens of thousands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import SFACE, THRESHOLD

Numbers = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

_LEAST = 5
"""Faces of a real person whose centre is well enough known to tell how faces lie around it."""


@dataclass(slots=True, kw_only=True, eq=False)
class FaceDistribution:
    """Real people: their centres, shape (people, d), how faces differ from them, shape (faces, d), and the mean."""

    centres: Vectors
    residuals: Vectors
    mean: Vectors
    rng: np.random.Generator
    _turns: list[Vectors] = field(default_factory=list, init=False)

    @classmethod
    def of(cls, archives: Sequence[Path], rng: np.random.Generator) -> "FaceDistribution":
        """Read what `encode_people.py` writes: `embedding` and `person` of each face."""
        files = [np.load(path) for path in archives]
        faces = np.concatenate([file["embedding"] for file in files])
        faces = faces / np.linalg.norm(faces, axis=1, keepdims=True) * THRESHOLD
        _, people, counts = np.unique(
            np.concatenate([file["person"] for file in files]), return_inverse=True, return_counts=True
        )
        centres = np.zeros((len(counts), faces.shape[1]), np.float64)
        np.add.at(centres, people, faces)
        centres /= counts[:, None]
        own = counts[people]
        known = own >= _LEAST
        # The centre of few faces is nearer to each of them than that of all would be.
        residuals = (faces - centres[people])[known] * np.sqrt(own[known] / (own[known] - 1))[:, None]
        return cls(
            centres=centres.astype(np.float32),
            residuals=residuals.astype(np.float32),
            mean=faces.mean(axis=0).astype(np.float32),
            rng=rng,
        )

    def draw(self, people: Numbers) -> tuple[Vectors, npt.NDArray[np.float64]]:
        """Return a face of each of these people, shape (n, d), and how far each is from the centre of the person."""
        turns, real = np.divmod(people, len(self.centres))
        faces, centres = np.empty((2, len(people), self.centres.shape[1]), np.float32)
        for turn in np.unique(turns):
            own = np.flatnonzero(turns == turn)
            middle = self.centres[real[own]]
            faces[own] = self._turned(middle + self._residuals(len(own)), int(turn))
            centres[own] = self._turned(middle, int(turn))
        return faces, np.linalg.norm(faces - centres, axis=1).astype(np.float64)

    def _residuals(self, count: int) -> Vectors:
        """Draw how faces differ from the centre of their person, shape (count, d)."""
        one, other = self.rng.integers(len(self.residuals), size=(2, count))
        angle = self.rng.uniform(0, np.pi / 2, size=(count, 1)).astype(np.float32)
        mixed = np.cos(angle) * self.residuals[one] + np.sin(angle) * self.residuals[other]
        lengths = np.linalg.norm(self.residuals[one], axis=1) / np.linalg.norm(mixed, axis=1)
        found: Vectors = mixed * lengths[:, None]
        return found

    def _turned(self, vectors: Vectors, turn: int) -> Vectors:
        while len(self._turns) <= turn:
            drawn = self.rng.normal(size=(SFACE.dimension, SFACE.dimension))
            self._turns.append(np.linalg.qr(drawn)[0].astype(np.float32))
        moved = (vectors - self.mean) @ self._turns[turn] + self.mean
        brought: Vectors = (moved / np.linalg.norm(moved, axis=1, keepdims=True) * THRESHOLD).astype("<f4")
        return brought
