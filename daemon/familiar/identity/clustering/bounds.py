"""Apply the bounds of a problem to the groups of an algorithm without bounds."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from familiar.identity.clustering.indices import Indices
from familiar.identity.clustering.problem import ClusteringProblem
from familiar.model import Embeddings


def within_bounds(problem: ClusteringProblem, labels: Indices) -> Indices:
    """Return the found groups changed to keep existing groups whole and separate, and to separate faces that must be.

    A free face that was found together with some of existing groups goes to the one with the nearest centre, of those
    without a face that it must not meet. Existing groups are never joined. Of two free faces that must not come
    together, the one nearer to the centre stays; the other goes to the next group, or stays alone.
    """
    _, found = np.unique(labels, return_inverse=True)
    homes, partners = _homes(problem, found), _partners(problem.apart)
    result = problem.seeds.copy()
    left = np.flatnonzero(result < 0).tolist()
    while left:
        centres = _centres(problem.embeddings, result, len(problem.firm))
        for face, home in _placed(left, problem.embeddings, result, centres, homes[found[left]], partners):
            result[face] = home
        left = _take_out(problem, result)
    alone = np.flatnonzero(result < 0)
    result[alone] = result.max(initial=-1) + 1 + np.arange(len(alone))
    return result


def _homes(problem: ClusteringProblem, found: Indices) -> npt.NDArray[np.object_]:
    """Return the groups that the faces of each group that was found may go to: existing ones, or else a new one."""
    homes = np.empty(int(found.max(initial=-1)) + 1, np.object_)
    homes[:] = [[] for _ in homes]
    seeded = np.flatnonzero(problem.seeds >= 0)
    for group, seed in np.unique(np.stack((found[seeded], problem.seeds[seeded]), axis=1), axis=0).tolist():
        homes[group].append(seed)
    for group, seeds in enumerate(homes):
        if not seeds:
            seeds.append(len(problem.firm) + group)
    return homes


def _partners(apart: Indices) -> dict[int, list[int]]:
    partners: dict[int, list[int]] = {}
    for one, other in apart.tolist():
        partners.setdefault(one, []).append(other)
        partners.setdefault(other, []).append(one)
    return partners


def _centres(embeddings: Embeddings, labels: Indices, count: int) -> npt.NDArray[np.float64]:
    """Return the centres of the first `count` groups, shape (count, numbers)."""
    members = np.flatnonzero((labels >= 0) & (labels < count))
    centres = np.zeros((count, embeddings.shape[1]))
    np.add.at(centres, labels[members], embeddings[members])
    centres /= np.bincount(labels[members], minlength=count)[:, None]
    return centres


def _placed(
    faces: Sequence[int],
    embeddings: Embeddings,
    labels: Indices,
    centres: npt.NDArray[np.float64],
    homes: npt.NDArray[np.object_],
    partners: dict[int, list[int]],
) -> list[tuple[int, int]]:
    """Return each of these faces with the nearest of its homes in which none of its partners is, if there is one."""
    placed = []
    for face, choices in zip(faces, homes, strict=True):
        barred = {int(labels[partner]) for partner in partners.get(face, ())}
        allowed = [home for home in choices if home not in barred]
        if len(allowed) > 1:
            distances = np.linalg.norm(centres[allowed] - embeddings[face], axis=1)
            placed.append((face, allowed[int(distances.argmin())]))
        elif allowed:
            placed.append((face, allowed[0]))
    return placed


def _take_out(problem: ClusteringProblem, labels: Indices) -> list[int]:
    """Remove one of each two free faces that were grouped and must not be; return the removed ones."""
    out = []
    one, other = problem.apart.T
    met = (labels[one] >= 0) & (labels[one] == labels[other]) & (problem.seeds[one] < 0) & (problem.seeds[other] < 0)
    for pair in problem.apart[met]:
        home = labels[pair[0]]
        if home < 0 or home != labels[pair[1]]:
            continue  # one of them was already removed
        centre = problem.embeddings[labels == home].mean(axis=0)
        distances = np.linalg.norm(problem.embeddings[pair] - centre, axis=1)
        farther = int(pair[distances.argmax()])
        labels[farther] = -1
        out.append(farther)
    return sorted(out)
