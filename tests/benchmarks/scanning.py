"""Compare a whole scan with `face_recognition --cpus`: processor seconds of all processes, and faces found.

    uv run python tests/benchmarks/scanning.py FOLDER... [--truth FILE] [--megapixels N] [--most N] [--config FILE]

All photos of the folders are in one folder for both, copied; each command is measured from its start to its end, the
loading of networks included. Processor seconds are those of the command and of all processes that it started: unlike
the time on the clock they hardly depend on what else the machine does. `--truth` names a table as in
`tests/support/ground_truth.py`, of files in the folders. The peer gets one photo of a person to look for, as it needs
one, and leaves out what is no JPEG or PNG.
"""

import argparse
import csv
import ctypes
import math
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from familiar.model import Box

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.ground_truth import compare, read_truth
from support.photos import package_photos

PEERS = {".jpg", ".jpeg", ".png"}
"""What the peer looks at."""

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Both run from compiled modules, as on a user's machine."""


def gather(folders: list[Path], into: Path, most: int | None) -> dict[Path, Path]:
    """Copy the photos that both look at into one folder, under numbers; return where each comes from.

    The peer prints paths between commas, and quotes none.
    """
    origins = {}
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix.lower() in PEERS]
    for number, path in enumerate(files[:most]):
        copy = into / f"{number:05}{path.suffix}"
        shutil.copy(path, copy)
        origins[copy] = path
    return origins


def enlarge(photo: Path, megapixels: float) -> float:
    """Make a photo a JPEG of this size, as a camera of so many megapixels gives; return by what its sides grew."""
    with Image.open(photo) as image:
        upright = image.convert("RGB")
    factor = math.sqrt(megapixels * 1e6 / (upright.width * upright.height))
    size = (round(upright.width * factor), round(upright.height * factor))
    upright.resize(size, Image.Resampling.BICUBIC).save(photo.with_suffix(".jpg"), "JPEG", quality=90)
    if photo.suffix != ".jpg":
        photo.unlink()
    return factor


_PR_SET_CHILD_SUBREAPER = 36
"""prctl(2)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a command took: seconds on the clock, processor seconds of all its processes."""

    clock: float
    processor: float


def run(command: list[str]) -> tuple[Cost, str]:
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    reap()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Cost(clock=time.perf_counter() - begin, processor=processor), done.stdout + done.stderr


def adopt() -> None:
    """Let processes whose parents ended become children of this one: the peer leaves its workers to themselves."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def reap() -> None:
    """Wait for all children that are left, as only those that were waited for are counted."""
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def told(name: str, cost: Cost, photos: int, with_faces: int) -> str:
    return (
        f"{name}: {cost.processor:.1f} s of the processors, {1000 * cost.processor / photos:.0f} ms a photo; "
        f"{cost.clock:.1f} s, {photos / cost.clock:.1f} photos/s; faces in {with_faces} photos"
    )


def boxes_in(store: Path) -> dict[str, list[Box]]:
    """Return the boxes of all faces by the name of their file, without its suffix."""
    db = sqlite3.connect(store)
    rows = db.execute(
        "SELECT files.name, box_left, box_top, box_right, box_bottom FROM faces "
        "JOIN files ON files.photo_id = faces.photo_id"
    )
    found: dict[str, list[Box]] = {}
    for name, left, top, right, bottom in rows:
        box = Box(left=left, top=top, right=right, bottom=bottom)
        found.setdefault(Path(os.fsdecode(name)).stem, []).append(box)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--cpus", default=str(len(os.sched_getaffinity(0))))
    parser.add_argument("--megapixels", type=float, help="enlarge all photos to so many, as JPEGs")
    parser.add_argument("--config", type=Path, help="settings of familiar")
    parser.add_argument("--most", type=int, help="take no more photos than so many")
    parser.add_argument("--without-peer", action="store_true")
    options = parser.parse_args()
    adopt()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        photos, known = base / "photos", base / "known"
        photos.mkdir()
        known.mkdir()
        shutil.copy(package_photos() / "obama.jpg", known)
        origins = gather(options.folders, photos, options.most)
        factors = dict.fromkeys(origins, 1.0)
        if options.megapixels is not None:
            factors = {photo: enlarge(photo, options.megapixels) for photo in origins}
        print(f"{len(origins)} photos")
        for command in ("familiar", "face_recognition"):
            run([command, "--help"])  # modules are compiled, and read from the disk
        time.sleep(6)  # as photos that have lain there: the daemon waits for those that may still be written
        config = [] if options.config is None else ["--config", str(options.config.resolve())]
        ours, log = run(["familiar", "--state", str(base / "state"), *config, "scan", str(photos)])
        found = boxes_in(base / "state" / "familiar.db")
        print(told("familiar scan", ours, len(origins), len(found)))
        if "set_aside" in log:
            print(log[-300:])
        if options.truth is not None:
            hits = [
                compare(found.get(copy.stem, []), [(x * factors[copy], y * factors[copy]) for x, y in points])
                for path, points in read_truth(options.truth).items()
                for copy, origin in origins.items()
                if origin.resolve() == path.resolve()
            ]
            print(f"of the true faces {sum(hit for hit, _ in hits)} found, {sum(over for _, over in hits)} extra")
        if options.without_peer:
            return
        theirs, output = run(["face_recognition", "--cpus", options.cpus, str(known), str(photos)])
        rows = [row for row in csv.reader(output.splitlines()) if len(row) == 2]
        with_faces = len({path for path, person in rows if person != "no_persons_found"})
        print(told("face_recognition", theirs, len(origins), with_faces))
        print(
            f"processor: {theirs.processor / ours.processor:.1f} times as fast; clock: {theirs.clock / ours.clock:.1f}"
        )


if __name__ == "__main__":
    main()
