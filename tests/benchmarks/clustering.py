"""Quality, speed and memory of clustering, beside what others do.

    uv run python tests/benchmarks/clustering.py quality ../shared/embeddings/*.npz
    uv run python tests/benchmarks/clustering.py speed ../shared/embeddings/*.npz [--to 1000000]
    uv run python tests/benchmarks/clustering.py stability ../shared/embeddings/*.npz

A file has `embedding`, shape (n, 128), and `person`, shape (n,). People of the same name in two files are one.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
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

from familiar.identity.clustering.grouping import group
from familiar.identity.clustering.plan import FacesToGroup, Grouping
from familiar.settings import ClusteringSettings

MODEL = "dlib-resnet-v1"
Labels = npt.NDArray[Any]


def load(paths: list[str]) -> tuple[npt.NDArray[np.float32], Labels]:
    files = [np.load(path) for path in paths]
    names = [[str(name).replace("_", " ") for name in file["person"]] for file in files]
    return np.concatenate([file["embedding"] for file in files]), np.array([name for one in names for name in one])


def faces_of(
    embeddings: npt.NDArray[np.float32], clusters: Labels | None = None, firm: frozenset[int] = frozenset()
) -> FacesToGroup:
    count = len(embeddings)
    return FacesToGroup(
        ids=np.arange(1, count + 1),
        embeddings=embeddings,
        clusters=np.zeros(count, np.int64) if clusters is None else clusters,
        model=MODEL,
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


def grouped(embeddings: npt.NDArray[np.float32], **settings: Any) -> Labels:
    clusters = applied(np.zeros(len(embeddings), np.int64), group(faces_of(embeddings), ClusteringSettings(**settings)))
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


METHODS: dict[str, Callable[[npt.NDArray[np.float32]], Labels]] = {
    "**linkage (default)**": grouped,
    "Chinese whispers, 0.40": lambda faces: grouped(faces, algorithm="whispers", threshold=0.40),
    "Chinese whispers, 0.45": lambda faces: grouped(faces, algorithm="whispers", threshold=0.45),
    "Chinese whispers, 0.50": lambda faces: grouped(faces, algorithm="whispers", threshold=0.50),
    "HDBSCAN, on neighbours": lambda faces: grouped(faces, algorithm="hdbscan"),
    "scikit-learn's HDBSCAN (1, 2)": lambda faces: hdbscan(faces, 2),
    "scikit-learn's HDBSCAN (1, 20)": lambda faces: hdbscan(faces, 20),
    "SciPy's average linkage, 0.50": lambda faces: average(faces, 0.50),
    "SciPy's average linkage, 0.55": lambda faces: average(faces, 0.55),
}


def quality(paths: list[str]) -> None:
    sets = {"both" if len(paths) > 1 else Path(paths[0]).stem: load(paths)}
    if len(paths) > 1:
        sets |= {Path(path).stem: load([path]) for path in paths}
    print("| data | method | B³ F | pairs: precision | recall | AMI | ARI | homog. | compl. | V | FM | s |")
    print("| --- | --- |" + " --- |" * 10)
    for name, (embeddings, people) in sets.items():
        for method, run in METHODS.items():
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


def enlarged(embeddings: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.float32]:
    """Return so many faces: families like those of the data, each turned to another place of the space."""
    generator = np.random.default_rng(1)
    centre = embeddings.mean(axis=0)
    parts = [embeddings]
    while sum(map(len, parts)) < count:
        turn, _ = np.linalg.qr(generator.normal(size=(128, 128)))
        turned = (embeddings - centre) @ turn.astype(np.float32) + centre
        parts.append(turned.astype(np.float32))
    return np.concatenate(parts)[:count]


def speed(paths: list[str], largest: int) -> None:
    """Print time and peak memory for more and more faces, each in a process of its own."""
    print("| faces | seconds | peak MiB | of those the faces themselves |")
    print("| --- | --- | --- | --- |")
    for count in (1_000, 10_000, 38_096, 100_000, 200_000, 500_000, 1_000_000):
        if count <= largest:
            subprocess.run([sys.executable, __file__, "once", *paths, str(count)], check=True)


def once(paths: list[str], count: int) -> None:
    embeddings, _ = load(paths)
    faces = faces_of(enlarged(embeddings, count) if count > len(embeddings) else embeddings[:count])
    group(faces_of(embeddings[:500]), ClusteringSettings())  # libraries are loaded
    started = time.perf_counter()
    group(faces, ClusteringSettings())
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {count:,} | {seconds:.1f} | {peak:.0f} | {count * 512 / 2**20:.0f} |", flush=True)


def stability(paths: list[str]) -> None:
    """Group 10,000 faces, name the 20 largest clusters, add more faces, and see who has changed company."""
    embeddings, _ = load(paths)
    embeddings = embeddings[np.random.default_rng(3).permutation(len(embeddings))]
    old = 10_000
    before = applied(np.zeros(old, np.int64), group(faces_of(embeddings[:old]), ClusteringSettings()))
    sizes = np.bincount(before)
    named = frozenset((np.argsort(-sizes[1:])[:20] + 1).tolist())
    print("| added | moved of named clusters | names lost | unnamed in another cluster | alone before | joined | s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for added in (1, 10, 1_000):
        start = np.concatenate((before, np.zeros(added, np.int64)))
        started = time.perf_counter()
        after = applied(start, group(faces_of(embeddings[: old + added], start, named), ClusteringSettings()))
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


def main() -> None:
    what, *arguments = sys.argv[1:]
    if what == "once":
        once(arguments[:-1], int(arguments[-1]))
    elif what == "speed":
        largest = int(arguments[arguments.index("--to") + 1]) if "--to" in arguments else 200_000
        speed([argument for argument in arguments if argument.endswith(".npz")], largest)
    else:
        {"quality": quality, "stability": stability}[what](arguments)


if __name__ == "__main__":
    main()
