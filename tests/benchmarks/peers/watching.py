"""Notice new files in a large tree: familiar's daemon, watchdog's polling, and `find -newer` once a second."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.measuring import PYTHON, Cost, Row, Task, memory_of
from benchmarks.service_figures import make_tree, mark_all_done
from support.household import Household
from support.process_tree import processor_seconds, tree_of

_FOLDERS = 200
_IDLE = 20.0
"""Seconds in which nothing happens."""
_WAIT = 6.0
"""Seconds after the arrivals."""
_EACH = 10
"""Files that are written, and as many that are moved in with a time of last year."""

_POLLING = """
import sys, time
from watchdog.events import FileSystemEventHandler
from watchdog.observers.polling import PollingObserver

class Told(FileSystemEventHandler):
    def on_created(self, event):
        print(event.src_path, flush=True)

observer = PollingObserver(timeout=1)
observer.schedule(Told(), sys.argv[1], recursive=True)
observer.start()
print("ready", flush=True)
time.sleep(3600)
"""

_FIND = """
touch -d @$(($(date +%s) - 2)) "$2/stamp"
echo ready
while :; do
    touch "$2/next"
    find "$1" -type f -newer "$2/stamp"
    mv "$2/next" "$2/stamp"
    sleep 1
done
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """A process that watches, and what it has printed."""

    process: "subprocess.Popen[bytes]"
    output: Path


@contextmanager
def watching(command: list[str], output: Path) -> Iterator[Watcher]:
    with output.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL)
    try:
        while b"ready" not in output.read_bytes():
            time.sleep(0.1)
        yield Watcher(process=process, output=output)
    finally:
        process.kill()
        process.wait()


@contextmanager
def daemon(household: Household, files: int) -> Iterator[Watcher]:
    """Run the daemon, which knows all files already."""
    with household.running("--log-level", "info") as first:
        first.wait_for("root.scanned", within=300)
    mark_all_done(household.state)
    with household.running() as running:
        running.wait_for("root.scanned", within=300)
        yield Watcher(process=running.process, output=running.log)


def measure(watcher: Watcher, root: Path, base: Path) -> tuple[Cost, str]:
    """Return the cost of some idle seconds, and which arrivals were noticed."""
    pid = watcher.process.pid
    time.sleep(3)
    before, dead = processor_seconds(tree_of(pid)), _ended_children(pid)
    time.sleep(_IDLE)
    used = processor_seconds(tree_of(pid)) - before + _ended_children(pid) - dead
    memory, (written, moved) = memory_of(pid), arrive(root, base)
    time.sleep(_WAIT)
    printed = watcher.output.read_text(errors="replace")
    accuracy = (
        f"{sum(name in printed for name in written)} of {len(written)} written files noticed, "
        f"{sum(name in printed for name in moved)} of {len(moved)} moved in"
    )
    return Cost(clock=_IDLE, processor=used, memory=memory), accuracy


def _ended_children(pid: int) -> float:
    """Return the processor seconds of the children of a process that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def arrive(root: Path, base: Path) -> tuple[list[str], list[str]]:
    """Write files into the tree, and move others in; return their names."""
    folder, outside = next(path for path in root.rglob("*") if (path / "IMG_000000.jpg").exists()), base / "outside"
    shutil.rmtree(outside, ignore_errors=True)
    outside.mkdir()
    unique = time.monotonic_ns()
    written = [f"written-{unique}-{number}.jpg" for number in range(_EACH)]
    moved = [f"moved-{unique}-{number}.jpg" for number in range(_EACH)]
    for name in written:
        (folder / name).write_bytes(b"x")
    for name in moved:
        (outside / name).write_bytes(b"x")
        last_year = time.time() - 365 * 86400
        os.utime(outside / name, (last_year, last_year))
        (outside / name).rename(folder / name)
    return written, moved


def compare(base: Path, files: int) -> Task:
    """Let all programs watch the same tree, one after the other."""
    base.mkdir()
    household = Household(base=base, settle=3600)
    root = household.inbox
    make_tree(root, files, _FOLDERS)
    programs: dict[str, Callable[[], object]] = {
        "familiar run": lambda: daemon(household, files),
        "watchdog's PollingObserver, once a second": lambda: watching(
            [PYTHON, "-c", _POLLING, str(root)], base / "polling.txt"
        ),
        "find -newer, once a second": lambda: watching(
            ["bash", "-c", _FIND, "-", str(root), str(base)], base / "find.txt"
        ),
    }
    rows = []
    for program, start in programs.items():
        with start() as watcher:  # type: ignore[attr-defined]
            cost, accuracy = measure(watcher, root, base)
        rows.append(Row(program=program, cost=cost, accuracy=accuracy))
    work = f"{files:,} files in {_FOLDERS} folders: {_IDLE:g} s in which nothing happens, then {2 * _EACH} files arrive"
    return Task(name="Notice new files", work=work, rows=rows)
