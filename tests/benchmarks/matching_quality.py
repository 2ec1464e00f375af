"""Measure how well faces are recognised: misses and false matches, by strategy and threshold.

    uv run python tests/benchmarks/matching_quality.py EMBEDDINGS.npz [...]

Each file has `embedding` (n, 128) and `person` (n,). For each run some people are registered with a few references
each; their other faces should match them, and the faces of everybody else should match nobody. A person of *two looks*,
as a child and as an adult, is made of two people of the file, with as many references of each.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import SFACE
from familiar.identity.gallery import Gallery
from familiar.identity.matching import match
from familiar.identity.people import KnownPerson
from familiar.settings import MatchingSettings

THRESHOLDS = (0.40, 0.44, 0.48, 0.60)
SETUPS = ((30, 1, 1), (30, 3, 1), (30, 10, 1), (30, 30, 1), (200, 3, 1), (15, 1, 2), (15, 3, 2))
"""(people, references of each look, looks)"""
STRANGERS = (0.001, 0.003, 0.01)
"""Shares of strangers that may be matched with somebody."""
RUNS = 4
QUERIES = 5000

Array: TypeAlias = npt.NDArray[np.float64]
Numbers: TypeAlias = npt.NDArray[np.int64]
Strategy: TypeAlias = Callable[[Array, Array], tuple[Array, Numbers]]
"""Takes faces (m, 128) and references (people, n, 128); returns distance and number of each face's best person."""


def by_distance(distances: Callable[[Array, Array], Array]) -> Strategy:
    """Return a strategy from a function that gives distances, shape (faces,), to the references of one person."""

    def strategy(faces: Array, references: Array) -> tuple[Array, Numbers]:
        found = np.stack([distances(faces, own) for own in references], axis=1)
        return found.min(axis=1), found.argmin(axis=1)

    return strategy


def familiar(faces: Array, references: Array) -> tuple[Array, Numbers]:
    """Match as the program does, with a threshold that nobody is beyond."""
    people = [
        KnownPerson(name=f"{number:04}", threshold=None, references=own.astype(np.float32))
        for number, own in enumerate(references)
    ]
    found = match(faces.astype(np.float32), Gallery.of(people, SFACE.calibration), MatchingSettings(threshold=2))
    matches = [one for one in found if one is not None]
    return np.array([one.distance for one in matches]), np.array([int(one.person) for one in matches])


def apart(faces: Array, others: Array) -> Array:
    squares = (faces**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * faces @ others.T
    distances: Array = np.sqrt(np.maximum(squares, 0))
    return distances


def centre_of_nearest(faces: Array, own: Array, count: int) -> Array:
    """Return distances to the centre of the `count` references nearest to each face."""
    order = np.argsort(apart(faces, own), axis=1)[:, :count]
    distances: Array = np.linalg.norm(faces - own[order].mean(axis=1), axis=1)
    return distances


def mean_of_nearest(faces: Array, own: Array, count: int) -> Array:
    """Return mean distances to the `count` references nearest to each face."""
    distances: Array = np.sort(apart(faces, own), axis=1)[:, :count].mean(axis=1)
    return distances


STRATEGIES: dict[str, Strategy] = {
    "nearest": by_distance(lambda faces, own: mean_of_nearest(faces, own, 1)),
    "mean distance of 3 nearest": by_distance(lambda faces, own: mean_of_nearest(faces, own, 3)),
    "centre of 3 nearest": by_distance(lambda faces, own: centre_of_nearest(faces, own, 3)),
    "centre of 7 nearest": by_distance(lambda faces, own: centre_of_nearest(faces, own, 7)),
    "centre of all": by_distance(lambda faces, own: centre_of_nearest(faces, own, len(own))),
    "**centre of 7 nearest that look alike**": familiar,
}


def measure(embedding: Array, person: Numbers, people: int, references: int, looks: int) -> dict[str, Array]:
    """Return for each strategy rows as of `rates`."""
    sums = {name: np.zeros((len(STRANGERS) + len(THRESHOLDS), 3)) for name in STRATEGIES}
    for seed in range(RUNS):
        random = np.random.default_rng(seed)
        ids, counts = np.unique(person, return_counts=True)
        chosen = random.choice(ids[counts > references], people * looks, replace=False).reshape(people, looks)
        registered = np.array(
            [
                np.concatenate([random.choice(np.flatnonzero(person == one), references, replace=False) for one in own])
                for own in chosen
            ]
        )
        number = np.full(ids.max() + 1, -1)
        number[chosen] = np.arange(people)[:, None]
        others = np.setdiff1d(np.arange(len(person)), registered)
        queries = random.choice(others, min(QUERIES, len(others)), replace=False)
        for name, strategy in STRATEGIES.items():
            best, who = strategy(embedding[queries], embedding[registered])
            sums[name] += rates(best, who, number[person[queries]])
    return {name: total / RUNS for name, total in sums.items()}


def rates(best: Array, who: Numbers, truth: Numbers) -> Array:
    """Return rows of (threshold, share of known faces missed or mistaken, share of strangers matched)."""
    known = truth >= 0
    strangers = np.sort(best[~known])
    limits = [strangers[int(share * len(strangers))] for share in STRANGERS] + list(THRESHOLDS)
    return np.array(
        [(limit, 1 - ((best <= limit) & (who == truth))[known].mean(), (strangers <= limit).mean()) for limit in limits]
    )


def main() -> None:
    for name in sys.argv[1:]:
        data = np.load(Path(name))
        embedding, person = data["embedding"].astype(np.float64), np.unique(data["person"], return_inverse=True)[1]
        for people, references, looks in SETUPS:
            if (np.bincount(person) > references).sum() < people * looks or len(np.bincount(person)) <= people * looks:
                continue
            of_each = f"{references} references" + (" of each of two looks" if looks > 1 else "")
            print(f"\n**{Path(name).stem}: {people} people with {of_each}**\n")
            heads = [f"{100 * share:.1f} % of strangers" for share in STRANGERS] + [
                f"at {limit}" for limit in THRESHOLDS
            ]
            print("| missed at | " + " | ".join(heads) + " |\n| --- |" + " --- |" * len(heads))
            for strategy, table in measure(embedding, person, people, references, looks).items():
                tuned = [f"{100 * missed:.1f} % ({limit:.3f})" for limit, missed, _ in table[: len(STRANGERS)]]
                fixed = [f"{100 * missed:.1f} % / {100 * false:.2f} %" for _, missed, false in table[len(STRANGERS) :]]
                print(f"| {strategy} | " + " | ".join(tuned + fixed) + " |")


if __name__ == "__main__":
    main()
