"""Pairs of a face and another one as numbers, in the order of the faces and their distances."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from familiar.identity.clustering.indices import Indices

FACES = 1 << 16
"""Faces that keys can tell apart: those of a part."""

_FACE_BITS, _SQUARE_BITS, _BITS = 16, 31, 63

Keys = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairKeys:
    """The form of keys: the face, then the bits of the squared distance, then the index of the other face.

    The bits of numbers that are not negative are in the order of the numbers. Of more than 65,535 faces, the last bits
    of the distance have no place.
    """

    other_bits: int
    lost_bits: int

    @classmethod
    def of(cls, count: int) -> Self:
        """Return the form for others among so many faces."""
        other_bits = count.bit_length()
        return cls(other_bits=other_bits, lost_bits=max(_FACE_BITS + _SQUARE_BITS + other_bits - _BITS, 0))

    def keys(self, faces: Indices, squares: npt.NDArray[np.float32], others: Indices) -> Keys:
        """Return the keys of faces, numbered from the first of their part, with others."""
        keys = (squares.view(np.int32) >> self.lost_bits).astype(np.int64)
        keys <<= self.other_bits
        keys |= faces << self._shift
        keys |= others
        return keys

    def first(self, count: int) -> Keys:
        """Return the least key that each of so many faces can have."""
        return np.arange(count) << self._shift

    def others(self, keys: Keys) -> npt.NDArray[np.int32]:
        """Return the other face of each pair."""
        return (keys & (1 << self.other_bits) - 1).astype(np.int32)

    def squares(self, keys: Keys) -> npt.NDArray[np.float32]:
        """Return the squared distance of each pair."""
        bits = (keys >> self.other_bits) & (1 << _SQUARE_BITS - self.lost_bits) - 1
        return (bits << self.lost_bits).astype(np.int32).view(np.float32)

    @property
    def _shift(self) -> int:
        return _SQUARE_BITS - self.lost_bits + self.other_bits
