"""The system unit under a real systemd."""

import json
import shutil
import time
from pathlib import Path

import pytest

from support.stores import make_older_store
from systemd.conftest import REPOSITORY, SETTINGS, Service

pytestmark = pytest.mark.long


def test_a_photo_is_moved_by_the_service_and_the_journal_finds_its_events(service: Service, obama: Path) -> None:
    content = service.put(obama, "first.jpg")
    moved = service.container.path("/srv/photos/album/first.jpg")
    service.wait(moved.exists)
    service.wait(lambda: bool(service.events("operation.done")))
    assert moved.read_bytes() == content
    lines = service.journal("-t", "familiar")
    assert {line["PRIORITY"] for line in lines if '"level": "info"' in line["MESSAGE"]} == {"6"}
    assert {line["_TRANSPORT"] for line in lines} == {"journal"}
    assert all(line["MESSAGE"].startswith('{"event": "') for line in lines)
    assert service.journal("-t", "familiar", "-p", "err") == []
    (done,) = service.journal("FAMILIAR_EVENT=operation.done")
    assert (done["FAMILIAR_KIND"], done["FAMILIAR_RULE"]) == ("move", "tidy")
    assert done["FAMILIAR_PATH"] == ["/srv/photos/inbox/first.jpg", "/srv/photos/album/first.jpg"]
    way = [line["FAMILIAR_EVENT"] for line in service.journal(f"FAMILIAR_PHOTO={done['FAMILIAR_PHOTO']}")]
    assert way[0] == "photo.seen"
    assert way[-1] == "operation.done"


def test_the_log_of_the_journal_may_be_text_for_people(service: Service) -> None:
    run = "ExecStart=/usr/bin/env familiar run --log-format text"
    service.drop_in("test", "ExecStart=", run)
    service.systemctl("restart", "familiar")
    ready = service.journal("FAMILIAR_EVENT=service.ready")[-1]
    assert "service.ready" in ready["MESSAGE"]
    assert not ready["MESSAGE"].startswith("{")
    assert (ready["PRIORITY"], ready["SYSLOG_IDENTIFIER"]) == ("6", "familiar")


def test_a_service_that_ends_at_once_has_its_error_in_the_journal_each_time(service: Service) -> None:
    service.configure("settle: soon\n")
    service.drop_in("test", "StartLimitBurst=100")
    for _ in range(5):
        service.systemctl("restart", "familiar", check=False)
    service.wait(lambda: len(service.events("service.error")) == 5)


def test_rsyslog_writes_the_events_of_the_journal_into_a_file_that_logcheck_knows(service: Service) -> None:
    if not service.container.path("/usr/sbin/rsyslogd").exists():
        pytest.skip("rsyslog is not installed")
    conf = (REPOSITORY / "monitoring" / "rsyslog" / "familiar.conf").read_text()
    service.container.write("/etc/rsyslog.d/30-familiar.conf", conf)
    service.systemctl("restart", "syslog.socket", "rsyslog")
    try:
        service.systemctl("restart", "familiar")
        log = service.container.path("/var/log/familiar.log")
        service.wait(lambda: log.exists() and '"service.ready"' in log.read_text())
        pattern = (REPOSITORY / "monitoring" / "logcheck" / "familiar").read_text().strip()
        lines = log.read_text().splitlines()
        assert [line for line in lines if not service.container.tried("grep", "-E", pattern, given=line).stdout] == []
    finally:
        service.systemctl("stop", "syslog.socket", "rsyslog", check=False)


def test_a_wrong_configuration_is_refused_by_reload_and_the_service_goes_on(service: Service) -> None:
    pid = service.shown("MainPID")
    service.configure("settle: soon\n")
    assert service.container.tried("systemctl", "reload", "familiar").returncode != 0
    assert (service.shown("ActiveState"), service.shown("MainPID")) == ("active", pid)
    service.wait(lambda: "running with the old configuration" in service.shown("StatusText"))
    assert service.events("settings.rejected")
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


def test_a_busy_service_stops_in_less_than_ten_seconds_and_leaves_no_process_to_be_killed(
    service: Service, obama: Path
) -> None:
    for number in range(20):
        service.put(obama, f"busy-{number}.jpg")
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


def test_a_disk_that_is_unplugged_is_waited_for_also_by_a_start_without_it(service: Service, obama: Path) -> None:
    run = service.container.run
    run("install", "-d", "-o", "familiar", "/srv/disk", "/media/card")
    run("mount", "--bind", "/srv/disk", "/media/card")
    try:
        service.configure(SETTINGS.replace("[/srv/photos/inbox]", "[/srv/photos/inbox, /media/card]"))
        run("familiar", "service", "upgrade")
        service.put(obama, "card.jpg")
        run("sh", "-c", "cp /srv/photos/*/card.jpg /media/card/a.jpg && echo 1 >> /media/card/a.jpg")
        service.wait(lambda: bool(service.events("photo.seen")))
        run("umount", "/media/card")
        service.wait(lambda: [event["root"] for event in service.events("root.offline")] == ["/media/card"])
        service.systemctl("restart", "familiar")
        service.wait(lambda: len(service.events("root.offline")) == 2)
        assert service.shown("ActiveState") == "active"
        run("mount", "--bind", "/srv/disk", "/media/card")
        service.wait(lambda: service.events("root.online")[-1]["root"] == "/media/card")
    finally:
        service.container.tried("umount", "/media/card")


def test_a_store_of_an_older_version_is_migrated_by_an_upgrade_and_its_backup_is_as_private(
    service: Service, tmp_path: Path
) -> None:
    service.systemctl("stop", "familiar")
    store = "/var/lib/familiar/familiar.db"
    service.container.run("sh", "-c", f"rm -f {store}*")
    shutil.copyfile(make_older_store(tmp_path / "older.db"), service.container.path(store))
    service.container.run("chown", "familiar:familiar", store)
    service.container.run("chmod", "640", store)
    refused = service.container.tried("familiar", "status")
    assert "the store is from an older version of familiar" in refused.stderr
    service.container.run("familiar", "service", "upgrade")
    (migrated,) = service.events("store.migrated")
    about = service.container.run("stat", "--format", "%U:%G %a", migrated["backup"]).strip()
    assert about == "familiar:familiar 640"
    assert service.container.run("find", "/var/lib/familiar", "!", "-user", "familiar") == ""


def test_a_right_that_a_drop_in_takes_away_is_named_with_its_remedy(service: Service, obama: Path) -> None:
    service.drop_in("test", "ReadWritePaths=")
    service.systemctl("restart", "familiar")
    content = service.put(obama, "stays.jpg")
    service.wait(lambda: bool(service.events("operation.refused")))
    error = service.events("operation.refused")[0]["error"]
    assert "Read-only file system" in error
    assert "for a service, name the folder in ReadWritePaths=" in error
    assert service.container.path("/srv/photos/inbox/stays.jpg").read_bytes() == content


def test_units_that_can_not_be_written_are_told(service: Service) -> None:
    read_only = "mount --bind /etc /etc && mount -o remount,bind,ro /etc && familiar service upgrade"
    result = service.container.tried("unshare", "--mount", "sh", "-c", read_only)
    assert result.returncode == 1
    assert "Read-only file system" in result.stderr
    assert service.shown("ActiveState") == "active"


def test_the_journal_drops_no_event_of_a_burst(service: Service) -> None:
    service.container.write(
        "/opt/familiar/burst.py",
        "import time\n"
        "from familiar.cli.console.log import begin_log\n"
        "from familiar.settings import Settings\n"
        "log = begin_log(Settings(), 'json', None)\n"
        "for number in range(27_000):\n"
        "    log.emit('file.gone', path=f'/srv/photos/inbox/{number}.jpg')\n"
        "log.emit('service.waiting', pid=1)\n"
        "time.sleep(60)\n",  # the journal forgets the limits of a unit that has ended
    )
    burst = "ExecStart=/opt/familiar/.venv/bin/python /opt/familiar/burst.py"
    service.drop_in("test", "Type=exec", "WatchdogSec=0", "ExecStart=", burst)
    service.systemctl("restart", "familiar")
    service.wait(lambda: bool(service.events("service.waiting")))
    assert len(service.events("file.gone")) == 27_000
