"""The nearest neighbours of each face, by faiss."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import faiss
import numpy as np
import numpy.typing as npt

from familiar.model import Embeddings

_EXACT = 10_000
"""Up to this many faces, all pairs are compared; of more, those in the nearest cells of a face (an inverted file)."""

_PROBES = 12
"""Number of cells searched for a face: 99.97 % of the neighbours nearer than 0.45 are in them (docs/clusters.md)."""

_BYTES = 160
"""Peak memory for one neighbour of one face (measured)."""

_FEWEST, _MOST = 16, 32
"""Bounds of the number of neighbours of a face."""

_BLOCK = 16_384


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
            embeddings: shape (n, 128), finite.
            within: the largest distance.
            memory: megabytes that grouping may take; at least 16 neighbours are found, even beyond this limit.
        """
        number = len(embeddings)
        wished = min(_MOST, max(_FEWEST, memory * 1_000_000 // (_BYTES * max(number, 1))))
        count = min(wished, number - 1)
        if count < 1:
            return cls._joined(number, [])
        index = _index(embeddings)
        blocks = []
        for start in range(0, number, _BLOCK):
            squares, others = index.search(embeddings[start : start + _BLOCK], count + 1)
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


def _index(embeddings: Embeddings) -> faiss.Index:
    size = embeddings.shape[1]
    exact = faiss.IndexFlatL2(size)
    if len(embeddings) <= _EXACT:
        exact.add(embeddings)
        return exact
    cells = int(2 * np.sqrt(len(embeddings)))
    index = faiss.IndexIVFFlat(exact, size, cells)
    index.cp.niter, index.cp.max_points_per_centroid, index.cp.seed = 5, 40, 1
    index.train(embeddings)
    index.add(embeddings)
    index.nprobe = _PROBES
    return index
