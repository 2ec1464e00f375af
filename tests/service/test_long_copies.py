"""A large file is moved to another disk while the daemon goes on."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.household import Household, Running
from support.log import names
from support.mounts import mounted

LARGE = 384 << 20


@pytest.fixture
def disk(household: Household) -> Iterator[Path]:
    """Another file system, to which large photos are moved."""
    with mounted(household.out, "size=450m"):
        household.rule({"name": "tidy", "when": {"path": "*/large.jpg"}, "then": [{"move": f"{household.out}/"}]})
        yield household.out


def put_large(photo: Path, household: Household) -> Path:
    """Put a photo with many zeros at its end, which decoders do not read."""
    path = Path(shutil.copy(photo, household.base / "large.jpg"))
    os.truncate(path, LARGE)
    return path.rename(household.inbox / "large.jpg")


def await_copy(daemon: Running, disk: Path) -> Path:
    """Wait until a part of a file is on the disk, and return it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for path in disk.iterdir():
            if path.stat().st_size > LARGE // 8:
                return path
        time.sleep(0.001)
    raise AssertionError(names(daemon.events()))


def test_while_a_large_file_is_copied_other_photos_are_handled_and_it_beats(
    household: Household, disk: Path, obama: Path, meadow: Path
) -> None:
    household.configure({"log": {"heartbeat": 1}})
    put_large(obama, household)
    with household.running() as daemon:
        await_copy(daemon, disk)
        shutil.copy(meadow, household.inbox)
        daemon.wait_for("operation.done", kind="move")
        daemon.wait_for("photo.seen", path=str(household.inbox / meadow.name))
        told = names(daemon.events())
        assert told.index("file.found", told.index("plan.made")) < told.index("operation.done")
    assert [(path.name, path.stat().st_size) for path in disk.iterdir()] == [("large.jpg", LARGE)]
    assert sorted(path.name for path in household.inbox.iterdir()) == [meadow.name]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_daemon_that_is_stopped_or_killed_while_it_copies_begins_anew(
    household: Household, disk: Path, obama: Path, number: signal.Signals
) -> None:
    photo = put_large(obama, household)
    with household.running() as daemon:
        await_copy(daemon, disk)
        started = time.monotonic()
        daemon.send(number)
        daemon.process.wait(30)
        assert time.monotonic() - started < 10
    assert photo.stat().st_size == LARGE
    if number is signal.SIGTERM:
        assert list(disk.iterdir()) == []
        assert daemon.events("service.stopped")
    with household.running() as daemon:
        daemon.wait_for("operation.done", kind="move")
    assert [(path.name, path.stat().st_size) for path in disk.iterdir()] == [("large.jpg", LARGE)]
    assert list(household.inbox.iterdir()) == []


def test_a_stop_interrupts_the_copy_with_which_a_start_begins(household: Household, disk: Path, obama: Path) -> None:
    photo = put_large(obama, household)
    for _ in range(2):
        with household.running() as daemon:
            await_copy(daemon, disk)
            assert daemon.stop() == 0
            assert daemon.events("service.stopped")
            assert not daemon.events("operation.done")
        assert photo.stat().st_size == LARGE
        assert list(disk.iterdir()) == []
    assert not daemon.events("service.ready")
