"""Group faces by person: familiar, dlib's Chinese whispers, and scikit-learn's HDBSCAN, on the same embeddings.

A method runs in a process of its own: `python tests/benchmarks/peers/grouping.py METHOD FILE` prints JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import numpy.typing as npt

from benchmarks.clustering import b_cubed, grouped, hdbscan, load
from benchmarks.peers.measuring import PYTHON, Cost, FailedError, Row, Task, run
from familiar.embedding_models import DLIB_PLAIN

_THRESHOLD = 0.45
"""Largest distance of two faces of one person, at which dlib's clustering is best on these faces."""


def chinese_whispers(faces: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    import dlib

    return np.array(dlib.chinese_whispers_clustering([dlib.vector(face) for face in faces], _THRESHOLD))


METHODS: dict[str, Callable[[npt.NDArray[np.float32]], npt.NDArray[Any]]] = {
    "familiar": lambda faces: grouped(faces, DLIB_PLAIN),
    f"dlib.chinese_whispers_clustering, {_THRESHOLD}": chinese_whispers,
    "scikit-learn's HDBSCAN, at least 2 faces": lambda faces: hdbscan(faces, 2),
}


def once(method: str, file: Path) -> dict[str, float]:
    """Group the faces of a file, once the libraries are loaded; return the cost and how right the groups are."""
    faces, people = load([file], DLIB_PLAIN)
    METHODS[method](faces[:200])
    clock, used = time.perf_counter(), time.process_time()
    labels = METHODS[method](faces)
    clock, used = time.perf_counter() - clock, time.process_time() - used
    score, precision, recall = b_cubed(labels, people)
    return {"clock": clock, "processor": used, "score": score, "precision": precision, "recall": recall}


def compare(file: Path) -> Task:
    """Let all methods group the faces of a file."""
    rows = []
    for method in METHODS:
        try:
            whole, printed = run([PYTHON, __file__, method, str(file)])
        except FailedError as error:
            rows.append(Row(program=method, skipped=str(error)))
            continue
        found = json.loads(printed)
        cost = Cost(clock=found["clock"], processor=found["processor"], memory=whole.memory)
        accuracy = f"B³ F {found['score']:.3f}, pairs: precision {found['precision']:.3f}, recall {found['recall']:.3f}"
        rows.append(Row(program=method, cost=cost, accuracy=accuracy))
    faces, people = load([file], DLIB_PLAIN)
    work = f"{len(faces):,} faces of {len(set(people)):,} people (`{file.name}`, dlib's network)"
    return Task(name="Group faces by person", work=work, rows=rows)


if __name__ == "__main__":
    print(json.dumps(once(sys.argv[1], Path(sys.argv[2]))))
