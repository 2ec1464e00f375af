"""Score and search 100,000 stored photos, beside the least that any program has to do: read the embeddings, subtract.

uv run python tests/benchmarks/scores.py [PHOTOS]
"""

import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from familiar.library.scoring import Scorer
from familiar.library.search import Finder, SearchQuery
from familiar.model import Box, Face, Photo
from familiar.settings import MatchingSettings
from familiar.store.references import FaceToRegister
from familiar.store.store import Store

MODEL = "benchmark"
REFERENCES = 12


def face(embedding: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Face:
    marks = tuple((1000 + number, 2000 + number) for number in range(5))
    box = Box(left=100, top=100, right=220, bottom=220)
    return Face(box=box, landmarks=marks, embedding=embedding, size=120, sharpness=50.5, engine=MODEL)


def fill(store: Store, embeddings: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> None:
    with store.writing():
        for number, embedding in enumerate(embeddings):
            photo = Photo(
                hash=f"{number:064x}", format="JPEG", width=4000, height=3000, taken=None, engine=MODEL,
                faces=(face(embedding),),
            )  # fmt: skip
            photo_id = store.photos.record(photo)
            path = Path(f"/photos/{number // 1000}/{number}.jpg")
            store.files.place(path, photo_id=photo_id, size=1, mtime_ns=1)
        faces = [store.photos.load(photo_id).faces[0].id or 0 for photo_id in range(1, REFERENCES + 1)]
        store.references.register([FaceToRegister(person="Ann", face_id=id_, origin=Path("/a.jpg")) for id_ in faces])


def seconds(act: Callable[[], object], times: int = 5) -> float:
    found = []
    for _ in range(times):
        start = time.perf_counter()
        act()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def plain(path: Path) -> None:
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT embedding FROM faces").fetchall()
    embeddings = np.frombuffer(b"".join(row[0] for row in rows), "<f4").reshape(-1, 128)
    np.linalg.norm(embeddings - embeddings[0], axis=1)


def main() -> None:
    photos = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    random = np.random.default_rng(0).normal(size=(photos, 128))
    embeddings = (1.4 * random / np.linalg.norm(random, axis=1, keepdims=True)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "familiar.db")
        with Store(path) as store:
            fill(store, embeddings)
            settings = MatchingSettings()
            scorer, finder = Scorer(store, settings, MODEL), Finder(store, settings, MODEL)
            sought = [face(embeddings[7] + np.float32(0.01))]
            least = seconds(lambda: plain(path))
            scored = seconds(lambda: scorer.score("Ann"))
            found = seconds(lambda: finder.find(sought, SearchQuery(most=10)))
            print(f"{photos} photos with a face each, medians of 5")
            print(f"read and subtract (NumPy): {least:.2f} s")
            print(f"score against {REFERENCES} references: {scored:.2f} s, {scored / least:.1f} times")
            print(f"find one face: {found:.2f} s, {found / least:.1f} times")


if __name__ == "__main__":
    main()
