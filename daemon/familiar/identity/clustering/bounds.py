"""Keep what an algorithm that knows no bounds has found within those of the problem."""

import numpy as np

from familiar.identity.clustering.problem import Indices, Problem


def within_bounds(problem: Problem, labels: Indices) -> Indices:
    """Return groups like those that were found, with the existing ones whole and apart, and faces apart that must be.

    A free face that was found together with some of existing groups goes to the one with the nearest centre. Existing
    groups are never joined. Of two faces that must not come together, the one nearer to the centre stays.
    """
    kept = len(problem.firm)
    _, found = np.unique(labels, return_inverse=True)
    result = np.where(problem.seeds >= 0, problem.seeds, kept + found)
    free = np.flatnonzero(problem.seeds < 0)
    for face, seed in _nearest_seeds(problem, found, free).items():
        result[face] = seed
    return _apart(problem, result)


def _nearest_seeds(problem: Problem, found: Indices, free: Indices) -> dict[int, int]:
    seeded = np.flatnonzero(problem.seeds >= 0)
    meetings = np.unique(np.stack((found[seeded], problem.seeds[seeded]), axis=1), axis=0)
    if not len(meetings):
        return {}
    centres = np.zeros((len(problem.firm), problem.embeddings.shape[1]))
    np.add.at(centres, problem.seeds[seeded], problem.embeddings[seeded])
    centres /= np.bincount(problem.seeds[seeded], minlength=len(centres))[:, None]
    seeds_of: dict[int, list[int]] = {}
    for group, seed in meetings.tolist():
        seeds_of.setdefault(group, []).append(seed)
    chosen = {}
    for face in free.tolist():
        seeds = seeds_of.get(int(found[face]))
        if seeds:
            distances = np.linalg.norm(centres[seeds] - problem.embeddings[face], axis=1)
            chosen[face] = seeds[int(distances.argmin())]
    return chosen


def _apart(problem: Problem, labels: Indices) -> Indices:
    """Take faces out of groups until none has two that must be apart, but those that were in it before."""
    result = labels.copy()
    fresh = int(result.max(initial=-1)) + 1
    together = problem.apart[result[problem.apart[:, 0]] == result[problem.apart[:, 1]]]
    for one, other in together.tolist():
        if result[one] != result[other]:
            continue  # one of them was taken out already
        centre = problem.embeddings[result == result[one]].mean(axis=0)
        ends = np.array([one, other])
        distances = np.linalg.norm(problem.embeddings[ends] - centre, axis=1)
        distances[problem.seeds[ends] >= 0] = -1
        farther = int(ends[distances.argmax()])
        if problem.seeds[farther] < 0:
            result[farther], fresh = fresh, fresh + 1
    return result
