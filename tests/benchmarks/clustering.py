"""Quality, speed and memory of clustering, beside what others do.

    uv run python tests/benchmarks/clustering.py quality FACES.npz... [--model NAME] [--junk JUNK.npz]
    uv run python tests/benchmarks/clustering.py speed FACES.npz... [--model NAME] [--from N] [--to N] [--drawn]
    uv run python tests/benchmarks/clustering.py stability FACES.npz... [--model NAME]
    uv run python tests/benchmarks/clustering.py series FACES.npz... [--model NAME]

FACES.npz is what `encode_people.py` writes, JUNK.npz what it writes with --junk. NAME is sface (the default), dlib or
dlib-plain; dlib's embeddings are the array `dlib` of a file that has one. People of the same name in two files are one.
Halves of the people share nobody. Many faces are copies of the data, each turned in the space of embeddings, or with
--drawn faces of made-up people (`face_distribution.py`). With junk the good faces alone are measured. A series has
copies of one face, each moved a little.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array
from scipy.spatial.distance import pdist
from sklearn.cluster import HDBSCAN
from sklearn.metrics import (
    adjusted_mutual_info_score,
    adjusted_rand_score,
    completeness_score,
    fowlkes_mallows_score,
    homogeneity_score,
    v_measure_score,
)

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.face_distribution import FaceDistribution
from familiar.arithmetic import use_one_thread
from familiar.embedding_models import DLIB, DLIB_PLAIN, SFACE, Model
from familiar.identity.clustering.grouping import group
from familiar.identity.clustering.plan import FacesToGroup, Grouping
from familiar.library.models import known_model
from familiar.settings import ClusteringSettings

Labels = npt.NDArray[Any]
AVERAGE = {SFACE: (0.44, 0.46), DLIB: (0.50, 0.55), DLIB_PLAIN: (0.50, 0.55)}
"""Thresholds of SciPy's average linkage, by model."""

COUNTS = (1_000, 10_000, 38_096, 100_000, 200_000, 500_000, 1_000_000)

_FACES_OF_ONE = 30
"""Faces of a made-up person, on average."""

SERIES = (20, 28, 40, 100)
"""Faces of a series."""

_APART = 0.2
"""Distance of two faces of a series, on average."""

JUNK = 20
"""A face in so many is junk."""


def load(paths: Sequence[Path], model: Model) -> tuple[npt.NDArray[np.float32], Labels]:
    files = [np.load(path) for path in paths]
    names = [[str(name).replace("_", " ") for name in file["person"]] for file in files]
    found = [file["dlib" if model is DLIB and "dlib" in file else "embedding"] for file in files]
    return np.concatenate(found), np.array([name for one in names for name in one])


def faces_of(
    embeddings: npt.NDArray[np.float32],
    model: Model,
    clusters: Labels | None = None,
    firm: frozenset[int] = frozenset(),
) -> FacesToGroup:
    count = len(embeddings)
    return FacesToGroup(
        ids=np.arange(1, count + 1),
        embeddings=embeddings,
        clusters=np.zeros(count, np.int64) if clusters is None else clusters,
        model=model.id,
        firm=firm,
    )


def applied(clusters: Labels, grouping: Grouping) -> Labels:
    """Return the cluster of each face after a round; 0 for none."""
    after = clusters.copy()
    for small, large in grouping.absorbed.items():
        after[after == small] = large
    for cluster, members in grouping.joined.items():
        after[[member.face - 1 for member in members]] = cluster
    for number, members in enumerate(grouping.fresh, start=int(after.max(initial=0)) + 1):
        after[[member.face - 1 for member in members]] = number
    return after


def grouped(embeddings: npt.NDArray[np.float32], model: Model, **settings: Any) -> Labels:
    return labels_of(group(faces_of(embeddings, model), ClusteringSettings(**settings)), len(embeddings))


def labels_of(grouping: Grouping, count: int) -> Labels:
    """Return the cluster of each face; those that are in none have a number of their own."""
    clusters = applied(np.zeros(count, np.int64), grouping)
    alone = clusters == 0
    clusters[alone] = -1 - np.arange(np.count_nonzero(alone))
    return clusters


def hdbscan(embeddings: npt.NDArray[np.float32], least: int) -> Labels:
    labels: Labels = HDBSCAN(min_cluster_size=least, min_samples=1, copy=True).fit_predict(embeddings)
    noise = labels < 0
    labels[noise] = -1 - np.arange(np.count_nonzero(noise))
    return labels


def average(embeddings: npt.NDArray[np.float32], threshold: float) -> Labels:
    labels: Labels = fcluster(linkage(pdist(embeddings), "average"), threshold, "distance")
    return labels


def b_cubed(labels: Labels, people: Labels) -> tuple[float, float, float]:
    """Return B³ F, and precision and recall of pairs (A. Bagga, B. Baldwin, 1998)."""
    _, row = np.unique(labels, return_inverse=True)
    _, column = np.unique(people, return_inverse=True)
    table = coo_array((np.ones(len(row)), (row, column)))
    table.sum_duplicates()
    sizes, wanted = np.bincount(row), np.bincount(column)
    precision = float((table.data**2 / sizes[table.coords[0]]).sum() / len(row))
    recall = float((table.data**2 / wanted[table.coords[1]]).sum() / len(row))
    true = float((table.data * (table.data - 1)).sum())
    made, there = float((sizes * (sizes - 1.0)).sum()), float((wanted * (wanted - 1.0)).sum())
    return 2 * precision * recall / (precision + recall), true / max(made, 1.0), true / there


def methods(model: Model) -> dict[str, Callable[[npt.NDArray[np.float32]], Labels]]:
    known = model.calibration
    found: dict[str, Callable[[npt.NDArray[np.float32]], Labels]] = {
        "**linkage (default)**": lambda faces: grouped(faces, model),
        f"Chinese whispers, {known.whispers}": lambda faces: grouped(faces, model, algorithm="whispers"),
        "HDBSCAN, on neighbours": lambda faces: grouped(faces, model, algorithm="hdbscan"),
        "scikit-learn's HDBSCAN (1, 2)": lambda faces: hdbscan(faces, 2),
        "scikit-learn's HDBSCAN (1, 20)": lambda faces: hdbscan(faces, 20),
    }
    for threshold in AVERAGE[model]:
        found[f"SciPy's average linkage, {threshold}"] = partial(average, threshold=threshold)
    return found


def halves(people: Labels) -> list[Labels]:
    """Return the places of the faces of two halves of the people."""
    names = np.unique(people)
    in_first = np.isin(people, np.random.default_rng(7).permutation(names)[: len(names) // 2])
    return [np.flatnonzero(in_first), np.flatnonzero(~in_first)]


def data_sets(paths: Sequence[Path], model: Model) -> dict[str, tuple[Any, Labels]]:
    embeddings, people = load(paths, model)
    sets = {"all" if len(paths) > 1 else paths[0].stem: (embeddings, people)}
    if len(paths) > 1:
        sets |= {path.stem: load([path], model) for path in paths}
    return sets | {
        f"half {number}": (embeddings[one], people[one]) for number, one in enumerate(halves(people), start=1)
    }


def with_junk(paths: Sequence[Path], model: Model, junk: Path) -> None:
    """Group the faces with junk among them; print what becomes of the good faces, and where the junk is."""
    (embeddings, people), (useless, owners) = load(paths, model), load([junk], model)
    chosen = np.random.default_rng(7).permutation(len(useless))[: len(embeddings) // (JUNK - 1)]
    labels = grouped(np.concatenate((embeddings, useless[chosen])), model)
    good, bad = labels[: len(people)], labels[len(people) :]
    f, precision, recall = b_cubed(good, people)
    company = [set(people[good == label]) for label in bad]
    own = sum(bool(found) and found == {owner} for found, owner in zip(company, owners[chosen], strict=True))
    among_themselves = sum(not found for found in company)
    print(f"\nwith {len(chosen)} junk: B³ F {f:.3f}, pairs: precision {precision:.3f}, recall {recall:.3f};")
    print(f"of the junk {own} with their own person, {among_themselves} among themselves, the others with others")


def quality(paths: Sequence[Path], model: Model) -> None:
    print("| data | method | B³ F | pairs: precision | recall | AMI | ARI | homog. | compl. | V | FM | s |")
    print("| --- | --- |" + " --- |" * 10)
    for name, (embeddings, people) in data_sets(paths, model).items():
        for method, run in methods(model).items():
            started = time.perf_counter()
            labels = run(embeddings)
            seconds = time.perf_counter() - started
            others = [
                score(people, labels)
                for score in (
                    adjusted_mutual_info_score,
                    adjusted_rand_score,
                    homogeneity_score,
                    completeness_score,
                    v_measure_score,
                    fowlkes_mallows_score,
                )
            ]
            figures = " | ".join(f"{figure:.3f}" for figure in (*b_cubed(labels, people), *others))
            print(f"| {name} | {method} | {figures} | {seconds:.1f} |", flush=True)


def enlarged(embeddings: npt.NDArray[np.float32], people: Labels, count: int) -> tuple[npt.NDArray[np.float32], Labels]:
    """Return so many faces and their people: families like the data, each turned to another place of the space."""
    generator = np.random.default_rng(1)
    centre = embeddings.mean(axis=0)
    parts = [embeddings]
    while sum(map(len, parts)) < count:
        turn, _ = np.linalg.qr(generator.normal(size=(128, 128)))
        turned = (embeddings - centre) @ turn.astype(np.float32) + centre
        parts.append(turned.astype(np.float32))
    _, person = np.unique(people, return_inverse=True)
    number = np.concatenate([person + turn * len(people) for turn in range(len(parts))])
    return np.concatenate(parts)[:count], number[:count]


def drawn_faces(paths: Sequence[Path], count: int) -> tuple[npt.NDArray[np.float32], Labels]:
    """Return so many faces of made-up people, and the people: some have thousands of faces, most have a few."""
    generator = np.random.default_rng(1)
    weights = 1 / np.arange(1, count // _FACES_OF_ONE + 1)
    people = generator.permutation(generator.choice(len(weights), size=count, p=weights / weights.sum()))
    faces, _ = FaceDistribution.of(paths, generator).draw(people)
    return faces, people


def speed(paths: Sequence[Path], model: Model, smallest: int, largest: int, *, drawn: bool) -> None:
    """Print cost and quality for more and more faces, each in a process of its own."""
    print("| faces | processor s | clock s | peak MiB | of those the faces | B³ F | pairs: precision | recall |")
    print("|" + " --- |" * 8)
    use_one_thread()  # as `familiar clusters run` does
    for count in COUNTS:
        if smallest <= count <= largest:
            chosen = ["--model", model.name, "--count", str(count), *(["--drawn"] if drawn else [])]
            subprocess.run([sys.executable, __file__, "once", *map(str, paths), *chosen], check=True)


def once(paths: Sequence[Path], model: Model, count: int, *, drawn: bool) -> None:
    """Group so many faces; print the cost, and how right the groups are."""
    embeddings, people = load(paths, model)
    group(faces_of(embeddings[:500], model), ClusteringSettings())  # libraries are loaded
    faces, people = drawn_faces(paths, count) if drawn else enlarged(embeddings, people, count)
    given = [faces_of(faces, model)]
    del faces  # `group` lets go of them, as when they come from a store
    started, used = time.perf_counter(), time.process_time()
    grouping = group(given.pop(), ClusteringSettings())
    clock, used = time.perf_counter() - started, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    f, precision, recall = b_cubed(labels_of(grouping, count), people)
    print(
        f"| {count:,} | {used:.1f} | {clock:.1f} | {peak:.0f} | {count * 512 / 2**20:.0f} "
        f"| {f:.3f} | {precision:.3f} | {recall:.3f} |",
        flush=True,
    )


def stability(paths: Sequence[Path], model: Model) -> None:
    """Group most of the faces, name the 20 largest clusters, add more faces, and see who has changed company."""
    embeddings, _ = load(paths, model)
    embeddings = embeddings[np.random.default_rng(3).permutation(len(embeddings))]
    old = min(10_000, len(embeddings) - 1_000)
    before = applied(np.zeros(old, np.int64), group(faces_of(embeddings[:old], model), ClusteringSettings()))
    sizes = np.bincount(before)
    named = frozenset((np.argsort(-sizes[1:])[:20] + 1).tolist())
    print(f"of {old} faces\n")
    print("| added | moved of named clusters | names lost | unnamed in another cluster | alone before | joined | s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for added in (1, 10, 1_000):
        start = np.concatenate((before, np.zeros(added, np.int64)))
        started = time.perf_counter()
        after = applied(start, group(faces_of(embeddings[: old + added], model, start, named), ClusteringSettings()))
        seconds = time.perf_counter() - started
        in_named = np.isin(before, list(named))
        moved = int((after[:old] != before)[in_named].sum())
        lost = sum(not (after == cluster).any() for cluster in named)
        unnamed, grouped_before = ~in_named, before > 0
        moved_on = np.count_nonzero((after[:old] != before) & unnamed & grouped_before) / np.count_nonzero(unnamed)
        found_one = np.count_nonzero((after[:old] != before) & ~grouped_before) / np.count_nonzero(unnamed)
        print(
            f"| {added} | {moved} | {lost} | {moved_on:.2%} | {found_one:.2%} | {np.count_nonzero(after[old:])} "
            f"| {seconds:.1f} |"
        )


def series(paths: Sequence[Path], model: Model) -> None:
    """Print the quality where each face is one of so many that are nearly equal."""
    embeddings, people = load(paths, model)
    length = np.linalg.norm(embeddings, axis=1).mean()
    rng = np.random.default_rng(1)
    print("| of each face | faces | B³ F | pairs: precision | recall |\n|" + " --- |" * 5)
    for count in (1, *SERIES):
        faces = np.repeat(embeddings, count, axis=0)
        if count > 1:
            faces += rng.normal(scale=_APART / np.sqrt(2 * faces.shape[1]), size=faces.shape).astype(np.float32)
            faces *= length / np.linalg.norm(faces, axis=1, keepdims=True)
        f, precision, recall = b_cubed(grouped(faces, model), np.repeat(people, count))
        print(f"| {count} | {len(faces):,} | {f:.3f} | {precision:.3f} | {recall:.3f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("quality", "speed", "stability", "series", "once"))
    parser.add_argument("faces", type=Path, nargs="+")
    parser.add_argument("--model", default=SFACE.name)
    parser.add_argument("--junk", type=Path)
    parser.add_argument("--from", dest="least", type=int, default=0)
    parser.add_argument("--to", type=int, default=200_000)
    parser.add_argument("--drawn", action="store_true")
    parser.add_argument("--count", type=int, default=1_000)
    given = parser.parse_args()
    model = known_model(given.model)
    match given.what:
        case "quality":
            quality(given.faces, model)
            if given.junk is not None:
                with_junk(given.faces, model, given.junk)
        case "speed":
            speed(given.faces, model, given.least, given.to, drawn=given.drawn)
        case "stability":
            stability(given.faces, model)
        case "series":
            series(given.faces, model)
        case "once":
            once(given.faces, model, given.count, drawn=given.drawn)


if __name__ == "__main__":
    main()
