"""The daemon has faces grouped from time to time."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

from conftest import put
from familiar.jobs.grouper import Grouper
from familiar.settings import ClusteringSettings
from support.album import ANN, MODEL, Album, embedding
from support.household import Household
from support.log import CheckedLog


def test_no_round_is_started_before_there_is_a_face(tmp_path: Path) -> None:
    now = [1000.0]
    with Album.at(tmp_path) as album:
        grouper = Grouper(
            store=album.store,
            settings=ClusteringSettings(every=1),
            model=MODEL,
            command=["true"],
            log=CheckedLog(),
            clock=lambda: now[0],
        )

        async def is_started() -> bool:
            now[0] += 61
            await grouper.advance(now[0])
            started = not grouper.is_idle
            await grouper.close()
            return started

        assert not asyncio.run(is_started())
        album.photo(embedding(ANN))
        assert asyncio.run(is_started())


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
