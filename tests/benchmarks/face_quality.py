"""How well the quality of faces tells which of them can be recognised, and its weights.

    uv run python tests/benchmarks/face_quality.py measure WORSE.npz...
    uv run python tests/benchmarks/face_quality.py fit WORSE.npz...

WORSE.npz is what `encode_worse.py` writes. A face *matches* another photo of its person as it was if the distance is at
most that of one wrong pair in 10,000. Faces that match none of at least two are useless, those that match half of them
good. The weights are fitted on half of the people, and everything is measured on the other half.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from familiar.embedding_models import DLIB, SFACE, Model
from familiar.identity.clustering.grouping import group
from familiar.identity.clustering.plan import FacesToGroup, Member
from familiar.identity.landmarks import Position
from familiar.identity.quality import quality
from familiar.model import Box, Face
from familiar.settings import ClusteringSettings

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NEAR = {SFACE: 0.471, DLIB: 0.47}
"""Largest distance of a match, by model: one wrong pair in 10,000 of `lfw` is nearer (docs/matching.md)."""

FEWEST = 2
REJECTED = (0, 0.05, 0.1, 0.2, 0.3, 0.5)
THRESHOLDS = (0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faces:
    """Faces of one data set: what `encode_worse.py` writes, and the share of pictures that each one matches."""

    name: str
    data: dict[str, npt.NDArray[Any]]
    share: Numbers
    by_dlib: Numbers
    rated: Flags
    fitted: Flags

    @classmethod
    def of(cls, path: Path) -> "Faces":
        with np.load(path) as file:
            data = dict(file)
        people = np.unique(data["person"])
        first = np.random.default_rng(7).permutation(people)[: len(people) // 2]
        share, count = matched(data, SFACE)
        return cls(
            name=path.stem,
            data=data,
            share=share,
            by_dlib=matched(data, DLIB)[0],
            rated=count >= FEWEST,
            fitted=np.isin(data["person"], first),
        )

    def __len__(self) -> int:
        return len(self.share)

    @property
    def whole(self) -> Flags:
        return np.asarray(self.data["kind"] == "whole")


def embeddings_of(data: dict[str, npt.NDArray[Any]], model: Model) -> Numbers:
    return np.asarray(data["dlib" if model is DLIB else "embedding"], np.float64)


def matched(data: dict[str, npt.NDArray[Any]], model: Model) -> tuple[Numbers, npt.NDArray[np.int64]]:
    """Return which share of the other photos of its person, as they were, a face matches, and how many there are."""
    embeddings, good = embeddings_of(data, model), np.flatnonzero(data["kind"] == "whole")
    squares = (embeddings**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares[good] - 2 * embeddings @ embeddings[good].T, 0))
    theirs = (data["person"][:, None] == data["person"][good]) & (data["photo"][:, None] != data["photo"][good])
    count = theirs.sum(axis=1)
    return (theirs & (apart <= NEAR[model])).sum(axis=1) / np.maximum(count, 1), count


def face_of(faces: Faces, row: int, **changes: Any) -> Face:
    data = faces.data
    left, top, right, bottom = map(int, data["box"][row])
    given: dict[str, Any] = {"sharpness": float(data["sharpness"][row]), "score": float(data["score"][row])}
    return Face(
        box=Box(left=left, top=top, right=right, bottom=bottom),
        landmarks=tuple((int(x), int(y)) for x, y in data["landmarks"][row]),
        embedding=data["embedding"][row],
        size=int(data["size"][row]),
        engine=SFACE.id,
        **(given | changes),
    )


def qualities(faces: Faces, *, with_length: bool, **changes: Any) -> Numbers:
    """Return what the product says of each face."""
    usual = SFACE.raw_length or 1.0
    lengths = faces.data["length"] / usual
    return np.array(
        [
            quality(
                face_of(faces, row, **changes),
                width=int(faces.data["shape"][row][0]),
                height=int(faces.data["shape"][row][1]),
                length=float(lengths[row]) if with_length else None,
            )
            for row in range(len(faces))
        ]
    )


def error_versus_reject(faces: Faces, ranks: Numbers, model: Model) -> list[float]:
    """Return the share of missed pairs of one person after those with the worst of the two faces were rejected."""
    rows = np.flatnonzero(~faces.fitted)
    data, embeddings = faces.data, embeddings_of(faces.data, model)
    one, other = (rows[side] for side in np.triu_indices(len(rows), 1))
    theirs = (data["person"][one] == data["person"][other]) & (data["photo"][one] != data["photo"][other])
    one, other = one[theirs], other[theirs]
    missed = np.linalg.norm(embeddings[one] - embeddings[other], axis=1) > NEAR[model]
    ordered = missed[np.argsort(np.minimum(ranks[one], ranks[other]), kind="stable")]
    return [float(ordered[round(len(ordered) * share) :].mean()) for share in REJECTED]


def print_curves(sets: Sequence[Faces]) -> None:
    print("| data | model | ranked by |", " | ".join(f"{share:.0%} rejected" for share in REJECTED), "|")
    print("| --- | --- | --- |" + " --- |" * len(REJECTED))
    for faces in sets:
        data, size = faces.data, faces.data["size"].astype(np.float64)
        for model, share in ((SFACE, faces.share), (DLIB, faces.by_dlib)):
            ranks = {
                "**quality**": qualities(faces, with_length=True),
                "quality without the length": qualities(faces, with_length=False),
                "quality without length and score": qualities(faces, with_length=False, score=None),
                "size": size,
                "sharpness": data["sharpness"],
                "score of the detector": data["score"],
                "what it matches": share,
            }
            for name, rank in ranks.items():
                figures = " | ".join(f"{missed:.1%}" for missed in error_versus_reject(faces, rank, model))
                print(f"| {faces.name} | {model.name} | {name} | {figures} |")


def joined(sets: Sequence[Faces], parts: Sequence[Numbers | Flags]) -> Numbers:
    return np.concatenate([part[faces.rated & ~faces.fitted] for faces, part in zip(sets, parts, strict=True)])


def print_junk(sets: Sequence[Faces]) -> None:
    """Print which share of useless, good and undamaged faces is below thresholds, and how good a quality is."""
    share, whole = joined(sets, [one.share for one in sets]), joined(sets, [one.whole for one in sets])
    useless, good = share == 0, share >= 0.5
    size, sharpness = (joined(sets, [one.data[name] for one in sets]) for name in ("size", "sharpness"))
    kinds: dict[str, dict[str, Any]] = {"with": {"with_length": True}, "without": {"with_length": False}}
    found = {name: joined(sets, [qualities(one, **how) for one in sets]) for name, how in kinds.items()}
    print(f"\n{np.sum(useless)} useless faces, {np.sum(good)} good ones, {np.sum(whole)} as they were")
    print("| left out | useless | good | as they were |\n| --- | --- | --- | --- |")
    gates = {f"quality {name} the length < {at}": rank < at for name, rank in found.items() for at in THRESHOLDS}
    gates["size < 50 or sharpness < 10"] = (size < 50) | (sharpness < 10)
    gates["size < 24 or sharpness < 8"] = (size < 24) | (sharpness < 8)
    for name, gate in gates.items():
        print(f"| {name} | {gate[useless].mean():.1%} | {gate[good].mean():.2%} | {gate[whole > 0].mean():.2%} |")
    print("\n| quality |", " | ".join(f"{low / 10:.1f}" for low in range(10)), "|\n|" + " --- |" * 11)
    for name, rank in found.items():
        bins = np.minimum((rank * 10).astype(int), 9)
        matches = " | ".join(f"{share[bins == low].mean():.0%}" for low in range(10))
        print(f"| matches, {name} the length | {matches} |")


def grouped(embeddings: Numbers, chosen: npt.NDArray[np.intp]) -> Sequence[Sequence[Member]]:
    """Return the groups of some faces, which are numbered as the embeddings are."""
    faces = FacesToGroup(
        ids=chosen.astype(np.int64),
        embeddings=embeddings[chosen].astype(np.float32),
        clusters=np.zeros(len(chosen), np.int64),
        model=SFACE.id,
    )
    return group(faces, ClusteringSettings()).fresh


def print_clusters(sets: Sequence[Faces]) -> None:
    """Group all faces; print how many groups hold nothing but useless copies, and how many good faces are grouped."""
    embeddings = np.concatenate([one.data["embedding"] for one in sets])
    share, whole = np.concatenate([one.share for one in sets]), np.concatenate([one.whole for one in sets])
    size, sharpness = (np.concatenate([one.data[name] for one in sets]) for name in ("size", "sharpness"))
    ranks, junk = np.concatenate([qualities(one, with_length=True) for one in sets]), (share == 0) & ~whole
    gates = {"nothing": np.zeros(len(share), np.bool_), "size < 50 or sharpness < 10": (size < 50) | (sharpness < 10)}
    gates |= {f"quality < {at}": ranks < at for at in THRESHOLDS}
    print("\n| left out | groups | of those junk alone | good faces in groups |\n| --- | --- | --- | --- |")
    for name, gate in gates.items():
        groups = [[member.face for member in members] for members in grouped(embeddings, np.flatnonzero(~gate))]
        useless = sum(bool(junk[members].all()) for members in groups)
        good = sum(int((share[members] >= 0.5).sum()) for members in groups)
        print(f"| {name} | {len(groups)} | {useless} | {good} of {int((share >= 0.5).sum())} |", flush=True)


def logistic(signs: Numbers, wanted: Numbers, weights: Numbers) -> Numbers:
    """Return the weights of signs, shape (n, signs), by which the wanted shares are most likely."""
    spread = np.where(signs.std(axis=0) > 0, signs.std(axis=0), 1)
    scaled = signs / spread

    def loss(factors: Numbers) -> tuple[float, Numbers]:
        evidence = scaled @ factors
        error = weights * (1 / (1 + np.exp(-evidence)) - wanted)
        cost = float((weights * (np.logaddexp(0, evidence) - wanted * evidence)).sum())
        return cost, np.asarray((scaled * error[:, None]).sum(axis=0))

    return np.asarray(minimize(loss, np.zeros(signs.shape[1]), jac=True).x / spread)


def print_weights(sets: Sequence[Faces]) -> None:
    """Fit evidence that tells good faces from useless ones, and scale it to the share of pictures that are matched."""
    names = ("constant", "length", "score", "blur", "deviation", "outside")
    signs = np.concatenate([signs_of(one) for one in sets])
    share = np.concatenate([one.share for one in sets])
    chosen = np.concatenate([one.rated & one.fitted for one in sets])
    weights = np.concatenate([np.full(len(one), 1 / len(one)) for one in sets])
    clear = chosen & ((share == 0) | (share >= 0.5))
    for known in (range(6), (0, 2, 3, 4, 5)):
        own = signs[:, list(known)]
        factors = logistic(own[clear], (share[clear] >= 0.5).astype(np.float64), weights[clear])
        evidence = np.stack([np.ones(len(own)), own @ factors], axis=1)
        start, scale = logistic(evidence[chosen], share[chosen], weights[chosen])
        factors = factors * scale
        factors[0] += start
        print(", ".join(f"{names[at]}={factor:.2f}" for at, factor in zip(known, factors, strict=True)))


def signs_of(faces: Faces) -> Numbers:
    data = faces.data
    shapes = [tuple(map(tuple, marks)) for marks in data["landmarks"].tolist()]
    places = zip(shapes, data["shape"].tolist(), strict=True)
    return np.stack(
        [
            np.ones(len(faces)),
            np.minimum(data["length"] / (SFACE.raw_length or 1.0), 1.3),
            np.minimum(data["score"], 0.95),
            1 / np.maximum(data["sharpness"], 1),
            np.minimum([Position.of(marks).deviation for marks in shapes], 0.2),
            np.array(
                [Position.of(marks).share_outside(width=width, height=height) for marks, (width, height) in places]
            ),
        ],
        axis=1,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("measure", "fit"))
    parser.add_argument("faces", type=Path, nargs="+")
    given = parser.parse_args()
    sets = list(map(Faces.of, given.faces))
    if given.what == "fit":
        print_weights(sets)
        return
    print_curves(sets)
    print_junk(sets)
    print_clusters(sets)


if __name__ == "__main__":
    main()
