"""The contract of an engine: what finds and encodes the faces in a picture."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from familiar.model import Face
from familiar.vision.decoding import Picture

Pixels = npt.NDArray[np.uint8]
"""An RGB picture, shape (height, width, 3), uint8."""


class Engine(Protocol):
    """Finds and encodes faces, in a worker process."""

    @property
    def id(self) -> str:
        """Name the networks that give the embeddings: only embeddings of the same id can be compared."""

    @property
    def description(self) -> str:
        """Name the engine with the settings of its detector, as in what looked at a photo."""

    def load(self) -> None:
        """Load all networks that are needed, ahead of the first photo.

        Raises:
            FamiliarError: one of them is missing.
        """

    def find(self, picture: Picture) -> tuple[Face, ...]:
        """Return the faces of a picture from left to right, in pixels of the upright original."""
