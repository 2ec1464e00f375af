"""Embeddings with one byte for each number: they tell at a quarter of the cost which faces are too far away.

This is scalar quantisation, with a scale for each embedding. What it loses is bounded: no face that is near enough is
ruled out.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import simsimd

from familiar.model import Embedding, Embeddings

_MOST = 127
"""The largest code."""

_ROUNDING = 1e-4
"""More than the share of the squared lengths by which a squared distance of 32-bit numbers is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuantisedEmbeddings:
    """Embeddings as whole numbers, `codes`, shape (n, numbers), times the `scales`, shape (n,).

    `squares` are those of the lengths of the embeddings themselves, shape (n,).
    """

    codes: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float32]
    squares: npt.NDArray[np.float32]

    @classmethod
    def of(cls, embeddings: Embeddings, squares: npt.NDArray[np.float32]) -> Self:
        """Quantise embeddings, shape (n, numbers), with the squares of their lengths, shape (n,)."""
        sound = np.isfinite(squares)
        finite = np.where(sound[:, None], embeddings, np.float32(0))
        scales = np.abs(finite).max(axis=1) / np.float32(_MOST)
        shares = np.divide(finite, scales[:, None], out=np.zeros_like(finite), where=scales[:, None] > 0)
        codes = np.clip(np.rint(shares), -_MOST, _MOST).astype(np.int8)
        return cls(codes=codes, scales=scales, squares=squares)

    def least_squares(self, face: "QuantisedFace") -> npt.NDArray[np.float32]:
        """Return what the squared distance of a face to each is at least, shape (n,); not finite for a damaged one.

        Each number of an embedding is within half a scale of its code times the scale, and so the embedding within
        `off` of all of them. The product with the face is wrong by no more than the length of the face times `off`, and
        what the codes of the face itself are off, times the length of the embedding with its codes.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            products = np.asarray(simsimd.cdist(self.codes, face.codes, "dot"))[:, 0].astype(np.float32)
            products *= face.scale * self.scales
            off = np.float32(np.sqrt(face.codes.size) / 2) * self.scales
            products += np.sqrt(face.square) * off + face.off * (np.sqrt(self.squares) + off)
            least: npt.NDArray[np.float32] = (face.square + self.squares) * np.float32(1 - _ROUNDING)
            least -= 2 * products
        return least


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuantisedFace:
    """A face that others are compared with: its `codes`, shape (1, numbers), and how far `off` the embedding is."""

    codes: npt.NDArray[np.int8]
    scale: np.float32
    square: np.float32
    off: np.float32

    @classmethod
    def of(cls, face: Embedding) -> Self:
        """Quantise an embedding, shape (numbers,)."""
        with np.errstate(invalid="ignore", over="ignore"):
            own = QuantisedEmbeddings.of(face[None], np.vecdot(face, face)[None])
            off = np.float32(np.linalg.norm(face - own.scales[0] * own.codes[0]))
        return cls(codes=own.codes, scale=own.scales[0], square=own.squares[0], off=off)
