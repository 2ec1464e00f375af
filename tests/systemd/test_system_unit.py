"""The system unit under a real systemd."""

import json
import time
from pathlib import Path

from systemd.conftest import SETTINGS, Service


def test_a_photo_is_moved_by_the_service_and_its_log_has_priorities(service: Service, obama: Path) -> None:
    content = service.put(obama, "obama.jpg")
    moved = service.container.path("/srv/photos/album/obama.jpg")
    service.wait(moved.exists)
    service.wait(lambda: bool(service.events("operation.done")))
    assert moved.read_bytes() == content
    lines = service.journal("-t", "familiar")
    assert {line["PRIORITY"] for line in lines if '"level": "info"' in line["MESSAGE"]} == {"6"}
    assert lines[0]["MESSAGE"].startswith('{"event": "')
    assert service.journal("-t", "familiar", "-p", "err") == []


def test_a_wrong_configuration_is_refused_by_reload_and_the_service_goes_on(service: Service) -> None:
    pid = service.shown("MainPID")
    service.configure("settle: soon\n")
    assert service.container.tried("systemctl", "reload", "familiar").returncode != 0
    assert (service.shown("ActiveState"), service.shown("MainPID")) == ("active", pid)
    service.configure(SETTINGS.replace("0.2", "0.3"))
    service.systemctl("reload", "familiar")
    service.wait(lambda: len(service.events("service.reloaded")) == 1)
    assert (service.shown("ActiveState"), service.shown("MainPID")) == ("active", pid)


def test_wrong_settings_at_the_start_fail_once_and_are_an_event(service: Service) -> None:
    service.configure("settle: soon\n")
    service.systemctl("restart", "familiar", check=False)
    service.wait(lambda: service.shown("ActiveState") == "failed")
    assert (service.shown("ExecMainStatus"), service.shown("NRestarts")) == ("2", "0")
    assert "'soon' is wrong" in service.events("service.error")[-1]["error"]
    assert service.journal("-t", "familiar", "-p", "err")


def test_a_daemon_that_is_killed_is_started_again(service: Service) -> None:
    pid = service.shown("MainPID")
    service.container.run("kill", "-9", pid)
    service.wait(lambda: service.shown("MainPID") not in {"0", pid} and service.shown("ActiveState") == "active")


def test_a_daemon_that_hangs_is_ended_by_the_watchdog_and_leaves_a_traceback(service: Service) -> None:
    service.drop_in("test", "WatchdogSec=3", "RestartSec=1")
    service.systemctl("restart", "familiar")
    pid = service.shown("MainPID")
    service.container.run("kill", "-STOP", pid)
    service.wait(lambda: service.shown("MainPID") not in {"0", pid} and service.shown("ActiveState") == "active")
    assert any("Watchdog timeout" in str(line.get("MESSAGE")) for line in service.journal())


def test_a_stop_takes_less_than_ten_seconds_and_leaves_no_process_to_be_killed(service: Service, obama: Path) -> None:
    service.put(obama, "again.jpg")
    service.wait(lambda: bool(service.events("photo.seen")))
    now, started = time.time(), time.monotonic()
    service.systemctl("stop", "familiar")
    assert time.monotonic() - started < 10
    assert service.shown("Result") == "success"
    assert service.events("service.stopped")
    said = [str(line["MESSAGE"]) for line in service.journal("--since", f"@{now:.3f}")]
    assert said
    assert not [text for text in said if "Killing process" in text]


def test_commands_of_root_and_of_the_service_find_its_state(service: Service) -> None:
    by_user = json.loads(service.familiar("status", "--json"))
    by_root = json.loads(service.container.run("familiar", "status", "--json"))
    assert by_user["state"] == by_root["state"] == "/var/lib/familiar"
    assert str(by_root["pid"]) == service.shown("MainPID")
    assert service.container.run("find", "/var/lib/familiar", "!", "-user", "familiar") == ""
