"""Measure decisions about a person with many references, and their undo.

    uv run python tests/benchmarks/undo.py 10000

Times are of the processor. The person has so many references of faces, and as many that were imported.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from familiar.store.references import FaceToRegister
from familiar.store.store import Store
from support.people import add_person

MODEL = "dlib-resnet-v1-mirrored"


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "familiar.db") as store:
        embeddings = np.random.default_rng(1).normal(size=(2 * count, 128)).astype("<f4")
        record_faces(store, embeddings[:count])
        wanted = [FaceToRegister(person="Ann", face_id=face + 1, origin=origin(face)) for face in range(count)]
        measure(store, "add references", lambda: store.references.register(wanted))
        measure(
            store,
            "import references",
            lambda: store.references.take_in("Ann", embeddings[count:], origins=[None] * count, engine=MODEL),
        )
        add_person(store, "Bob")
        measure(store, "merge people", lambda: store.decisions.people.merge("Ann", "Bob"))
        measure(store, "its undo", store.decisions.undo)
        measure(store, "remove person", lambda: store.decisions.people.remove("Ann"))
        (kept,) = store._db.conn.execute("SELECT sum(length(embedding)) FROM removed_references").fetchone()
        print(f"{'embeddings that are kept':20} {kept:>29,} bytes")
        measure(store, "its undo", store.decisions.undo)
        measure(store, "history", store.decisions.history)


def origin(face: int) -> Path:
    return Path(f"/home/ann/Pictures/2019/holiday/IMG_{face:05}.jpg")


def record_faces(store: Store, embeddings: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> None:
    """Write down a photo with one face for each embedding; their ids begin with 1."""
    with store.writing():
        for number, embedding in enumerate(embeddings, start=1):
            store._db.conn.execute(
                "INSERT INTO photos (id, hash, verdict, seen_at) VALUES (?, ?, 'seen', '')", (number, f"{number:064}")
            )
            store._db.conn.execute(
                "INSERT INTO faces (id, photo_id, box_left, box_top, box_right, box_bottom, landmarks, embedding, "
                "size, sharpness, engine) VALUES (?, ?, 0, 0, 9, 9, '[]', ?, 90, 20, ?)",
                (number, number, embedding.tobytes(), MODEL),
            )


def measure(store: Store, what: str, act: Callable[[], object]) -> None:
    began = time.process_time()
    act()
    seconds = time.process_time() - began
    (size,) = store._db.conn.execute("SELECT length(changes) FROM cluster_events ORDER BY id DESC LIMIT 1").fetchone()
    print(f"{what:20} {seconds:6.2f} s   last event {size:>10,} bytes")


if __name__ == "__main__":
    main(int(sys.argv[1]))
