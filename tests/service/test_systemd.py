import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from familiar.service.systemd import Notifier

UNITS = Path(__file__).parents[2] / "systemd"


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(2)
        yield receiver


def test_each_state_is_told_to_the_manager(tmp_path: Path, manager: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "10000000"})
    assert notifier.watchdog_seconds == 10
    notifier.ready()
    notifier.reloading()
    notifier.ping()
    notifier.status("idle")
    notifier.stopping()
    received = [manager.recv(200).decode() for _ in range(5)]
    assert received[0] == "READY=1"
    assert received[1].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert received[2:] == ["WATCHDOG=1", "STATUS=idle", "STOPPING=1"]


def test_a_watchdog_of_another_process_is_not_pinged(tmp_path: Path, manager: socket.socket) -> None:
    environment = {
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "1",
        "WATCHDOG_PID": str(os.getpid() + 1),
    }
    Notifier(environment).ping()
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.recv(200)


def test_without_a_manager_nothing_happens() -> None:
    notifier = Notifier({})
    notifier.ready()
    assert notifier.watchdog_seconds == 0


def test_a_manager_that_went_away_does_no_harm(tmp_path: Path) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()


def analyse(*arguments: str, runtime: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    environment = os.environ | {"XDG_RUNTIME_DIR": str(runtime)}
    return subprocess.run([program, *arguments], capture_output=True, text=True, env=environment, check=False)


def test_the_system_unit_is_valid(tmp_path: Path) -> None:
    result = analyse("verify", str(UNITS / "familiar.service"), runtime=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_user_unit_is_valid(tmp_path: Path) -> None:
    result = analyse("verify", "--user", str(UNITS / "user" / "familiar.service"), runtime=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_system_unit_is_hardened(tmp_path: Path) -> None:
    result = analyse("security", "--offline=true", str(UNITS / "familiar.service"), runtime=tmp_path)
    exposure = float(result.stdout.split("exposure level for familiar.service: ")[1].split()[0])
    assert exposure <= 2.0
