"""What a small scan and an idle daemon cost, in counts that do not depend on the machine.

If a count falls, lower it here. If it rises, say in the commit why that is worth it.
"""

import shutil
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from faults.shim import armed, build, calls_in, compiler
from support import call_counter
from support.household import Household
from support.process_tree import wakeups

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler is there")

OF_A_SCAN = {
    "pictures decoded": 2,
    "files read to decode them": 2,
    "runs of a network": 8,
    "tasks of a worker": 5,
    "SQL statements": 58,
    "fsync of familiar.db": 1,
    "fsync of state": 1,
}
"""Two photos with a face each. A copy of one would have more or fewer statements, by when it comes."""

MOST_FSYNCS = 15
"""Of familiar.db-wal; usually 13, and one more for each turn that a file settles later than the other."""

MOST_IN_A_TURN, MOST_BESIDE = 14, 8
"""SQL statements of a turn in which nothing has changed, and of looks at folders and disks, every five seconds."""

MOST_WAKEUPS = 2.0
"""A second, of all processes of an idle daemon."""


@pytest.fixture
def counted(tmp_path: Path) -> Household:
    """A household whose processes count what they do."""
    (tmp_path / "first").mkdir()
    shutil.copy(call_counter.__file__, tmp_path / "first" / "sitecustomize.py")
    (tmp_path / "household").mkdir()
    household = Household(base=tmp_path / "household")
    household.make_store()
    household.environment = {
        call_counter.FILE: str(tmp_path / "calls"),
        "PYTHONPATH": str(tmp_path / "first"),
    }
    return household


def counts(household: Household) -> Counter[str]:
    return Counter(Path(household.environment[call_counter.FILE]).read_text().splitlines())


def risen(found: Mapping[str, int], expected: Mapping[str, int]) -> list[str]:
    return [
        f"{name}: {found.get(name, 0)} instead of {count}"
        for name, count in expected.items()
        if found.get(name, 0) != count
    ]


def test_a_small_scan_decodes_runs_networks_asks_the_store_and_waits_for_the_disk_as_often_as_before(
    counted: Household, obama: Path, biden: Path, tmp_path: Path
) -> None:
    for name, photo in {"obama.jpg": obama, "biden.jpg": biden}.items():
        shutil.copy(photo, counted.inbox / name)
    log = tmp_path / "fsyncs"
    counted.environment |= armed(build(tmp_path), [counted.state], None, log) | {"FAULT_CALLS": "fsync"}
    counted.call("scan")
    found = counts(counted) + Counter(f"fsync of {Path(call.one).name}" for call in calls_in(log))
    assert risen(found, OF_A_SCAN) == []
    assert found["fsync of familiar.db-wal"] <= MOST_FSYNCS


def test_an_idle_daemon_hardly_wakes_and_asks_the_store_little(counted: Household, obama: Path) -> None:
    shutil.copy(obama, counted.inbox)
    counted.configure({"review": {"serve": True, "port": 0}})
    with counted.running() as daemon:
        daemon.wait_for("review.served")
        daemon.wait_for("photo.seen")
        pid, seconds = daemon.process.pid, 4
        quiet_from = time.monotonic() + 60
        while time.monotonic() < quiet_from:  # the page counts everything at first, workers load, a heartbeat looks
            begin, before, woken = time.monotonic(), counts(counted), wakeups(pid)
            time.sleep(seconds)
            after, woken_since = counts(counted), wakeups(pid)
            rate = sum(n - woken.get(thread, 0) for thread, n in woken_since.items()) / (time.monotonic() - begin)
            turns = after["turns"] - before["turns"]
            statements = after["SQL statements of turns"] - before["SQL statements of turns"]
            most = MOST_IN_A_TURN * turns + MOST_BESIDE
            if rate <= MOST_WAKEUPS and statements <= most:
                break
    assert rate <= MOST_WAKEUPS, f"{rate:.1f} wake-ups a second"
    assert statements <= most, f"{statements} SQL statements in {turns} turns"
