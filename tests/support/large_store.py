"""The store of a large household that nobody lives in: made-up photos, faces and people, as many as asked for."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from familiar.store.store import Store

ENGINE = "dlib-resnet-v1-mirrored"
FORMATS = (["JPEG"] * 80) + (["HEIF"] * 12) + (["PNG"] * 4) + (["hevc"] * 3) + ["WEBP"]
REASONS = (
    "damaged or not a picture: image file is truncated ({} bytes not processed)",
    "it has {} megapixels; at most 200 are decoded",
    "damaged or not a picture: cannot identify image file",
    "it took longer than 60 s",
)
LANDMARKS = json.dumps([[number, number] for number in range(5)])


def fill(
    store: Store, *, photos: int, faces: int, people: int, pictures: Sequence[Path] = (), clusters: int | None = None
) -> None:
    """Record photos of people, half of whom are registered and the others in clusters; `pictures` exist.

    There are as many `clusters` as are asked for, by default one for 30 faces.
    """
    rng = np.random.default_rng(1)
    with store.writing():
        _photos(store, photos, pictures)
        _faces(store, photos, faces, rng, len(pictures))
        _people(store, faces, people, rng, len(pictures), clusters or faces // 30)
        _set_aside(store, photos, photos // 200)
        _operations(store, photos // 10)


def _photos(store: Store, count: int, pictures: Sequence[Path]) -> None:
    run = store._db.conn.executemany
    run("INSERT INTO roots (id, path, state) VALUES (?, ?, 'online')", [(1, b"/home/Pictures"), (2, b"/srv/scans")])
    folders = max(1, count // 250)
    run(
        "INSERT INTO folders (id, root_id, path) VALUES (?, ?, ?)",
        (
            (number + 1, None if number % 50 == 49 else 1 + (number % 7 == 6), f"/home/Pictures/{number:05}".encode())
            for number in range(folders)
        ),
    )
    own = {path.parent for path in pictures}
    run(
        "INSERT INTO folders (id, root_id, path) VALUES (?, 1, ?)",
        ((folders + 1 + number, str(path).encode()) for number, path in enumerate(sorted(own))),
    )
    place = {path: folders + 1 + number for number, path in enumerate(sorted(own))}
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in pictures]
    run(
        "INSERT INTO photos (id, hash, verdict, format, width, height, taken, engine, seen_at, kind, duration) "
        "VALUES (?, ?, 'seen', ?, 4000, 3000, ?, ?, '2026-05-01T12:00:00+00:00', ?, ?)",
        (
            (
                number + 1,
                hashes[number] if number < len(hashes) else f"{number + 1:064x}",
                FORMATS[number % len(FORMATS)],
                None if number % 11 == 10 else f"{1990 + int(36 * (number / count) ** 0.4)}-07-14T10:20:30",
                ENGINE,
                "video" if FORMATS[number % len(FORMATS)] == "hevc" else "photo",
                12.5 if FORMATS[number % len(FORMATS)] == "hevc" else None,
            )
            for number in range(count)
        ),
    )
    run(
        "INSERT INTO files (folder_id, name, size, mtime_ns, state, photo_id, found_at) "
        "VALUES (?, ?, 1, 1, ?, ?, '2026-05-01T12:00:00+00:00')",
        (
            (
                place[pictures[number].parent] if number < len(pictures) else 1 + number % folders,
                pictures[number].name.encode() if number < len(pictures) else f"IMG_{number:07}.jpg".encode(),
                "gone" if number % 97 == 96 and number >= len(pictures) else "done",
                number + 1,
            )
            for number in range(count)
        ),
    )


def _faces(store: Store, photos: int, faces: int, rng: np.random.Generator, pictures: int) -> None:
    where = rng.integers(0, max(1, int(photos * 0.6)), size=faces)
    where[:pictures] = np.arange(pictures)
    blob = rng.normal(size=128).astype("<f4").tobytes()
    store._db.conn.executemany(
        "INSERT INTO faces (id, photo_id, box_left, box_top, box_right, box_bottom, landmarks, embedding, size, "
        "sharpness, engine) VALUES (?, ?, 60, 40, 190, 180, ?, ?, ?, ?, ?)",
        (
            (number + 1, int(photo) + 1, LANDMARKS, blob, 300 if number < pictures else 40 + number % 150, 30.0, ENGINE)
            for number, photo in enumerate(where)
        ),
    )


def _people(store: Store, faces: int, people: int, rng: np.random.Generator, pictures: int, clusters: int) -> None:
    run = store._db.conn.executemany
    run(
        "INSERT INTO people (id, name, key, added_at) VALUES (?, ?, ?, '2026-05-01T12:00:00+00:00')",
        ((number + 1, f"Person {number + 1}", f"person {number + 1}") for number in range(people)),
    )
    who = (rng.zipf(1.3, size=faces) - 1) % people + 1 if people else np.zeros(faces, int)
    who[:pictures] = np.arange(pictures) % max(people, 1) + 1
    distances = np.abs(rng.normal(0.42, 0.12, size=faces))
    distances[:pictures] = 0.01
    known = [number for number in range(faces) if people and (number < pictures or number % 3)]
    run(
        "INSERT INTO matches (face_id, person_id, distance, ambiguous, accepted) VALUES (?, ?, ?, 0, ?)",
        ((number + 1, int(who[number]), float(distances[number]), bool(distances[number] <= 0.5)) for number in known),
    )
    run("INSERT INTO clusters (id, made_at) VALUES (?, '')", ((number + 1,) for number in range(clusters)))
    unknown = sorted(set(range(faces)) - set(known)) if faces >= 30 else []
    run(
        "INSERT INTO cluster_faces (face_id, cluster_id, by, distance, model, at) VALUES (?, ?, 'program', 0.3, ?, '')",
        ((number + 1, 1 + int(place**0.7) % clusters, ENGINE) for place, number in enumerate(unknown)),
    )


def _set_aside(store: Store, photos: int, count: int) -> None:
    for number in range(count):
        hash_ = f"{photos + number + 1:064x}"
        photo = store.photos.set_aside(hash_, REASONS[number % len(REASONS)].format(number))
        store.files.place(Path(f"/srv/scans/bad/{number}.jpg"), photo_id=photo, size=1, mtime_ns=1)


def _operations(store: Store, count: int) -> None:
    run = store._db.conn.executemany
    run(
        "INSERT INTO plans (id, photo_id, path, made_at) VALUES (?, ?, ?, '')",
        ((number + 1, number + 1, b"/home/Pictures/a.jpg") for number in range(count)),
    )
    run(
        "INSERT INTO operations (plan_id, position, rule, kind, wish, parameters, state) "
        "VALUES (?, 0, 'albums', ?, ?, '{}', ?)",
        (
            (number + 1, ("copy", "move", "crop")[number % 3], b"/x", "undone" if number % 20 == 19 else "done")
            for number in range(count)
        ),
    )
