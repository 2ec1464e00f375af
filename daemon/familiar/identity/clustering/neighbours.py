"""The nearest neighbours of each face: of few faces by NumPy, of many by faiss."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from familiar.model import Embeddings

_FEW = 1_500
"""Up to this many faces NumPy is as fast, without the 0.2 s and 36 MB that loading faiss takes."""

_EXACT = 10_000
"""Up to this many faces, all pairs are compared; of more, those in the nearest cells of a face (an inverted file)."""

_PROBES = 12
"""Number of cells searched for a face: 99.97 % of the neighbours nearer than 0.45 are in them (docs/clusters.md)."""

_BYTES = 160
"""Peak memory for one neighbour of one face (measured)."""

_FEWEST, _MOST = 16, 32
"""Bounds of the number of neighbours of a face."""

_BLOCK = 16_384

_Nearest: TypeAlias = Callable[[Embeddings, int], tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]]
"""Returns squared distances and indices of so many faces that are nearest to each of some, the nearest first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neighbours:
    """Pairs of a face and one of its nearest others, ordered by face and distance.

    `faces` and `others` are indices, `distances` are Euclidean; all have the shape (edges,).
    """

    count: int
    faces: npt.NDArray[np.int32]
    others: npt.NDArray[np.int32]
    distances: npt.NDArray[np.float32]

    @classmethod
    def of(cls, embeddings: Embeddings, *, within: float, memory: int) -> Self:
        """Find the neighbours of each face that are nearer than `within`: the 32 nearest ones, or fewer to save memory.

        Args:
            embeddings: shape (n, numbers), finite.
            within: the largest distance.
            memory: megabytes that grouping may take; at least 16 neighbours are found, even beyond this limit.
        """
        number = len(embeddings)
        wished = min(_MOST, max(_FEWEST, memory * 1_000_000 // (_BYTES * max(number, 1))))
        count = min(wished, number - 1)
        if count < 1:
            return cls._joined(number, [])
        nearest = _compare_all(embeddings) if number <= _FEW else _index(embeddings)
        blocks = []
        for start in range(0, number, _BLOCK):
            squares, others = nearest(embeddings[start : start + _BLOCK], count + 1)
            rows = np.arange(start, start + len(others), dtype=np.int32)[:, None]
            kept = (others >= 0) & (others != rows) & (squares < within * within)
            kept &= np.cumsum(kept, axis=1) <= count  # a twin may have taken the face's own place
            distances = np.sqrt(np.maximum(squares[kept], 0.0), dtype=np.float32)
            blocks.append((np.broadcast_to(rows, others.shape)[kept], others[kept].astype(np.int32), distances))
        return cls._joined(number, blocks)

    @classmethod
    def _joined(cls, number: int, blocks: Sequence[tuple[npt.NDArray[Any], ...]]) -> Self:
        faces, others, distances = zip(*blocks, strict=True) if blocks else ((), (), ())
        return cls(
            count=number,
            faces=np.concatenate(faces or [np.zeros(0, np.int32)]),
            others=np.concatenate(others or [np.zeros(0, np.int32)]),
            distances=np.concatenate(distances or [np.zeros(0, np.float32)]),
        )


def _compare_all(embeddings: Embeddings) -> _Nearest:
    lengths, indices = np.einsum("nd,nd->n", embeddings, embeddings), np.arange(len(embeddings), dtype=np.int64)

    def nearest(faces: Embeddings, count: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        squares = np.einsum("nd,nd->n", faces, faces)[:, None] + lengths - 2.0 * (faces @ embeddings.T)
        # The bits of numbers that are not negative have their order; with the index below them, twins have one, too.
        keys = np.maximum(squares, 0.0, dtype=np.float32).view(np.int32).astype(np.int64) << 32 | indices
        found = np.sort(np.partition(keys, count - 1, axis=1)[:, :count], axis=1)
        return (found >> 32).astype(np.int32).view(np.float32), found & 0xFFFFFFFF

    return nearest


def _index(embeddings: Embeddings) -> _Nearest:
    import faiss  # noqa: PLC0415 - see _FEW

    size = embeddings.shape[1]
    exact = faiss.IndexFlatL2(size)
    if len(embeddings) <= _EXACT:
        exact.add(embeddings)
        return exact.search
    cells = int(2 * np.sqrt(len(embeddings)))
    index = faiss.IndexIVFFlat(exact, size, cells)
    index.cp.niter, index.cp.max_points_per_centroid, index.cp.seed = 5, 40, 1
    index.train(embeddings)
    index.add(embeddings)
    index.nprobe = _PROBES
    return index.search
