"""What an administrator does not plan: a clock that jumps, a full disk, a read-only /etc, a log that nobody reads."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from systemd.conftest import SETTINGS, Service

pytestmark = pytest.mark.long

CLOCK = Path(__file__).with_name("clock.c")
BEATING = f"{SETTINGS}log: {{heartbeat: 1}}\n"


def sorts(service: Service, photo: Path, name: str) -> None:
    """Put a photo into the watched folder, and wait until the service has moved it."""
    content = service.put(photo, name)
    moved = service.container.path(f"/srv/photos/album/{name}")
    service.wait(lambda: moved.exists() and moved.read_bytes() == content)


def is_ahead(service: Service, wanted: timedelta) -> bool:
    """Return whether the clock of the service is so far ahead, by its last heartbeat."""
    beat = service.events("service.heartbeat")[-1]
    ahead = datetime.fromisoformat(beat["time"]) - datetime.now(UTC)
    return abs(ahead - wanted) < timedelta(minutes=1)


def test_a_clock_that_jumps_by_a_day_and_back_by_two_stops_nothing(service: Service, obama: Path) -> None:
    """For the service alone: a container may not set the clock, which is that of the machine."""
    compiler = shutil.which("cc") or pytest.skip("there is no C compiler")
    shim = service.container.path("/opt/familiar/clock.so")
    command = [compiler, "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-O2", "-o", shim, CLOCK, "-ldl"]
    subprocess.run([str(word) for word in command], check=True)
    shift = "/etc/familiar/shift"
    service.container.write(shift, "0")
    service.configure(BEATING)
    service.drop_in(
        "test", "WatchdogSec=10", f"Environment=LD_PRELOAD=/opt/familiar/clock.so CLOCK_SHIFT={shift}", "RestartSec=1"
    )
    service.systemctl("restart", "familiar")
    pid = service.shown("MainPID")
    sorts(service, obama, "before.jpg")
    for days, name in ((1, "ahead.jpg"), (-1, "back.jpg"), (0, "after.jpg")):
        service.container.write(shift, str(86400 * days))
        service.wait(partial(is_ahead, service, timedelta(days=days)))
        sorts(service, obama, name)
    assert (service.shown("MainPID"), service.shown("NRestarts")) == (pid, "0")
    assert service.journal("-p", "warning", "-t", "familiar") == []
    service.systemctl("stop", "familiar")
    assert service.shown("Result") == "success"


@contextmanager
def small_var(service: Service) -> Iterator[Path]:
    """Put the state of the service on a small disk for a block; yield a file that fills it."""
    run = service.container.run
    service.systemctl("stop", "familiar")
    run("mkdir", "/var/small")
    run("mount", "-t", "tmpfs", "-o", "size=16m,mode=755", "none", "/var/small")
    run("cp", "-a", "/var/lib/familiar", "/var/small/familiar")
    run("mount", "--bind", "/var/small/familiar", "/var/lib/familiar")
    try:
        yield Path("/var/small/filler")
    finally:
        service.systemctl("stop", "familiar")
        run("umount", "/var/lib/familiar", "/var/small")
        run("rmdir", "/var/small")


def test_a_full_var_is_waited_for_when_the_service_runs_and_when_it_starts(service: Service, obama: Path) -> None:
    service.configure(BEATING)
    with small_var(service) as filler:
        fill = ("sh", "-c", f"cat /dev/zero > {filler} 2>/dev/null; true")
        service.systemctl("start", "familiar")
        pid = service.shown("MainPID")
        service.container.run(*fill)
        content = service.put(obama, "full.jpg")
        service.wait(lambda: bool(service.events("store.failed")))
        service.wait(lambda: service.shown("StatusText").startswith("failing: "))
        assert service.container.path("/srv/photos/inbox/full.jpg").read_bytes() == content
        service.container.run("rm", filler)
        service.wait(service.container.path("/srv/photos/album/full.jpg").exists)
        assert service.shown("MainPID") == pid
        service.systemctl("stop", "familiar")
        service.container.run(*fill)
        service.systemctl("start", "--no-block", "familiar")
        service.wait(lambda: service.shown("StatusText").startswith("waiting: "))
        assert service.shown("ActiveState") == "activating"
        service.container.run("rm", filler)
        service.wait(lambda: service.shown("ActiveState") == "active")
        assert service.shown("NRestarts") == "0"


def test_a_store_that_another_program_has_locked_is_waited_for_by_a_start(service: Service) -> None:
    service.systemctl("stop", "familiar")
    lock = (
        "import sqlite3, time; store = sqlite3.connect('/var/lib/familiar/familiar.db', isolation_level=None)\n"
        "store.execute('PRAGMA locking_mode = EXCLUSIVE'); store.execute('BEGIN EXCLUSIVE'); time.sleep(15)"
    )
    service.container.run("systemd-run", "--unit=lock", "--uid=familiar", "/opt/familiar/.venv/bin/python", "-c", lock)
    service.systemctl("start", "--no-block", "familiar")
    service.wait(lambda: service.shown("StatusText").startswith("waiting: "))
    assert "the store has been locked by another program" in service.shown("StatusText")
    service.wait(lambda: service.shown("ActiveState") == "active")
    assert service.shown("NRestarts") == "0"


def test_a_state_of_another_user_is_named_and_given_back_it_is_used(service: Service, obama: Path) -> None:
    service.systemctl("stop", "familiar")
    service.container.run("sh", "-c", "chown root:root /var/lib/familiar/familiar.db*; chmod 600 /var/lib/familiar/*")
    service.drop_in("test", "Restart=no")
    service.systemctl("start", "familiar", check=False)
    assert service.shown("ActiveState") == "failed"
    error = service.events("service.error")[-1]["error"]
    assert "it belongs to another user (uid 0)" in error
    service.container.run("chown", "-R", "familiar:familiar", "/var/lib/familiar")
    service.systemctl("start", "familiar")
    sorts(service, obama, "given-back.jpg")


def test_a_read_only_etc_is_no_obstacle_for_a_service_that_is_installed(service: Service, obama: Path) -> None:
    run = service.container.run
    run("mount", "--bind", "/etc", "/etc")
    run("mount", "-o", "remount,bind,ro", "/etc")
    try:
        service.systemctl("restart", "familiar")
        service.systemctl("reload", "familiar")
        sorts(service, obama, "read-only.jpg")
        refused = service.container.tried("familiar", "service", "upgrade")
        assert refused.returncode == 1
        assert "Read-only file system" in refused.stderr
        assert service.shown("ActiveState") == "active"
    finally:
        run("umount", "/etc")


def test_a_service_that_is_started_twice_runs_once(service: Service) -> None:
    pid = service.shown("MainPID")
    service.systemctl("start", "familiar")
    assert service.shown("MainPID") == pid
    second = service.container.tried("runuser", "-u", "familiar", "--", "familiar", "run", "--log-format", "json")
    assert second.returncode == 1
    assert f"familiar is already running on /var/lib/familiar (pid {pid})" in second.stderr
    unit = service.container.path("/etc/systemd/system/familiar.service").read_text()
    service.container.write("/etc/systemd/system/twin.service", unit.replace("RestartSec=5", "RestartSec=0"))
    service.systemctl("daemon-reload")
    service.systemctl("start", "twin", check=False)
    service.wait(lambda: service.systemctl("is-active", "twin", check=False).strip() == "failed")
    assert (service.shown("MainPID"), service.shown("ActiveState")) == (pid, "active")
    assert service.container.run("find", "/var/lib/familiar", "!", "-user", "familiar") == ""
    service.systemctl("reset-failed", "twin")
    service.container.run("rm", "/etc/systemd/system/twin.service")


def test_a_home_that_is_unset_is_not_needed(service: Service, obama: Path) -> None:
    service.drop_in("test", "UnsetEnvironment=HOME LOGNAME USER SHELL")
    service.systemctl("restart", "familiar")
    sorts(service, obama, "homeless.jpg")
    for user in ("familiar", "root"):
        shown = service.container.run("runuser", "-u", user, "--", "env", "-u", "HOME", "familiar", "status")
        assert "/var/lib/familiar" in shown
    nobody = service.container.tried(
        "setpriv", "--reuid=65534", "--clear-groups", "env", "-u", "HOME", "familiar", "status"
    )
    assert nobody.returncode != 0
    assert nobody.stderr.startswith("error: ")


def test_a_log_pipe_that_nobody_reads_stops_nothing(service: Service, obama: Path) -> None:
    service.container.run("mkfifo", "-m", "666", "/run/unread")
    shell = "exec 2<>/run/unread; exec familiar run --log-format json --log-level debug"
    service.drop_in("test", "ExecStart=", f"ExecStart=/bin/sh -c '{shell}'")
    service.systemctl("restart", "familiar")
    pid = service.shown("MainPID")
    service.container.run("sh", "-c", f"yes > /proc/{pid}/fd/2 & sleep 1; kill $!")  # now it is full
    for number in range(10):
        sorts(service, obama, f"unread-{number}.jpg")
    started = time.monotonic()
    service.systemctl("stop", "familiar")
    assert time.monotonic() - started < 10
    assert service.shown("Result") == "success"


def test_the_watchdog_leaves_a_service_alone_whose_machine_is_busy(service: Service, obama: Path) -> None:
    service.drop_in("test", "WatchdogSec=5")
    service.systemctl("restart", "familiar")
    pid = service.shown("MainPID")
    busy = "for i in 1 2 3 4 5 6; do timeout 12 sh -c 'while :; do :; done' & done"
    service.container.run("systemd-run", "--unit=busy", "sh", "-c", f"{busy}; wait")
    sorts(service, obama, "busy.jpg")
    service.wait(lambda: service.systemctl("is-active", "busy", check=False).strip() != "active")
    assert (service.shown("MainPID"), service.shown("NRestarts")) == (pid, "0")
