"""The daemon has faces grouped from time to time."""

import time
from contextlib import suppress
from pathlib import Path

from conftest import put
from support.household import Household


def test_the_daemon_groups_new_faces_when_the_work_is_done_and_again_only_for_new_ones(
    household: Household, obama: Path, obama2: Path
) -> None:
    household.configure({"clustering": {"every": 0.0003}})  # about a second
    for photo in (obama, obama2):
        put(photo, household.inbox)
    with household.running() as daemon:
        daemon.wait_for("clusters.updated", fresh=1, grouped=2)
        # two rounds if the first photo was done before the second had settled
        rounds = daemon.events("clusters.updated")
        assert sum(found["grouped"] for found in rounds) == 2
        time.sleep(4)  # several times the second in which there would be another round
        assert daemon.events("clusters.updated") == rounds
        put(obama, household.inbox, "again.jpg")  # the same content is no new face
        assert [row["faces"] for row in household.json("clusters", "list")] == [2]
        assert daemon.stop() == 0


def test_a_round_that_fails_is_logged_and_the_daemon_goes_on(household: Household, obama: Path, biden: Path) -> None:
    household.configure({"clustering": {"every": 0.0003}})
    put(obama, household.inbox)
    with household.running() as daemon:
        daemon.wait_for("photo.seen")
        household.config.write_text("clustering: {every: soon}")  # what the round will read
        daemon.wait_for("clusters.failed")
        put(biden, household.inbox)
        daemon.wait_for("photo.seen", count=2)
        assert daemon.stop() == 0


def command_lines() -> list[str]:
    """The command lines of all processes."""
    lines = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            lines.append(process.read_text(errors="replace"))
    return lines


def test_a_round_is_broken_off_when_the_daemon_stops(household: Household, obama: Path) -> None:
    household.configure({"clustering": {"every": 0.0003}})
    put(obama, household.inbox)
    with household.running() as daemon:
        daemon.wait_for("photo.seen")
        started = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - started < 10
    assert [line for line in command_lines() if str(household.state) in line] == []
