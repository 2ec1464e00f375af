"""Measure the first scan of a large library: memory as it grows, a kill halfway, and the order of the folders.

    uv run python tests/benchmarks/first_scan.py FOLDER [--photos 100000] [--folders 1000] [--edge 125]

The photos of the folder are reduced and copied with other last bytes until there are enough. The daemon handles them;
halfway it is killed, and started again. A row is printed for each tenth: memory of the daemon's process, of all
processes together, and photos a second.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from io import BytesIO
from itertools import pairwise
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.peers.measuring import memory_of
from support.household import Household, Running

_ROWS = 10


def make_photos(originals: list[Path], root: Path, count: int, folders: int, edge: int) -> None:
    """Make so many different photos in so many folders."""
    reduced = []
    for path in originals:
        with Image.open(path) as image:
            image.thumbnail((edge, edge))
            data = BytesIO()
            image.convert("RGB").save(data, "JPEG", quality=90)
        reduced.append(data.getvalue())
    for number in range(count):
        folder = root / f"{number * folders // count:05}"
        folder.mkdir(exist_ok=True)
        (folder / f"IMG_{number:07}.jpg").write_bytes(reduced[number % len(reduced)] + number.to_bytes(4, "big"))


def resident(pid: int) -> float:
    """Return the MiB that a process has in memory of its own and shared."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


def follow(daemon: Running, before: int, until: int, step: int, seen: list[Path]) -> None:
    """Print a row for each step, until so many photos are seen."""
    told, began = before, time.monotonic()
    start = len(seen)
    while len(seen) < until:
        time.sleep(0.5)
        events = daemon.events("photo.seen")
        seen[start:] = [Path(event["path"]) for event in events]
        if len(seen) >= told + step:
            rate = (len(seen) - told) / (time.monotonic() - began)
            pid = daemon.process.pid
            print(f"| {len(seen):,} | {resident(pid):.0f} | {memory_of(pid):.0f} | {rate:.1f} |", flush=True)
            told, began = len(seen), time.monotonic()
        assert daemon.process.poll() is None, daemon.log.read_text()[-2000:]


def measure(household: Household, photos: int) -> None:
    seen: list[Path] = []
    print("| photos | MiB of the daemon | MiB of all processes | photos/s |\n| --- | --- | --- | --- |", flush=True)
    with household.running() as daemon:
        follow(daemon, 0, photos // 2, photos // _ROWS, seen)
        daemon.send(signal.SIGKILL)
        daemon.process.wait()
        seen[:] = [Path(event["path"]) for event in daemon.events("photo.seen")]
    print("killed, and started again", flush=True)
    with household.running() as daemon:
        follow(daemon, len(seen), photos, photos // _ROWS, seen)
    again = len(seen) - len(set(seen))
    changes = sum(one.parent != other.parent for one, other in pairwise(seen))
    back = sum(one.parent > other.parent for one, other in pairwise(seen))
    folders = len({path.parent for path in seen})
    print(
        f"\n{len(set(seen)):,} photos, {again} of them analysed twice; {folders:,} folders, {changes:,} changes of the"
    )
    print(f"{changes:,} changes of the folder from one photo to the next, {back} of them back to an earlier one")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--folders", type=int, default=1_000)
    parser.add_argument("--edge", type=int, default=125, help="the longer side in pixels")
    options = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="familiar-benchmark-"))
    try:
        household = Household(base=base, settle=0.5)
        household.configure({"vision": {}})
        originals = sorted(options.folder.rglob("*.jpg"))[:500]
        make_photos(originals, household.inbox, options.photos, options.folders, options.edge)
        measure(household, options.photos)
    finally:
        shutil.rmtree(base)


if __name__ == "__main__":
    main()
