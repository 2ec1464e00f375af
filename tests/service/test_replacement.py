"""A daemon whose store is deleted, moved or replaced stops acting, says so, and ends; nobody makes a new one."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from conftest import put
from familiar.state import LOCK_NAME
from familiar.store.store import STORE_NAME
from support.household import Household, Running, command
from support.log import check_events, events_in, names

PATIENCE = 15.0


def deleted(household: Household) -> Path:
    (household.state / STORE_NAME).unlink()
    return household.state / STORE_NAME


def with_all_its_files_deleted(household: Household) -> Path:
    for path in household.state.glob(f"{STORE_NAME}*"):
        path.unlink()
    return household.state / STORE_NAME


def replaced(household: Household) -> Path:
    path = household.state / STORE_NAME
    shutil.copy(path, household.base / "backup.db")
    (household.base / "backup.db").rename(path)
    return path


def with_its_folder_moved(household: Household) -> Path:
    household.state.rename(household.base / "elsewhere")
    return household.state / STORE_NAME


def with_its_log_deleted(household: Household) -> Path:
    path = household.state / f"{STORE_NAME}-wal"
    path.unlink()
    return path


def with_its_lock_deleted(household: Household) -> Path:
    path = household.state / LOCK_NAME
    path.unlink()
    return path


HARMS = [
    deleted,
    with_all_its_files_deleted,
    replaced,
    with_its_folder_moved,
    with_its_log_deleted,
    with_its_lock_deleted,
]


def ended(daemon: Running) -> int:
    return daemon.process.wait(PATIENCE)


@pytest.mark.parametrize("harm", HARMS)
def test_a_daemon_at_rest_notices_that_its_store_is_not_in_place_and_ends(
    household: Household, obama: Path, harm: Callable[[Household], Path]
) -> None:
    household.rule({"name": "tidy", "then": [{"move": f"{household.out}/"}]})
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        path = harm(household)
        put(obama, household.inbox)
        assert ended(daemon) == 1
    (told,) = daemon.events("store.replaced")
    assert told["path"] == str(path)
    assert told["reason"] in {"was deleted or moved away", "was replaced by another file"}
    assert names(daemon.events())[-2:] == ["service.stopped", "service.error"]
    (error,) = daemon.events("service.error")
    assert error["error"].startswith(
        f"{path}: {told['reason']} while familiar was running. All work was stopped. Restore"
    )
    assert set(household.tree(household.inbox, household.out)) == {"inbox/obama.jpg"}
    assert daemon.events("store.failed") == []


def test_what_is_under_way_when_the_store_goes_is_not_acted_on(household: Household, astronaut: Path) -> None:
    with Image.open(astronaut) as image:
        for number in range(12):
            image.rotate(number, expand=True).save(household.inbox / f"{number:02}.png")
    household.rule({"name": "tidy", "then": [{"move": f"{household.out}/"}]})
    with household.running() as daemon:
        daemon.wait_for("operation.done")
        deleted(household)
        gone_at = time.monotonic()
        moved = len(list(household.out.glob("*.png")))
        assert ended(daemon) == 1
        assert time.monotonic() - gone_at < PATIENCE
    places = [Path(path).parent.name for path in household.tree(household.inbox, household.out)]
    assert len(places) == 12  # none is half done
    assert places.count("out") <= moved + 1  # what had begun as the store went was completed
    assert len(daemon.events("store.replaced")) == 1


def test_a_scan_ends_too_and_says_what_to_do(household: Household, astronaut: Path) -> None:
    with Image.open(astronaut) as image:
        for number in range(8):
            image.rotate(number, expand=True).save(household.inbox / f"{number}.png")
    scan = command("scan", "--log-format", "json", "--log-level", "info")
    with subprocess.Popen(scan, env=household.whole_environment(), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if '"photo.seen"' in line and (household.state / STORE_NAME).exists():
                deleted(household)
    check_events("".join(lines))
    assert process.returncode == 1
    assert "store.replaced" in names(events_in("".join(lines)))
    assert lines[-1].startswith(f"error: {household.state / STORE_NAME}: was deleted or moved away while ")


def test_the_service_manager_is_told_why_the_daemon_ends(household: Household) -> None:
    address = household.base / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(PATIENCE)
        household.environment = {"NOTIFY_SOCKET": str(address)}
        with household.running() as daemon:
            while manager.recv(500) != b"READY=1":
                pass
            path = deleted(household)
            received: list[bytes] = []
            while not received or received[-1] != b"STOPPING=1":
                received.append(manager.recv(500))
            assert received[-2].decode() == f"STATUS=stopped: {path} was deleted or moved away"
            assert ended(daemon) == 1


@pytest.mark.parametrize("harm", [deleted, with_all_its_files_deleted])
def test_a_daemon_that_is_started_again_makes_no_new_store_in_the_place_of_one_that_was_lost(
    household: Household, obama: Path, harm: Callable[[Household], Path]
) -> None:
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        path = harm(household)
        assert ended(daemon) == 1
    for arguments in (("run",), ("scan",), ("people", "add", "Barack Obama", obama)):
        result = household.refused(*arguments)
        assert result.returncode == 1
        assert not path.exists()
    assert "Restore it or a backup. To start a new, empty store" in household.call("run", check=False).stderr
    (found,) = (one for one in household.json("doctor", check=False) if one["subject"] == "store")
    assert (found["verdict"], path.exists()) == ("bad", False)
    (household.state / LOCK_NAME).unlink()
    for left in household.state.glob(f"{STORE_NAME}-*"):
        left.unlink()
    household.scan()
    assert household.json("status")["files"] == {}


def test_a_backup_that_is_put_in_the_place_of_a_lost_store_is_taken_as_it_is(household: Household, obama: Path) -> None:
    household.ask("people", "add", "Barack Obama", obama)
    shutil.copy(household.state / STORE_NAME, household.base / "backup.db")
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        household.ask("people", "rename", "Barack Obama", "Somebody Else")
        (household.base / "backup.db").rename(household.state / STORE_NAME)
        assert ended(daemon) == 1
    with household.running() as daemon:
        assert daemon.wait_for("service.started")["people"] == 1
        daemon.wait_for("service.ready")
        assert daemon.stop() == 0
    assert [person["name"] for person in household.json("people", "list")] == ["Barack Obama"]


def test_of_two_daemons_one_of_which_lost_its_lock_only_the_other_one_stays(household: Household) -> None:
    with household.running() as first:
        first.wait_for("service.ready")
        (household.state / LOCK_NAME).unlink()
        with household.running() as second:
            second.wait_for("service.ready")
            assert ended(first) == 1
            assert first.events("store.replaced")[0]["path"] == str(household.state / LOCK_NAME)
            assert second.process.poll() is None
            assert household.json("status")["pid"] == second.process.pid
            assert second.stop() == 0


def test_a_store_that_is_gone_ends_the_daemon_though_it_could_not_be_written_before(household: Household) -> None:
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        os.kill(daemon.process.pid, signal.SIGSTOP)
        shutil.rmtree(household.state)
        os.kill(daemon.process.pid, signal.SIGCONT)
        assert ended(daemon) == 1
    assert len(daemon.events("store.replaced")) == 1
    assert not household.state.exists()
