"""Make the store of a large library that nobody has: `uv run python tests/benchmarks/large_library.py STATE`.

By default it has 1,000,000 photos of 26 years with 1,500,000 faces, 5,000 groups without a name and 1,000 people, in
about two minutes. Embeddings are those of made-up people on the scale of the default model: two faces of one person
are 0.25 to 0.45 apart, those of two people 0.55 to 0.65; groups that are asked about are nearer. With `--embeddings`,
which is what `encode_people.py` writes, they lie as those of real faces do (`face_distribution.py`). The sizes of
people, groups and folders, and the photos of a month, differ as they do in families. Photos do not exist on disk,
except those that `pictures` lists, which are in the largest groups. With `--tree`, all are small files below a folder,
a hundred in each folder, and known as they are, so that a daemon finds nothing new.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.face_distribution import FaceDistribution
from familiar.embedding_models import SFACE, THRESHOLD
from familiar.library.recognition import Recogniser
from familiar.settings import MatchingSettings
from familiar.store.store import Store

Numbers = npt.NDArray[np.int64]

_AT = "2026-05-01T12:00:00+00:00"
_FIRST = datetime(2000, 1, 1)
_YEARS = 26
_LANDMARKS = json.dumps([[1700, 1200], [1850, 1195], [1780, 1300], [1720, 1390], [1840, 1385]])
_NAMES = ("Ana", "Ben", "Carla", "David", "Eileen", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Katherine", "Liam")
_SURNAMES = ("Costa", "Diaz", "Evans", "Fischer", "Garcia", "Hansen", "Ito", "Johnson", "Kovacs", "Lindqvist", "Moreau")
_PART = 50_000
"""Faces of which the embeddings are in memory at once."""

_GONE, _SET_ASIDE, _UNDATED, _VIDEO = 0.01, 0.005, 0.05, 0.03
_KNOWN, _GROUPED = 0.6, 0.12
"""Shares of faces: of people, and in groups without a name."""

_MOST_PICTURES = 2_000
_SHOWN = 24
"""Groups that the first page shows: the largest ones, in which the photos are that exist."""

_REASONS = (
    "damaged or not a picture: cannot identify image file",
    "20000 × 12000 is 240 megapixels; the limit is 200",
    "it took longer than 60 s",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeLibrary:
    """How much is in the store; `pictures` are files that exist, of 250 by 250 pixels or more.

    `embeddings` are archives of real faces, as those of which faces are made; `tree` is where the files are made.
    """

    photos: int = 1_000_000
    faces: int = 1_500_000
    groups: int = 5_000
    people: int = 1_000
    pictures: Sequence[Path] = ()
    embeddings: Sequence[Path] = ()
    tree: Path | None = None
    seed: int = 1
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        """Begin with the random numbers of the seed."""
        object.__setattr__(self, "rng", np.random.default_rng(self.seed))

    def make(self, path: Path) -> None:
        """Make the store at a path where there is none."""
        with Store(path) as store:
            run = store._db.conn
            run.execute("PRAGMA synchronous = OFF")
            with store.writing():
                store.models.use(SFACE.id)
                self._write_folders(run)
                self._write_photos(run)
                who, groups = self._write_people(run), self._chosen_groups()
                self._write_faces(run, who, groups)
                self._write_alike(run)
                self._write_operations(run)
            recogniser = Recogniser(store, MatchingSettings(), SFACE.id)
            if self.embeddings:
                recogniser.rematch()
            else:
                store.matched_people.finish(recogniser._basis())

    def _write_folders(self, run: Any) -> None:
        if self.tree is not None:
            self._write_tree(self.tree, run)
            return
        run.executemany(
            "INSERT INTO roots (id, path, state, scanned_at) VALUES (?, ?, 'online', ?)",
            [(1, b"/home/ana/Pictures", _AT), (2, b"/srv/scans", _AT), (3, b"/media/disk", _AT)],
        )
        run.executemany(
            "INSERT INTO folders (id, root_id, path) VALUES (?, ?, ?)",
            (
                (number + 1, root, f"{top}/{2000 + number * _YEARS // self._folders}/{number:05}".encode())
                for number in range(self._folders)
                for root, top in [((1, "/home/ana/Pictures") if number % 10 else (2, "/srv/scans"))]
            ),
        )

    def _write_tree(self, tree: Path, run: Any) -> None:
        """Make the folders on disk, in thousands, and write them down as a scan does."""
        device = tree.stat().st_dev
        run.execute(
            "INSERT INTO roots (id, path, state, device, scanned_at) VALUES (1, ?, 'online', ?, ?)",
            (bytes(tree), device, _AT),
        )
        paths = [self._folder(tree, number) for number in range(self._folders)]
        for path in paths:
            path.mkdir(parents=True, exist_ok=True)
        run.executemany(
            "INSERT INTO folders (id, root_id, path, device) VALUES (?, 1, ?, ?)",
            ((number, bytes(path), device) for number, path in enumerate(paths, start=1)),
        )

    @property
    def _folders(self) -> int:
        return max(1, self.photos // (250 if self.tree is None else 100))

    @staticmethod
    def _folder(tree: Path, number: int) -> Path:
        return tree / f"{number // 1000:03}" / f"{number:05}"

    def _write_photos(self, run: Any) -> None:
        """Write photos in the order in which they were taken; more of them in later years, and in summer."""
        ages = np.sort(self.rng.random(self.photos)) ** 0.6
        pictures = [(path, hashlib.sha256(path.read_bytes()).hexdigest()) for path in self.pictures]
        for path, _ in pictures:
            run.execute("INSERT OR IGNORE INTO folders (root_id, path) VALUES (1, ?)", (bytes(path.parent),))
        odd = self.rng.random((self.photos, 4))
        run.executemany(
            "INSERT INTO photos (id, hash, verdict, reason, format, width, height, taken, taken_source, engine, "
            "seen_at, handled_at, kind, duration) VALUES (?, ?, ?, ?, ?, 4000, 3000, ?, ?, ?, ?, ?, ?, ?)",
            (self._photo(number, float(ages[number]), odd[number], pictures) for number in range(self.photos)),
        )
        if self.tree is not None:
            self._write_files(self.tree, run)
            return
        run.executemany(
            "INSERT INTO files (folder_id, name, size, mtime_ns, ctime_ns, state, photo_id, found_at) "
            "VALUES (COALESCE((SELECT id FROM folders WHERE path = ?), ?), ?, 4000000, 1, 1, ?, ?, ?)",
            (
                (
                    bytes(pictures[number][0].parent) if number < len(pictures) else None,
                    1 + number * self._folders // self.photos,
                    pictures[number][0].name.encode() if number < len(pictures) else f"IMG_{number:07}.jpg".encode(),
                    "gone" if odd[number, 3] < _GONE and number >= len(pictures) else "done",
                    number + 1,
                    _AT,
                )
                for number in range(self.photos)
            ),
        )

    def _write_files(self, tree: Path, run: Any) -> None:
        """Make a file for each photo, with the content of which the photo has the hash, and write it down as it is."""

        def made(number: int) -> tuple[Any, ...]:
            folder = number * self._folders // self.photos
            path = self._folder(tree, folder) / f"IMG_{number:07}.jpg"
            path.write_bytes(_content(number))
            found = path.stat()
            seen = (found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            return folder + 1, bytes(path.name, "ascii"), *seen, number + 1, _AT

        run.executemany(
            "INSERT INTO files (folder_id, name, size, mtime_ns, ctime_ns, state, photo_id, found_at) "
            "VALUES (?, ?, ?, ?, ?, 'done', ?, ?)",
            map(made, range(self.photos)),
        )

    def _photo(self, number: int, age: float, odd: npt.NDArray[np.float64], pictures: Sequence[Any]) -> tuple[Any, ...]:
        is_real = number < len(pictures)
        hash_ = pictures[number][1] if is_real else hashlib.sha256(_content(number)).hexdigest()
        if odd[0] < _SET_ASIDE and not is_real:
            return (number + 1, hash_, "set aside", _REASONS[number % 3], *(None,) * 4, _AT, _AT, "photo", None)
        taken = None
        if odd[1] >= _UNDATED or is_real:
            taken = (_FIRST + timedelta(days=age * 365.25 * _YEARS, seconds=number % 60)).isoformat(timespec="seconds")
        video = odd[2] < _VIDEO and not is_real
        kind, format_, duration = ("video", "hevc", 12.5) if video else ("photo", "JPEG", None)
        source = None if taken is None else "camera"
        return (number + 1, hash_, "seen", None, format_, taken, source, "yunet", _AT, _AT, kind, duration)

    def _write_people(self, run: Any) -> Numbers:
        """Write people; return whose each known face is, the person of most faces first."""
        run.executemany(
            "INSERT INTO people (id, name, key, added_at) VALUES (?, ?, ?, ?)",
            ((number + 1, name, name.casefold(), _AT) for number in range(self.people) for name in [_name(number)]),
        )
        run.execute("UPDATE facts SET value = ? WHERE name = 'last person'", (self.people,))
        weights = 1 / (np.arange(self.people) + 4.0)
        known = int(self.faces * _KNOWN) if self.people else 0
        who = self.rng.choice(self.people, size=known, p=weights / weights.sum())
        who[: self.people] = np.arange(min(self.people, known))
        return who

    def _chosen_groups(self) -> Numbers:
        """Return the group of each face in one, the largest group first; each group has two faces or more."""
        count = int(self.faces * _GROUPED)
        weights = 1 / (np.arange(self.groups) + 30.0)
        chosen = self.rng.choice(self.groups, size=count, p=weights / weights.sum())
        chosen[: 2 * self.groups] = np.arange(min(2 * self.groups, count)) % self.groups
        return chosen

    def _write_faces(self, run: Any, who: Numbers, groups: Numbers) -> None:
        """Write faces with their embeddings, matches and groups, in the order of their photos."""
        draw = self._drawing()
        owners = np.full(self.faces, -1)
        owners[: len(who)] = who
        owners[len(who) : len(who) + len(groups)] = self.people + groups
        self.rng.shuffle(owners)
        photos = np.sort(self.rng.integers(0, self.photos, size=self.faces))
        for group in range(_SHOWN if self.pictures else 0):
            own = np.arange(group, len(self.pictures), _SHOWN)
            faces = np.flatnonzero(owners == self.people + group)[: len(own)]
            photos[faces] = own[: len(faces)]
        asked = set(self.rng.permutation(self.groups)[: self.groups // 4].tolist())
        run.executemany(
            "INSERT INTO clusters (id, person_id, kept, made_at) VALUES (?, ?, ?, ?)",
            (
                *((number + 1, None, 0, _AT) for number in range(self.groups)),
                *((self.groups + number + 1, number + 1, 1, _AT) for number in range(self.people)),
            ),
        )
        references: dict[int, int] = {}
        for start in range(0, self.faces, _PART):
            part = owners[start : start + _PART]
            embeddings, distances = draw(part, start)
            distances[photos[start : start + _PART] < len(self.pictures)] = 0
            self._write_part(run, start, part, photos[start : start + _PART], embeddings, distances, asked)
            _register(run, start, part, embeddings, references, self.people)

    def _drawing(self) -> Callable[[Numbers, int], tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]]:
        """Return what draws the faces from a number on, of these owners: embeddings, and distances to the owners."""
        known = self.people + self.groups
        if self.embeddings:
            real = FaceDistribution.of(self.embeddings, self.rng)
            # Each stranger is a person whom nobody else is: their number is that of the face.
            return lambda part, start: real.draw(np.where(part < 0, known + start + np.arange(len(part)), part))
        centres = _directions(self.rng, known)
        return lambda part, _start: _embeddings(self.rng, centres[part] * (part >= 0)[:, None])

    def _write_part(
        self,
        run: Any,
        start: int,
        owners: Numbers,
        photos: Numbers,
        embeddings: npt.NDArray[np.float32],
        distances: npt.NDArray[np.float64],
        asked: set[int],
    ) -> None:
        odd = self.rng.random((len(owners), 4))
        run.executemany(
            "INSERT INTO faces (id, photo_id, box_left, box_top, box_right, box_bottom, landmarks, embedding, size, "
            "sharpness, engine, score, quality) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 90.0, ?, 0.9, ?)",
            (
                (
                    start + number + 1,
                    int(photos[number]) + 1,
                    *_box(float(odd[number, 0]), is_real=int(photos[number]) < len(self.pictures)),
                    _LANDMARKS,
                    embeddings[number].tobytes(),
                    140,
                    SFACE.id,
                    0.2 + 0.8 * float(odd[number, 1]) if owners[number] < 0 else 0.5 + 0.5 * float(odd[number, 1]),
                )
                for number in range(len(owners))
            ),
        )
        run.executemany(
            "INSERT INTO matches (face_id, person_id, distance, ambiguous, accepted) VALUES (?, ?, ?, ?, ?)",
            self._matches(start, owners, distances, odd, asked),
        )
        run.executemany(
            "INSERT INTO cluster_faces (face_id, cluster_id, by, distance, model, at) VALUES (?, ?, ?, ?, ?, ?)",
            (
                (
                    start + number + 1,
                    self.groups + int(owner) + 1 if owner < self.people else int(owner) - self.people + 1,
                    "person" if owner < self.people and odd[number, 2] < 0.05 else "program",
                    float(distances[number]),
                    SFACE.id,
                    _AT,
                )
                for number, owner in enumerate(owners)
                if owner >= self.people or (owner >= 0 and odd[number, 2] < 0.6)
            ),
        )

    def _matches(
        self, start: int, owners: Numbers, distances: npt.NDArray[np.float64], odd: Any, asked: set[int]
    ) -> Iterator[tuple[Any, ...]]:
        """Give the match of each known face, of groups that may be somebody, and of a part of the others."""
        for number, owner in enumerate(owners):
            face = start + number + 1
            if 0 <= owner < self.people:
                yield face, int(owner) + 1, float(distances[number]), 0, bool(distances[number] <= THRESHOLD)
            elif int(owner) - self.people in asked:
                yield face, 1 + int(owner) % max(self.people, 1), 0.45 + 0.05 * float(odd[number, 3]), 0, 0
            elif self.people and odd[number, 3] < 0.3:
                yield face, 1 + number % self.people, 0.5 + 0.3 * float(odd[number, 3]), 0, 0

    def _write_alike(self, run: Any) -> None:
        """Write pairs of faces of two groups that may be one person."""
        rows = run.execute(
            "SELECT cluster_id, min(face_id) FROM cluster_faces WHERE cluster_id <= ? GROUP BY cluster_id",
            (self.groups,),
        ).fetchall()
        faces = [face for _, face in rows]
        run.executemany(
            "INSERT OR IGNORE INTO alike (face_id, other_id, distance) VALUES (?, ?, ?)",
            (
                (one, other, 0.46 + 0.03 * float(self.rng.random()))
                for one, other in zip(faces, reversed(faces), strict=True)
                if one < other
            ),
        )

    def _write_operations(self, run: Any) -> None:
        count = self.photos // 10
        run.executemany(
            "INSERT INTO plans (id, photo_id, path, made_at) VALUES (?, ?, ?, ?)",
            ((number + 1, number + 1, b"/home/ana/Pictures/a.jpg", _AT) for number in range(count)),
        )
        run.executemany(
            "INSERT INTO operations (plan_id, position, rule, kind, wish, target, parameters, state, finished_at, "
            "done_order) VALUES (?1, 0, 'albums', ?2, ?3, ?3, '{}', ?4, ?5, ?6)",
            (
                (number + 1, ("copy", "move")[number % 2], b"/x", "done" if number % 20 else "undone", _AT, number)
                for number in range(count)
            ),
        )


def _content(number: int) -> bytes:
    return str(number).encode()


def _name(number: int) -> str:
    first, last = _NAMES[number % len(_NAMES)], _SURNAMES[number // len(_NAMES) % len(_SURNAMES)]
    return f"{first} {last} {number + 1}"


def _box(odd: float, *, is_real: bool) -> tuple[int, int, int, int]:
    """Return a box: in a picture that exists, one in its middle."""
    if is_real:
        return 75, 70, 175, 190
    left = 200 + int(odd * 3000)
    return left, 1000, left + 140, 1180


def _directions(rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    drawn = rng.normal(size=(max(count, 1), SFACE.dimension))
    found: npt.NDArray[np.float64] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return found


def _embeddings(
    rng: np.random.Generator, centres: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Return an embedding near to each centre, anywhere for one of zeros, and its distance to the centre."""
    spread = 0.45 + 0.4 * rng.random(len(centres))
    drawn = centres + spread[:, None] * _directions(rng, len(centres))
    found = THRESHOLD * drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return found.astype("<f4"), np.linalg.norm(found - THRESHOLD * centres, axis=1)


def _register(run: Any, start: int, owners: Numbers, embeddings: Any, references: dict[int, int], people: int) -> None:
    """Make the first faces of each person references."""
    most = 12
    for number in np.flatnonzero((owners >= 0) & (owners < people)):
        owner = int(owners[number])
        if references.get(owner, 0) < most:
            references[owner] = references.get(owner, 0) + 1
            run.execute(
                "INSERT INTO face_references (person_id, face_id, embedding, engine, added_at) VALUES (?, ?, ?, ?, ?)",
                (owner + 1, start + int(number) + 1, embeddings[number].tobytes(), SFACE.id, _AT),
            )


def pictures_in(folder: Path) -> list[Path]:
    """Return the JPEG files in a folder and below it."""
    return sorted(folder.rglob("*.jpg"))[:_MOST_PICTURES]


def main() -> None:
    """Make the store, and print how long that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("state", type=Path)
    parser.add_argument("--pictures", type=Path, help="a folder with JPEG files, each of one face in its middle")
    for name in ("photos", "faces", "groups", "people"):
        parser.add_argument(f"--{name}", type=int, default=LargeLibrary.__dataclass_fields__[name].default)
    parser.add_argument("--embeddings", type=Path, nargs="+", default=())
    parser.add_argument("--tree", type=Path, help="a folder in which the files are made")
    wanted = parser.parse_args()
    wanted.state.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()
    pictures = () if wanted.pictures is None else pictures_in(wanted.pictures)
    LargeLibrary(
        photos=wanted.photos,
        faces=wanted.faces,
        groups=wanted.groups,
        people=wanted.people,
        pictures=pictures,
        embeddings=wanted.embeddings,
        tree=wanted.tree,
    ).make(wanted.state / "familiar.db")
    size = (wanted.state / "familiar.db").stat().st_size
    print(f"{size / 1e9:.1f} GB in {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
