"""Measure how well faces are recognised: misses and false matches, by strategy and threshold.

    uv run python tests/benchmarks/matching_quality.py EMBEDDINGS.npz [...]

Each file has `embedding` (n, 128) and `person` (n,). For each run some people are registered with a few references
each; their other faces should match them, and the faces of everybody else should match nobody.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

THRESHOLDS = (0.40, 0.44, 0.48, 0.60)
SETUPS = ((30, 1), (30, 3), (30, 10), (30, 30), (200, 3))
"""(people, references of each)"""
STRANGERS = (0.001, 0.003, 0.01)
"""Shares of strangers that may be matched with somebody."""
RUNS = 4
QUERIES = 5000

Array = npt.NDArray[np.float64]


def apart(faces: Array, others: Array) -> Array:
    squares = (faces**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * faces @ others.T
    distances: Array = np.sqrt(np.maximum(squares, 0))
    return distances


def centre_of_nearest(faces: Array, references: Array, count: int) -> Array:
    """Return distances, shape (faces, people), to the centre of the `count` references nearest to each face."""
    columns = []
    for own in references:
        order = np.argsort(apart(faces, own), axis=1)[:, :count]
        columns.append(np.linalg.norm(faces - own[order].mean(axis=1), axis=1))
    return np.stack(columns, axis=1)


def mean_of_nearest(faces: Array, references: Array, count: int) -> Array:
    """Return mean distances, shape (faces, people), to the `count` references nearest to each face."""
    return np.stack([np.sort(apart(faces, own), axis=1)[:, :count].mean(axis=1) for own in references], axis=1)


STRATEGIES: dict[str, Callable[[Array, Array], Array]] = {
    "nearest": lambda faces, references: mean_of_nearest(faces, references, 1),
    "mean distance of 3 nearest": lambda faces, references: mean_of_nearest(faces, references, 3),
    "centre of 3 nearest": lambda faces, references: centre_of_nearest(faces, references, 3),
    "centre of 7 nearest": lambda faces, references: centre_of_nearest(faces, references, 7),
    "centre of all": lambda faces, references: apart(faces, references.mean(axis=1)),
}


def measure(embedding: Array, person: npt.NDArray[np.int64], people: int, references: int) -> dict[str, Array]:
    """Return for each strategy rows as of `rates`."""
    sums = {name: np.zeros((len(STRANGERS) + len(THRESHOLDS), 3)) for name in STRATEGIES}
    ids, counts = np.unique(person, return_counts=True)
    eligible = ids[counts > references]
    for seed in range(RUNS):
        random = np.random.default_rng(seed)
        chosen = random.choice(eligible, min(people, len(eligible)), replace=False)
        registered = np.array(
            [random.choice(np.flatnonzero(person == one), references, replace=False) for one in chosen]
        )
        others = np.setdiff1d(np.arange(len(person)), registered)
        queries = random.choice(others, min(QUERIES, len(others)), replace=False)
        for name, strategy in STRATEGIES.items():
            found = strategy(embedding[queries], embedding[registered])
            sums[name] += rates(found, chosen, person[queries])
    return {name: total / RUNS for name, total in sums.items()}


def rates(found: Array, chosen: npt.NDArray[np.int64], truth: npt.NDArray[np.int64]) -> Array:
    """Return rows of (threshold, share of known faces missed or mistaken, share of strangers matched)."""
    best, right = found.min(axis=1), chosen[found.argmin(axis=1)] == truth
    known = np.isin(truth, chosen)
    strangers = np.sort(best[~known])
    limits = [strangers[int(share * len(strangers))] for share in STRANGERS] + list(THRESHOLDS)
    return np.array(
        [(limit, 1 - ((best <= limit) & right)[known].mean(), (strangers <= limit).mean()) for limit in limits]
    )


def main() -> None:
    for name in sys.argv[1:]:
        data = np.load(Path(name))
        embedding, person = data["embedding"].astype(np.float64), np.unique(data["person"], return_inverse=True)[1]
        for people, references in SETUPS:
            if len(np.unique(person)) <= people or np.sort(np.bincount(person))[-people] <= references:
                continue
            print(f"\n**{Path(name).stem}: {people} people with {references} references each**\n")
            heads = [f"{100 * share:.1f} % of strangers" for share in STRANGERS] + [
                f"at {limit}" for limit in THRESHOLDS
            ]
            print("| missed at | " + " | ".join(heads) + " |\n| --- |" + " --- |" * len(heads))
            for strategy, table in measure(embedding, person, people, references).items():
                tuned = [f"{100 * missed:.1f} % ({limit:.3f})" for limit, missed, _ in table[: len(STRANGERS)]]
                fixed = [f"{100 * missed:.1f} % / {100 * false:.2f} %" for _, missed, false in table[len(STRANGERS) :]]
                print(f"| {strategy} | " + " | ".join(tuned + fixed) + " |")


if __name__ == "__main__":
    main()
