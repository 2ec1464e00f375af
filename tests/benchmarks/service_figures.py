"""Measure the daemon: rescans, idleness, latency, wake-ups.

    uv run python tests/benchmarks/service_figures.py [--files 100000]

Makes a tree of small files below a temporary folder, marks them as known, and prints a table. Peers, in the same run:
`find -size` for a walk with one stat a file, and an idle Python process with a timer for idleness.
"""

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from familiar.store.store import Store
from support.household import Household, Running
from support.photos import package_photos
from support.process_tree import processor_seconds, wakeups


def make_tree(root: Path, files: int, folders: int) -> None:
    for number in range(folders):
        folder = root / f"{number // 100:03}" / f"{number:05}"
        folder.mkdir(parents=True)
        for index in range(files // folders):
            (folder / f"IMG_{index:06}.jpg").write_bytes(b"")


def mark_all_done(state: Path) -> None:
    with Store(state / "familiar.db") as store, store.writing():
        store._db.conn.execute("UPDATE files SET state = 'done', due = NULL")


def memory(pid: int, key: str) -> float:
    """Return a figure of /proc/PID/status in MiB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(key + ":"))
    return int(line.split()[1]) / 1024


def rescan(base: Path, files: int, folders: int) -> None:
    base.mkdir()
    household = Household(base=base, settle=3600)
    make_tree(household.inbox, files, folders)
    with household.running("--log-level", "info") as daemon:
        daemon.wait_for("root.scanned", within=300)
    mark_all_done(household.state)
    walk = f"find {household.inbox} -type f -size -1000000k -printf '' "
    begin = time.monotonic()
    subprocess.run(walk, shell=True, check=True)
    peer = time.monotonic() - begin
    with household.running("--log-level", "info") as daemon:
        found = [daemon.wait_for("root.scanned", within=60)]
        before = memory(daemon.process.pid, "VmHWM")
        for number in range(2, 5):
            daemon.send(__import__("signal").SIGHUP)
            found.append(daemon.wait_for("root.scanned", count=number, within=60))
        seconds = statistics.median(event["seconds"] for event in found)
        peak = memory(daemon.process.pid, "VmHWM")
        print(f"rescan of {files} unchanged files in {folders} folders: {seconds:.2f} s (median of 4), ", end="")
        print(f"find with a stat a file: {peer:.2f} s; peak {peak:.0f} MiB, {before:.0f} after the first")
        idle(daemon, files)


def idle(daemon: Running, files: int) -> None:
    pid, seconds = daemon.process.pid, 30
    time.sleep(3)
    peer = subprocess.Popen([sys.executable, "-c", "import time\nwhile True: time.sleep(1)"])
    before, other = processor_seconds([pid]), processor_seconds([peer.pid])
    time.sleep(seconds)
    used, other = processor_seconds([pid]) - before, processor_seconds([peer.pid]) - other
    peer.kill()
    peer.wait()
    print(f"idle with {files} files watched: {100 * used / seconds:.2f} % of a core ", end="")
    print(f"(a sleeping Python: {100 * other / seconds:.2f} %), {memory(pid, 'VmRSS'):.0f} MiB")


def idle_wakeups(base: Path, seconds: int = 30) -> None:
    """Tell how often the threads of all processes of a daemon wake: with idle workers, and with the review page."""
    base.mkdir()
    household = Household(base=base, settle=0.5)
    household.configure({"review": {"serve": True, "port": 0}, "vision": {"workers": 2}})
    with household.running() as daemon:
        shutil.copy(package_photos() / "obama.jpg", household.inbox)
        daemon.wait_for("photo.seen")
        time.sleep(10)  # the page counts groups as it starts
        before = wakeups(daemon.process.pid)
        time.sleep(seconds)
        after = wakeups(daemon.process.pid)
    woken = sum(count - before.get(thread, 0) for thread, count in after.items()) / seconds
    processes = len({pid for pid, _ in after})
    print(f"idle, with 2 workers and the review page: {woken:.1f} wake-ups a second of all {processes} processes")


def baseline(base: Path) -> None:
    base.mkdir()
    household = Household(base=base, settle=3600)
    with household.running("--log-level", "info") as daemon:
        daemon.wait_for("root.scanned")
        time.sleep(1)
        print(f"an empty root: peak {memory(daemon.process.pid, 'VmHWM'):.0f} MiB")


def latency(base: Path, photos: int = 12) -> None:
    base.mkdir()
    household = Household(base=base, settle=1.0)
    household.rule({"name": "tidy", "then": [{"move": f"{household.out}/"}]})
    source = package_photos() / "obama2.jpg"
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        for number in range(photos):
            path = household.inbox / f"{number}.jpg"
            path.write_bytes(source.read_bytes() + bytes([number]))
            daemon.wait_for("operation.done", count=number + 1)
        pending, done = daemon.events("file.pending"), daemon.events("operation.done")
    waits = [_seconds(end["time"]) - _seconds(begin["time"]) for begin, end in zip(pending, done, strict=True)]
    print(f"settled to moved: median {statistics.median(waits):.2f} s, first {waits[0]:.2f} s (the models are loaded)")


def _seconds(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    files = parser.parse_args().files
    base = Path(tempfile.mkdtemp(prefix="familiar-benchmark-"))
    try:
        baseline(base / "empty")
        rescan(base / "wide", files, 1000)
        rescan(base / "flat", files, 1)
        latency(base / "latency")
        idle_wakeups(base / "wakeups")
    finally:
        shutil.rmtree(base)
    print(f"(peak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB)")


if __name__ == "__main__":
    main()
