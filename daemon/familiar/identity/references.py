"""Choose references among the faces of a person: the best, and the most different ones."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from familiar.identity.people import MOST_REFERENCES
from familiar.model import Embeddings

_SHARPER_HALF = 50
"""Only faces of at least the median quality are considered, if there are enough of them."""


def choose_references(
    embeddings: Embeddings, qualities: Sequence[float], *, most: int = MOST_REFERENCES, least: float = 0.0
) -> tuple[int, ...]:
    """Return the indices of the faces that represent a person best, at most `most`, the most typical one first.

    Faces of a lower quality than `least` are chosen only if there are no others. Among the better half of the faces,
    the one nearest to the centre comes first, and then whichever is farthest from all that were chosen (T. Gonzalez,
    Clustering to minimize the maximum intercluster distance, 1985). So all looks of a person are included, and poor
    pictures are not.

    Args:
        embeddings: shape (n, numbers).
        qualities: one number a face, the larger the better.
        most: the largest number of references.
        least: the quality that a reference should have.
    """
    quality: npt.NDArray[np.float64] = np.asarray(qualities, np.float64)
    sound = np.flatnonzero(np.logical_and.reduce(np.isfinite(embeddings), axis=1))
    if not len(sound):
        return ()
    if np.any(quality[sound] >= least):
        sound = sound[quality[sound] >= least]
    good = sound[quality[sound] >= np.percentile(quality[sound], _SHARPER_HALF)]
    candidates = good if len(good) >= most else sound[np.argsort(-quality[sound], kind="stable")][:most]
    points = embeddings[candidates].astype(np.float64)
    first = int(np.linalg.norm(points - embeddings[sound].mean(axis=0, dtype=np.float64), axis=1).argmin())
    chosen = [first]
    apart = np.linalg.norm(points - points[first], axis=1)
    while len(chosen) < min(most, len(candidates)) and apart.max() > 0:
        farthest = int(apart.argmax())
        chosen.append(farthest)
        apart = np.minimum(apart, np.linalg.norm(points - points[farthest], axis=1))
    return tuple(int(candidates[number]) for number in chosen)
