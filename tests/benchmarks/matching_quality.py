"""Measure how well faces are recognised: misses and false matches, by model, method and threshold.

    uv run python tests/benchmarks/matching_quality.py FACES.npz [--groups GROUPS.json]

FACES.npz is what `encode_people.py ... sface` writes. In each run some people are registered with a few references
each; their other faces should match them, and the faces of everybody else should match nobody. A person of *two looks*,
as a child and as an adult, is made of two people of the file, with as many references of each.

GROUPS.json names folders of people by group: `{"group": ["NAME", ...]}`. In each group some people are registered with
three references each, and the strangers are of the same group.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import DLIB, SFACE, THRESHOLD, Model
from familiar.identity.person_distance import PersonDistance
from familiar.model import Embeddings
from familiar.settings import MatchingSettings

SETUPS = ((30, 1, 1), (30, 3, 1), (30, 10, 1), (30, 20, 1), (200, 3, 1), (15, 3, 2))
"""(people, references of each look, looks)"""
THRESHOLDS = (0.40, THRESHOLD, 0.48)
STRANGERS = (0.001, 0.003)
"""Shares of strangers that may be matched with somebody."""
PAIRS = (1e-3, 1e-4, 1e-5)
"""Shares of pairs of two people that may be taken for one person."""
RUNS = 4
QUERIES = 5000
IN_GROUP = 18
"""People of a group who are registered."""

Array: TypeAlias = npt.NDArray[np.float64]
Numbers: TypeAlias = npt.NDArray[np.int64]
EMBEDDINGS = {SFACE: "embedding", DLIB: "dlib"}
"""The array of each model in the file."""


@dataclass(frozen=True, kw_only=True)
class Method:
    name: str
    model: Model
    distance: PersonDistance

    def best(self, faces: Embeddings, references: Sequence[Embeddings]) -> tuple[Array, Numbers]:
        """Return distance and number of the best person of each face."""
        found = np.stack([self.distance.measure(faces, own) for own in references], axis=1)
        return found.min(axis=1), found.argmin(axis=1)


def methods() -> list[Method]:
    found = []
    for model in EMBEDDINGS:
        usual = PersonDistance.of(model.calibration, MatchingSettings())
        found += [
            Method(name="nearest reference", model=model, distance=replace(usual, nearest=1)),
            Method(name="centre of all", model=model, distance=replace(usual, nearest=100, one_look=9.0)),
        ]
        if model.calibration.are_directions:
            short = replace(usual, are_directions=False)
            found.append(Method(name="default, but centre not brought to length", model=model, distance=short))
        found.append(Method(name="**default**", model=model, distance=usual))
    return found


@dataclass(frozen=True, kw_only=True)
class Household:
    """References of registered people, and other faces with the number of each one's person, or -1 for strangers."""

    references: list[Numbers]
    queries: Numbers
    truth: Numbers

    @classmethod
    def of(cls, person: Numbers, among: Numbers, setup: tuple[int, int, int], seed: int) -> "Household":
        people, count, looks = setup
        random = np.random.default_rng(seed)
        ids, counts = np.unique(person[among], return_counts=True)
        chosen = random.choice(ids[counts > count], people * looks, replace=False).reshape(people, looks)
        rows = {one: among[person[among] == one] for one in chosen.ravel().tolist()}
        references = [
            np.concatenate([random.choice(rows[one], count, replace=False) for one in own]) for own in chosen.tolist()
        ]
        others = np.setdiff1d(among, np.concatenate(references))
        queries = random.choice(others, min(QUERIES, len(others)), replace=False)
        number = {one: place for place, own in enumerate(chosen.tolist()) for one in own}
        truth = np.array([number.get(one, -1) for one in person[queries].tolist()])
        return cls(references=references, queries=queries, truth=truth)


def has_enough(person: Numbers, among: Numbers, setup: tuple[int, int, int]) -> bool:
    people, count, looks = setup
    counts = np.bincount(person[among])
    return bool((counts > count).sum() >= people * looks and (counts > 0).sum() > people * looks)


def rates(best: Array, who: Numbers, truth: Numbers, limit: float) -> tuple[float, float]:
    """Return the share of known faces that are missed or mistaken, and the share of strangers that match somebody."""
    known = truth >= 0
    return 1 - float(((best <= limit) & (who == truth))[known].mean()), float((best[~known] <= limit).mean())


def measured(method: Method, data: Mapping[str, Any], household: Household) -> tuple[Array, Numbers]:
    embeddings = data[EMBEDDINGS[method.model]]
    return method.best(embeddings[household.queries], [embeddings[rows] for rows in household.references])


def print_pairs(data: Mapping[str, Any], person: Numbers) -> None:
    """Print how many pairs of one person are not told, at shares of pairs of two people that are."""
    one, other = np.triu_indices(len(person), 1)
    same = person[one] == person[other]
    print(f"\n{same.sum():,} pairs of one person, {(~same).sum():,} of two people; missed (distance)\n")
    print("| model | " + " | ".join(f"{share:.0e} wrong" for share in PAIRS) + " |\n| --- |" + " --- |" * len(PAIRS))
    for model, key in EMBEDDINGS.items():
        faces = data[key].astype(np.float32)
        lengths = (faces**2).sum(axis=1)
        squares = lengths[:, None] + lengths - 2 * faces @ faces.T
        distances = np.sqrt(np.maximum(squares[one, other], 0))
        limits = [
            float(np.partition(distances[~same], place)[place]) for place in [int(s * (~same).sum()) for s in PAIRS]
        ]
        cells = [f"{100 * (distances[same] > limit).mean():.1f} % ({limit:.3f})" for limit in limits]
        print(f"| {model.name} | " + " | ".join(cells) + " |", flush=True)


def print_setups(data: Mapping[str, Any], person: Numbers) -> None:
    everybody = np.arange(len(person))
    heads = [f"{limit:.2f}" for limit in THRESHOLDS] + [f"{100 * share:.1f} % of strangers" for share in STRANGERS]
    print("\nmissed / strangers matched, at thresholds; missed (threshold), at shares of strangers\n")
    print(
        "| people × references | model | method | "
        + " | ".join(heads)
        + " |\n| --- | --- | --- |"
        + " --- |" * len(heads)
    )
    for setup in SETUPS:
        if not has_enough(person, everybody, setup):
            continue
        people, count, looks = setup
        runs = [Household.of(person, everybody, setup, seed) for seed in range(RUNS)]
        for method in methods():
            cells = []
            found = [(*measured(method, data, run), run.truth) for run in runs]
            for limit in THRESHOLDS:
                missed, wrong = np.mean([rates(*one, limit) for one in found], axis=0)
                cells.append(f"{100 * missed:.1f} / {100 * wrong:.2f} %")
            for share in STRANGERS:
                limits = [float(np.quantile(best[truth < 0], share, method="lower")) for best, _, truth in found]
                missed = np.mean([rates(*one, limit)[0] for one, limit in zip(found, limits, strict=True)])
                cells.append(f"{100 * missed:.1f} % ({np.mean(limits):.3f})")
            title = f"{people} × {count}" + (" of each of two looks" if looks > 1 else "")
            print(f"| {title} | {method.model.name} | {method.name} | " + " | ".join(cells) + " |", flush=True)


def print_groups(data: Mapping[str, Any], names: npt.NDArray[np.str_], groups: Mapping[str, Sequence[str]]) -> None:
    person = np.unique(names, return_inverse=True)[1]
    named = set().union(*groups.values())
    members = {group: np.flatnonzero(np.isin(names, list(own))) for group, own in groups.items()}
    members["all others"] = np.flatnonzero(~np.isin(names, list(named)))
    print(f"\nmissed / strangers of the same group matched, at {THRESHOLD}, with 3 references each\n")
    print(
        "| group | people | "
        + " | ".join(model.name for model in EMBEDDINGS)
        + " |\n| --- | --- |"
        + " --- |" * len(EMBEDDINGS)
    )
    for group, among in members.items():
        eligible = int((np.bincount(person[among]) > 3).sum())
        setup = (min(IN_GROUP, eligible - 1), 3, 1)
        runs = [Household.of(person, among, setup, seed) for seed in range(2 * RUNS)]
        cells = []
        for method in methods():
            if method.name == "**default**":
                found = [rates(*measured(method, data, run), run.truth, THRESHOLD) for run in runs]
                missed, wrong = np.mean(found, axis=0)
                cells.append(f"{100 * missed:.1f} / {100 * wrong:.2f} %")
        print(f"| {group} | {len(np.unique(person[among]))} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    path, *rest = sys.argv[1:]
    data = {name: values for name, values in np.load(Path(path)).items() if name in {"embedding", "dlib", "person"}}
    person = np.unique(data["person"], return_inverse=True)[1]
    print_pairs(data, person)
    print_setups(data, person)
    if rest[:1] == ["--groups"]:
        print_groups(data, data["person"], json.loads(Path(rest[1]).read_text()))


if __name__ == "__main__":
    main()
