"""The alerts, provoked by real faults: the log of a daemon through rsyslog and mtail to Prometheus."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.flickr_server.control import Control
from support.flickr_server.household import configure, log_in
from support.flickr_server.remote import Login
from support.flickr_server.server import FlickrServer
from support.household import Household
from support.monitoring import HEARTBEAT, MONITORING, Stack, watching, watching_files
from support.mounts import mounted, on_disk
from support.worker_processes import workers_of

pytestmark = pytest.mark.long

PHOTOS = 2000
LOG = {"heartbeat": HEARTBEAT}


@pytest.fixture
def stack(household: Household, tmp_path: Path) -> Iterator[Stack]:
    with watching(tmp_path / "monitoring", household.base / "log-*.json") as made:
        yield made


def small_photos(folder: Path, count: int) -> None:
    """Put small pictures into a folder, each of another content."""
    for number in range(count):
        Image.new("RGB", (64, 64), (number % 256, number // 256, 99)).save(folder / f"{number}.png")


def time_of(event: dict[str, Any]) -> float:
    """Return when an event was logged, in seconds since 1970."""
    return datetime.fromisoformat(event["time"]).timestamp()


def fill(folder: Path) -> Path:
    """Fill the disk of a folder, and return the file that does."""
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return filler


def test_a_normal_day_raises_no_alert_and_reports_no_line(household: Household, stack: Stack, obama: Path) -> None:
    """Start, a photo, reload, a burst of photos, stop."""
    household.configure({"log": LOG})
    household.rule({"name": "all", "then": [{"copy": f"{household.out}/"}]})
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        shutil.copy(obama, household.inbox)
        daemon.wait_for("operation.done")
        household.configure({"log": LOG, "settle": 0.1})
        daemon.send(signal.SIGHUP)
        daemon.wait_for("service.reloaded")
        daemon.wait_for("service.ready", count=2)
        small_photos(household.inbox, PHOTOS)
        stack.wait_for_value("familiar_done_total", 1 + PHOTOS, within=600)
        stack.wait_for_value("familiar_pending", 0)
        assert daemon.stop() == 0
    stack.wait_for_value("familiar_running", 0)
    assert stack.fired() == set()
    reported = ["grep", "-E", "-v", "-f", str(MONITORING / "logcheck" / "familiar"), str(stack.file)]
    assert subprocess.run(reported, capture_output=True, text=True, check=False).stdout == ""


def test_a_folder_a_rule_and_a_target_that_fail_raise_their_alerts(
    household: Household, stack: Stack, obama: Path
) -> None:
    other = household.base / "other"
    other.mkdir()
    shutil.copy(obama, other / "a.jpg")
    household.configure({"log": LOG, "folders": [str(household.inbox), str(other)]})
    household.rule(
        {"name": "first", "then": [{"move": f"{household.base}/one/"}]},
        {"name": "second", "then": [{"move": f"{household.base}/two/"}]},
        {"name": "full", "then": [{"copy": f"{household.out}/"}]},
    )
    with mounted(household.out, "size=1m"), household.running() as daemon:
        fill(household.out)
        stack.wait_for("FamiliarRefuses", after=time_of(daemon.wait_for("plan.refused")))
        stack.wait_for("FamiliarOperationsFail", "FamiliarErrors", after=time_of(daemon.wait_for("operation.failed")))
        shutil.copy(obama, other / "b.jpg")
        other.rename(household.base / "away")
        stack.wait_for("FamiliarFolderOffline", after=time_of(daemon.wait_for("root.offline")))
        assert [value for labels, value in stack.values("familiar_root_online") if labels["root"] == str(other)] == [0]
        household.rules.write_text("rules: [{name: x, then: [{fly: there}]}]")
        stack.wait_for("FamiliarMisconfigured", after=time_of(daemon.wait_for("rules.rejected")))


def test_a_store_without_room_and_a_daemon_that_is_gone_raise_their_alerts(household: Household, stack: Stack) -> None:
    household.configure({"log": LOG})
    with mounted(household.state, "size=8m"), household.running() as daemon:
        stack.wait_for("FamiliarDiskFull", after=time_of(daemon.wait_for("root.scanned")))
        fill(household.state)
        small_photos(household.inbox, 1)
        stack.wait_for("FamiliarFailing", after=time_of(daemon.wait_for("store.failed")))
        daemon.process.kill()
        stack.wait_for("FamiliarSilent", after=time.time())


def test_a_disk_that_hangs_is_told_before_a_heartbeat_is_missing(household: Household, stack: Stack) -> None:
    household.configure({"log": {"heartbeat": 60}, "settle": 0.1})
    with on_disk(household.state, household.base / "disk"), household.running() as daemon:
        daemon.wait_for("root.scanned")
        subprocess.run(["fsfreeze", "-f", household.state], check=True)
        frozen = time.time()
        small_photos(household.inbox, 1)
        stack.wait_for("FamiliarFailing")
        assert time.time() - frozen < 60
        (beat,) = daemon.events("service.heartbeat")[:1]
        assert (beat["state"], beat["pending"]) == ("failing", None)
        assert re.fullmatch(r"one call has lasted for \d\d s: is the store locked, or a disk hanging\?", beat["reason"])
        subprocess.run(["fsfreeze", "-u", household.state], check=True)
        daemon.wait_for("photo.seen")
        daemon.wait_for("service.heartbeat", state="working")
        assert daemon.events("store.failed") == []
        assert daemon.stop() == 0


def test_workers_that_hang_or_die_raise_their_alerts(household: Household, stack: Stack) -> None:
    household.configure({"log": LOG})
    small_photos(household.inbox, 1)
    with household.running() as daemon:
        daemon.wait_for("photo.seen")
        for deaths in range(1, 8):
            os.kill(max(workers_of(daemon.process.pid)), signal.SIGKILL)
            Image.new("RGB", (64, 64), (1, deaths, 1)).save(household.inbox / f"again-{deaths}.png")
            daemon.wait_for("photo.seen", count=1 + deaths)
        stack.wait_for("FamiliarWorkersDie", after=time_of(daemon.events("worker.died")[-1]))
        stopped = workers_of(daemon.process.pid)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            small_photos(household.inbox, 600)
            stack.wait_for("FamiliarStuck", "FamiliarFallsBehind", within=180)
        finally:
            for pid in stopped:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)


def test_a_service_of_which_the_log_says_nothing_raises_its_alert(stack: Stack) -> None:
    stack.wait_for("FamiliarUnknown")
    assert stack.fired() == {"FamiliarUnknown"}


def test_without_the_log_a_daemon_that_does_not_run_and_a_folder_that_is_away_raise_their_alerts(
    household: Household, tmp_path: Path
) -> None:
    def tell(stack: Stack) -> None:
        stack.file.with_suffix(".new").write_text(household.call("status", "--prometheus").stdout)
        stack.file.with_suffix(".new").rename(stack.file)

    with watching_files(tmp_path / "monitoring") as stack:
        with household.running() as daemon:
            daemon.wait_for("root.scanned")
            tell(stack)
            stack.wait_for_value("familiar_running", 1)
            assert stack.fired() == set()
            household.inbox.rename(household.base / "away")
            daemon.wait_for("root.offline")
            tell(stack)
            stack.wait_for("FamiliarFolderOffline")
            daemon.stop()
        tell(stack)
        stack.wait_for("FamiliarDown")
        assert "FamiliarFolderOffline" not in stack.firing()


def test_a_login_of_flickr_that_is_lost_raises_its_alert(household: Household, stack: Stack) -> None:
    with FlickrServer() as flickr:
        login = Login(url=flickr.url, **Control(flickr).grant())
        log_in(household, login)
        configure(household, login)
        household.config.write_text(json.dumps(json.loads(household.config.read_text()) | {"log": LOG}))
        flickr.logins.revoke()
        with household.running() as daemon:
            stack.wait_for("FamiliarFlickrStopped", after=time_of(daemon.wait_for("flickr.stopped")))
