"""Compare a whole scan with `face_recognition --cpus`: photos a second, and faces found.

    uv run python tests/benchmarks/scanning.py FOLDER... [--truth FILE] [--megapixels N] [--most N]

All photos of the folders are in one folder for both, copied; each command is timed from its start to its end, the
loading of networks included. `--truth` names a table as in `tests/support/ground_truth.py`, of files in the folders.
The peer gets one photo of a person to look for, as it needs one, and leaves out what is no JPEG or PNG.
"""

import argparse
import csv
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
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


def enlarge(photo: Path, megapixels: float) -> None:
    """Make a photo a JPEG of this size, as a camera of so many megapixels gives."""
    with Image.open(photo) as image:
        upright = image.convert("RGB")
    factor = (megapixels * 1e6 / (upright.width * upright.height)) ** 0.5
    size = (round(upright.width * factor), round(upright.height * factor))
    upright.resize(size, Image.Resampling.BICUBIC).save(photo.with_suffix(".jpg"), "JPEG", quality=90)
    if photo.suffix != ".jpg":
        photo.unlink()


def run(command: list[str]) -> tuple[float, str]:
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    return time.perf_counter() - begin, done.stdout + done.stderr


def boxes_in(store: Path) -> dict[str, list[Box]]:
    """Return the boxes of all faces by the name of their file."""
    db = sqlite3.connect(store)
    rows = db.execute(
        "SELECT files.name, box_left, box_top, box_right, box_bottom FROM faces "
        "JOIN files ON files.photo_id = faces.photo_id"
    )
    found: dict[str, list[Box]] = {}
    for name, left, top, right, bottom in rows:
        box = Box(left=left, top=top, right=right, bottom=bottom)
        found.setdefault(os.fsdecode(name), []).append(box)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--cpus", default=str(len(os.sched_getaffinity(0))))
    parser.add_argument("--megapixels", type=float, help="enlarge all photos to so many, as JPEGs")
    parser.add_argument("--most", type=int, help="take no more photos than so many")
    parser.add_argument("--without-peer", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        photos, known = base / "photos", base / "known"
        photos.mkdir()
        known.mkdir()
        shutil.copy(package_photos() / "obama.jpg", known)
        origins = gather(options.folders, photos, options.most)
        if options.megapixels is not None:
            for photo in list(photos.iterdir()):
                enlarge(photo, options.megapixels)
        print(f"{len(origins)} photos")
        for command in ("familiar", "face_recognition"):
            run([command, "--help"])  # modules are compiled, and read from the disk
        time.sleep(6)  # as photos that have lain there: the daemon waits for those that may still be written
        ours, log = run(["familiar", "--state", str(base / "state"), "scan", str(photos)])
        found = boxes_in(base / "state" / "familiar.db")
        print(f"familiar scan: {ours:.1f} s, {len(origins) / ours:.1f} photos/s, faces in {len(found)} photos")
        if "set_aside" in log:
            print(log[-300:])
        if options.truth is not None:
            hits = [
                compare(found.get(copy.name, []), points)
                for path, points in read_truth(options.truth).items()
                for copy, origin in origins.items()
                if origin.resolve() == path.resolve()
            ]
            print(f"of the true faces {sum(hit for hit, _ in hits)} found, {sum(over for _, over in hits)} extra")
        if options.without_peer:
            return
        theirs, output = run(["face_recognition", "--cpus", options.cpus, str(known), str(photos)])
        rows = [row for row in csv.reader(output.splitlines()) if len(row) > 1]
        with_faces = len({path for path, person in rows if person != "no_persons_found"})
        print(f"face_recognition: {theirs:.1f} s, {len(origins) / theirs:.1f} photos/s, faces in {with_faces} photos")
        print(f"{theirs / ours:.1f} times as fast")


if __name__ == "__main__":
    main()
