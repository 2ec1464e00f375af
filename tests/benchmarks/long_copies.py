"""Measure the daemon while it moves a large file to another file system: heartbeats, other photos, the stop.

    sudo uv run python tests/benchmarks/long_copies.py [--gigabytes 12] [--folder /var/tmp]

The folder needs room for the copy; the file itself is sparse. The other file system is the folder again, mounted once
more, to which no rename leads.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.household import Household, Running
from support.photos import package_photos
from support.videos import write_video


def report(text: str) -> None:
    print(text, flush=True)


def longest_pause(daemon: Running) -> float:
    """Return the most seconds between two heartbeats."""
    beats = [datetime.fromisoformat(event["time"]) for event in daemon.events("service.heartbeat")]
    return max(((later - former).total_seconds() for former, later in pairwise(beats)), default=0.0)


def put_video(household: Household, photo: Path, size: int) -> None:
    """Put a short video into the inbox, with so much free space at its end (a box of ISO 14496-12)."""
    large = household.base / "large.mp4"
    write_video(large, [(photo, 2.0)])
    with large.open("r+b") as file:
        end = file.seek(0, 2)
        file.write(b"\0\0\0\1free" + (size - end).to_bytes(8, "big"))
        file.truncate(size)
    large.rename(household.inbox / "large.mp4")


def measure(household: Household, gigabytes: int) -> None:
    photo = package_photos() / "obama.jpg"
    household.configure({"log": {"heartbeat": 1}})
    household.rule({"name": "tidy", "when": {"path": "*/large.mp4"}, "then": [{"move": f"{household.out}/"}]})
    put_video(household, photo, gigabytes << 30)
    with household.running() as daemon:
        daemon.wait_for("plan.made", within=600)
        time.sleep(2)
        shutil.copy(package_photos() / "biden.jpg", household.inbox)
        asked = time.monotonic()
        daemon.wait_for("photo.seen", path=str(household.inbox / "biden.jpg"), within=600)
        report(f"a photo that came meanwhile: {time.monotonic() - asked:.1f} s")
        time.sleep(3)
        asked = time.monotonic()
        assert daemon.stop() == 0
        report(f"stop during the copy: {time.monotonic() - asked:.2f} s")
        report(f"longest time between two heartbeats until then: {longest_pause(daemon):.2f} s (every second)")
    with household.running() as daemon:
        began = time.monotonic()
        daemon.wait_for("service.ready", within=60)
        report(f"ready again: {time.monotonic() - began:.1f} s")
        daemon.wait_for("operation.done", within=1800)
        report(f"the move of {gigabytes} GiB, begun anew: {time.monotonic() - began:.0f} s")
        time.sleep(1.5)
        report(f"longest time between two heartbeats: {longest_pause(daemon):.2f} s (every second)")
    assert (household.out / "large.mp4").stat().st_size == gigabytes << 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=int, default=12)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        household = Household(base=Path(folder))
        household.out.mkdir()
        subprocess.run(["mount", "--bind", household.out, household.out], check=True)
        try:
            measure(household, arguments.gigabytes)
        finally:
            subprocess.run(["umount", household.out], check=True)


if __name__ == "__main__":
    main()
