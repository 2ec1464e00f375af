"""Measure the daemon on very many files in one folder, and on very many folders.

    uv run python tests/benchmarks/large_folders.py --photo face.jpg [--files 1000000] [--folders 100000] [--in FOLDER]

The files are no pictures, and are set aside in a moment. The daemon finds them, is killed, and finds that they are
known; then a photo arrives, a thousand folders are removed, and the folder with all the files is renamed. A row is
printed for each step: seconds until it is done, processor seconds of the daemon's process, most memory that it has, and
how many of its heartbeats, one a second, tell that it fails, as they do when one call holds the loop for ten seconds.
"""

import argparse
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.household import Household, Running
from support.process_tree import processor_seconds

_HEARTBEAT = 1.0


def make_files(root: Path, files: int, folders: int) -> None:
    """Make the files of one folder, and folders of one file each, a thousand in each folder above them."""
    (root / "one").mkdir()
    for number in range(files):
        (root / "one" / f"IMG_{number:07}.jpg").write_bytes(b"%d" % number)
    for number in range(folders):
        folder = root / "many" / f"{number // 1000:03}" / f"{number:06}"
        folder.mkdir(parents=True)
        (folder / "a.jpg").write_bytes(b"in a folder of its own: %d" % number)


class Steps:
    """Prints what steps cost a daemon."""

    def __init__(self, household: Household, daemon: Running) -> None:
        self._store = household.state / "familiar.db"
        self._daemon = daemon

    def measure(self, step: str, is_done: Callable[[], bool]) -> None:
        """Wait until a step is done, and print its row."""
        begun, used, beats = time.monotonic(), self._processor(), len(self._beats())
        while not is_done():
            time.sleep(0.2)
            assert self._daemon.process.poll() is None, self._daemon.log.read_text()[-2000:]
        seconds, used = time.monotonic() - begun, self._processor() - used
        found = self._beats()[beats:]
        memory = max((beat["memory"] for beat in found), default=0)
        failing = sum(beat["state"] == "failing" for beat in found)
        print(f"| {step} | {seconds:.1f} | {used:.1f} | {memory / 1e6:.0f} | {failing} |", flush=True)

    def count(self, state: str) -> int:
        """Count files in the store that are in a state."""
        with closing(sqlite3.connect(f"file:{self._store}?mode=ro", uri=True)) as store:
            return int(store.execute("SELECT count(*) FROM files WHERE state = ?", (state,)).fetchone()[0])

    def events(self, name: str) -> int:
        """Count events of a name in the log."""
        return self._daemon.log.read_bytes().count(f'"event": "{name}"'.encode())

    def _beats(self) -> list[dict[str, Any]]:
        return self._daemon.events("service.heartbeat")

    def _processor(self) -> float:
        return processor_seconds([self._daemon.process.pid])


def measure(household: Household, photo: Path, files: int, folders: int) -> None:
    """Let a daemon find all files, and another one find them known; then change much."""
    root = household.inbox
    print("| step | seconds | processor s | MB | heartbeats that fail |\n| --- | --- | --- | --- | --- |", flush=True)
    with household.running() as daemon:
        steps = Steps(household, daemon)
        steps.measure("watched", lambda: steps.events("watch.started") > 0)
        steps.measure("all found", lambda: steps.events("root.scanned") > 0)
        steps.measure("all complete", lambda: steps.count("settling") == 0)
        daemon.send(signal.SIGKILL)
        daemon.process.wait()
    with household.running() as daemon:
        steps = Steps(household, daemon)
        steps.measure("started again: watched", lambda: steps.events("watch.started") > 0)
        steps.measure("started again: all compared", lambda: steps.events("root.scanned") > 0)
        (root / "one" / "arrived.jpg").write_bytes(photo.read_bytes())
        steps.measure("a photo arrives", lambda: steps.events("photo.seen") > 0)
        shutil.rmtree(root / "many" / "000")
        steps.measure("1,000 folders removed", lambda: steps.events("file.gone") >= min(folders, 1000))
        (root / "one").rename(root / "renamed")
        steps.measure("the folder renamed", lambda: steps.count("gone") > files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, required=True)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--folders", type=int, default=100_000)
    parser.add_argument("--in", dest="top", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="familiar-benchmark-", dir=options.top))
    try:
        household = Household(base=base, settle=0.5)
        household.configure({"log": {"heartbeat": _HEARTBEAT}})
        make_files(household.inbox, options.files, options.folders)
        measure(household, options.photo, options.files, options.folders)
    finally:
        shutil.rmtree(base)


if __name__ == "__main__":
    main()
