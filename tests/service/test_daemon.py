"""The daemon as a real process, on real photos."""

import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from contextlib import ExitStack, closing, suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from familiar.state import locked
from familiar.store.migrations import migrations
from familiar.store.store import STORE_NAME
from support.disks import other_than
from support.household import Household, Running
from support.log import events_in, names
from support.mounts import mounted
from support.worker_processes import await_work, workers_of


def put(photo: Path, target: Path) -> Path:
    """Copy a photo as a camera's program does: under the final name, in parts."""
    return Path(shutil.copy(photo, target))


def album(household: Household) -> dict[str, object]:
    """A rule that puts each known person's photos into an album."""
    return {"name": "album", "when": {"person": "any"}, "then": [{"copy": f"{household.out}/{{person}}/"}]}


def moving(household: Household, name: str = "tidy") -> dict[str, object]:
    return {"name": name, "then": [{"move": f"{household.out}/done/"}]}


def test_a_photo_that_arrives_is_recognised_and_copied_cropped_and_moved(
    household: Household, obama: Path, obama2: Path
) -> None:
    household.ask("people", "add", "Barack Obama", obama)
    crop = {"crop": {"to": f"{household.out}/faces/", "size": 64}}
    household.rule(album(household), {"name": "faces", "when": {"person": "any"}, "then": [crop]}, moving(household))
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        put(obama2, household.inbox / "new.jpg")
        daemon.wait_for("operation.done", kind="move")
        assert daemon.wait_for("photo.recognised")["people"] == ["Barack Obama"]
        assert len(daemon.wait_for("plan.made")["operations"]) == 3
        assert daemon.stop() == 0
    tree = household.tree()
    assert set(tree) == {"out/Barack Obama/new.jpg", "out/faces/new.jpg", "out/done/new.jpg"}
    assert tree["out/done/new.jpg"] == tree["out/Barack Obama/new.jpg"] == obama2.read_bytes()
    with Image.open(household.out / "faces" / "new.jpg") as face:
        assert face.size == (64, 64)


def test_a_file_that_is_being_written_is_not_read_until_it_stops_changing(household: Household, obama: Path) -> None:
    data = obama.read_bytes()
    household.configure({"settle": 0.6})
    with household.running() as daemon:
        daemon.wait_for("root.scanned")  # a file that a walk has found need not be found by an event
        with (household.inbox / "slow.jpg").open("wb") as file:
            for start in range(0, len(data), len(data) // 6 + 1):
                file.write(data[start : start + len(data) // 6 + 1])
                file.flush()
                daemon.wait_for("file.found", path=str(household.inbox / "slow.jpg"))
                signal.sigtimedwait([], 0.25)
                assert daemon.events("photo.seen") == []
        assert daemon.wait_for("photo.seen")["faces"] == 1
        assert daemon.events("photo.set_aside") == []


def test_files_that_exist_at_the_start_settle_too(household: Household, obama: Path) -> None:
    path = put(obama, household.inbox / "there.jpg")
    os.utime(path, (1e9, 1e9))
    household.configure({"settle": 1.0})
    with household.running() as daemon:
        daemon.wait_for("root.scanned")
        with path.open("ab") as file:
            daemon.wait_for("root.scanned")
            file.write(b"\0")
            os.utime(path, (1e9, 1e9))
        assert daemon.wait_for("photo.seen")["faces"] == 1
        assert len(daemon.events("photo.seen")) == 1


def test_a_moved_file_keeps_its_faces_and_a_copy_is_another_path(household: Household, obama: Path) -> None:
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        first = put(obama, household.inbox / "first.jpg")
        daemon.wait_for("photo.seen")
        put(obama, household.inbox / "copy.jpg")
        assert daemon.wait_for("file.copied")["others"] == [str(first)]
        (household.inbox / "copy.jpg").unlink()
        daemon.wait_for("file.gone", path=str(household.inbox / "copy.jpg"))
        (household.inbox / "sub").mkdir()
        first.rename(household.inbox / "sub" / "moved.jpg")
        assert daemon.wait_for("file.moved")["before"] in {str(first), str(household.inbox / "copy.jpg")}
        assert len(daemon.events("photo.seen")) == 1
    assert household.json("status")["photos"]["seen"] == 1


def test_odd_things_in_a_folder_harm_nothing(household: Household, obama: Path, biden: Path) -> None:
    inbox = household.inbox
    os.mkfifo(inbox / "fifo.jpg")
    with socket.socket(socket.AF_UNIX) as sidecar_reader:
        sidecar_reader.bind(str(inbox / "s.jpg"))
        (inbox / "loop").symlink_to(inbox)
        (inbox / "itself.jpg").symlink_to(inbox / "itself.jpg")
        (inbox / "@eaDir").mkdir()
        put(obama, inbox / "@eaDir" / "thumb.jpg")
        put(obama, inbox / ".hidden.jpg")
        put(obama, inbox / "half.jpg.part")
        strange = os.fsdecode(b"\xff\xfe\n.jpg")
        put(biden, inbox / strange)
        household.rule(moving(household))
        with household.running() as daemon:
            daemon.wait_for("operation.done")
            arrived = household.base / "arriving" / "deep"
            arrived.mkdir(parents=True)
            put(obama, arrived / "obama.jpg")
            arrived.parent.rename(inbox / "arrived")
            daemon.wait_for("operation.done", count=2)
            shutil.rmtree(inbox / "arrived")
            put(obama, inbox / "fifo.part")
    assert {path.name for path in (household.out / "done").iterdir()} == {strange, "obama.jpg"}
    assert len(daemon.events("photo.seen")) == 2


def test_the_daemons_own_outputs_are_not_taken_for_new_photos(household: Household, obama: Path) -> None:
    inside = household.inbox / "sorted"
    crop = {"crop": {"to": f"{inside}/faces/", "size": 200}}
    household.rule({"name": "all", "then": [crop, {"copy": f"{inside}/copies/"}, {"move": f"{inside}/moved/"}]})
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        put(obama, household.inbox / "one.jpg")
        daemon.wait_for("operation.done", kind="move")
        face = inside / "faces" / "one.jpg"
        face.rename(household.inbox / "face, moved by hand.jpg")
        daemon.wait_for("file.pending", path=str(household.inbox / "face, moved by hand.jpg"))
        daemon.send(signal.SIGHUP)
        daemon.wait_for("root.scanned", count=2)
        signal.sigtimedwait([], 1)
        assert len(daemon.events("photo.seen")) == 1
    assert household.json("status")["operations"] == {"done": 3}


def test_rules_that_change_hold_at_once_and_wrong_ones_never(household: Household, obama: Path, biden: Path) -> None:
    household.rule({"name": "first", "when": {"person": "Nobody Yet"}, "then": ["stop"]})
    with household.running() as daemon:
        assert daemon.wait_for("rules.unknown_person")["person"] == "Nobody Yet"
        daemon.wait_for("service.ready")
        household.rule(moving(household))
        daemon.wait_for("rules.loaded", count=2)
        household.rules.write_text("rules: [{name: broken, then: [{mve: /x/}]}]")
        (problem,) = daemon.wait_for("rules.rejected")["problems"]
        assert problem.startswith(
            f"{household.rules}:1:32: rules[0].then[0].mve: unknown key 'mve'; did you mean 'move'?"
        )
        put(obama, household.inbox)
        assert daemon.wait_for("operation.done")["rule"] == "tidy"


def test_sighup_takes_changed_settings_and_keeps_the_old_ones_if_they_are_wrong(
    household: Household, obama: Path, biden: Path
) -> None:
    other = household.base / "other"
    other.mkdir()
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        household.config.write_text("folders: [/nowhere]\nsettle: soon\n")
        daemon.send(signal.SIGHUP)
        (problem,) = daemon.wait_for("settings.rejected")["problems"]
        assert problem.startswith(f"{household.config}:2:9: settle: 'soon' is wrong; it should be a valid number")
        household.configure({"folders": [str(household.inbox), str(other)]})
        daemon.send(signal.SIGHUP)
        daemon.wait_for("service.reloaded", settings=str(household.config))
        daemon.wait_for("service.ready", count=2)
        daemon.wait_for("root.online", root=str(other))
        put(biden, other)
        daemon.wait_for("photo.seen", path=str(other / "biden.jpg"))


@pytest.mark.parametrize("seconds", [0, 0.1])
def test_a_stop_during_a_reload_ends_the_daemon(household: Household, seconds: float) -> None:
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        household.configure({"settle": 0.3})
        daemon.send(signal.SIGHUP)
        daemon.wait_for("service.reloaded")
        time.sleep(seconds)
        daemon.send(signal.SIGHUP)
        assert daemon.stop() == 0
        assert len(daemon.events("service.stopped")) == 1


def test_a_reload_that_fails_in_any_way_keeps_the_settings_and_rules_in_use(household: Household, obama: Path) -> None:
    household.rule(moving(household))
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        household.rules.write_text("rules: [{name: a, when: {faces: " + "9" * 5000 + "}, then: [stop]}]")
        (problem,) = daemon.wait_for("rules.rejected")["problems"]
        assert problem.endswith("a number of 5000 characters is too long; 100 are allowed")
        household.configure({"vision": {"workers": 1, "engine": "dlib"}})
        daemon.send(signal.SIGHUP)
        (problem,) = daemon.wait_for("settings.rejected")["problems"]
        assert problem.startswith("The store has the model sface in use, which the engine dlib can't run.")
        put(obama, household.inbox)
        assert daemon.wait_for("operation.done")["rule"] == "tidy"


def test_people_registered_while_it_runs_are_matched_within_a_second(
    household: Household, obama: Path, obama2: Path
) -> None:
    with household.running() as daemon:
        put(obama2, household.inbox)
        daemon.wait_for("photo.seen")
        household.ask("people", "add", "Obama", obama)
        daemon.wait_for("people.rematched", people=1, faces=2)
        (person,) = household.json("people", "list")
    assert (person["name"], person["faces"], person["photos"]) == ("Obama", 2, 2)


def test_who_registers_people_need_not_have_the_settings_of_the_daemon(household: Household, obama: Path) -> None:
    other = household.base / "other.yaml"
    other.write_text("matching: {threshold: 0.3}\n")
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        added = household.ask("--config", other, "people", "add", "Obama", obama)
        daemon.wait_for("people.rematched", people=1, faces=1)
        assert len(daemon.events("people.rematched")) == 2
    assert added.stdout == "Obama: 1 registered, 0 known already, 0 refused.\n"


def test_a_root_that_vanishes_is_offline_and_forgets_nothing(household: Household, obama: Path, biden: Path) -> None:
    put(obama, household.inbox)
    with household.running() as daemon:
        daemon.wait_for("photo.seen")
        away = household.inbox.rename(household.base / "away")
        reason = daemon.wait_for("root.offline")["reason"]
        assert reason == "it is missing"
        household.inbox.mkdir()
        daemon.send(signal.SIGHUP)
        signal.sigtimedwait([], 1)
        reason = "it is empty, but 1 of its files are known"
        assert household.json("status")["roots"][0]["reason"] == reason
        household.inbox.rmdir()
        away.rename(household.inbox)
        daemon.wait_for("root.online", count=2)
        put(biden, household.inbox)
        daemon.wait_for("photo.seen", count=2)
        assert daemon.events("file.gone") == []
    assert household.json("status")["files"] == {"done": 2}


def test_an_empty_root_that_was_full_is_offline(household: Household, obama: Path) -> None:
    path = put(obama, household.inbox)
    household.scan()
    path.rename(household.base / "elsewhere.jpg")
    events = household.scan(check=False)
    (offline,) = [event for event in events if event["event"] == "root.offline"]
    assert offline["reason"] == "it is empty, but 1 of its files are known"
    assert household.json("status")["files"] == {"done": 1}


def test_a_second_daemon_is_refused_with_the_pid_of_the_first(household: Household) -> None:
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        result = household.call("run", check=False)
        assert result.returncode == 1
        assert f"familiar is already running on {household.state} (pid {daemon.process.pid})" in result.stderr
        assert household.json("status")["pid"] == daemon.process.pid
    assert household.json("status")["pid"] is None


def test_sigterm_gives_back_what_is_in_flight_and_the_next_start_does_it(household: Household, obama: Path) -> None:
    with Image.open(obama) as image:
        for number in range(12):
            image.rotate(number, expand=True).save(household.inbox / f"{number:02}.jpg")
    with household.running() as daemon:
        daemon.wait_for("photo.seen")
        assert daemon.stop() == 0
        daemon.wait_for("service.stopping", reason="SIGTERM")
        assert daemon.wait_for("service.stopped")["given_back"] > 0
    assert household.json("status")["files"].get("pending", 0) > 0
    household.scan()
    assert household.json("status")["files"] == {"done": 12}


def test_no_worker_outlives_a_daemon_that_was_killed(household: Household, obama: Path) -> None:
    put(obama, household.inbox)
    with household.running() as daemon:
        daemon.wait_for("photo.seen")
        workers = workers_of(daemon.process.pid)
        assert workers
        daemon.process.kill()
        daemon.process.wait()
        for _ in range(100):
            if not any(Path(f"/proc/{pid}").exists() for pid in workers):
                break
            signal.sigtimedwait([], 0.05)
        assert [pid for pid in workers if is_running(pid)] == []


def test_a_photo_that_kills_its_worker_is_set_aside_and_the_others_are_handled(
    household: Household, obama: Path
) -> None:
    put(obama, household.inbox)
    with Image.open(obama) as image:
        image.resize((3000, 4000)).save(large := household.base / "large.jpg")
    for number in range(20):
        (household.base / f"{number}.jpg").write_bytes(large.read_bytes() + bytes([number]))
    with household.running() as daemon:
        daemon.wait_for("photo.seen")
        for number in range(20):
            (household.base / f"{number}.jpg").rename(household.inbox / f"{number}.jpg")
        deaths = 0
        while "SIGKILL" not in [event["reason"] for event in daemon.events("worker.died")]:
            daemon.wait_for("photo.seen", count=2 + deaths)
            worker = max(workers_of(daemon.process.pid))
            await_work(worker)
            os.kill(worker, signal.SIGKILL)
            deaths += 1
            daemon.wait_for("worker.died", count=deaths)
        daemon.wait_for("photo.seen", count=4)
        assert daemon.events("photo.set_aside") == []


def test_it_tells_systemd_that_it_is_ready_reloads_and_stops(household: Household, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        household.environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "3000000"}
        with household.running() as daemon:
            assert manager.recv(100) == b"READY=1"
            assert manager.recv(100) == b"WATCHDOG=1"
            daemon.send(signal.SIGHUP)
            received = [manager.recv(100) for _ in range(6)]
            reloading = next(number for number, text in enumerate(received) if text.startswith(b"RELOADING=1"))
            assert b"READY=1" in received[reloading:]
            daemon.stop()
            manager.setblocking(False)
            rest = []
            try:
                while True:
                    rest.append(manager.recv(100))
            except BlockingIOError:
                pass
            assert b"STOPPING=1" in rest


def test_a_polled_root_is_watched_without_events(household: Household, obama: Path) -> None:
    household.configure({"folders": [{"path": str(household.inbox), "polling": True}], "rescan": 0.01})
    with household.running() as daemon:
        assert daemon.wait_for("watch.started")["how"] == "polling"
        put(obama, household.inbox)
        daemon.wait_for("photo.seen")
    assert "file.found" not in names(daemon.events())


def test_a_full_disk_keeps_the_photo_where_it_is_and_is_tried_again(household: Household, obama: Path) -> None:
    with mounted(household.out, "size=64k"):
        household.rule(moving(household))
        path = put(obama, household.inbox)
        events = household.scan(check=False)
        (failed,) = [event for event in events if event["event"] == "operation.failed"]
        assert failed["error"].endswith("No space left on device")
        assert failed["retry_in"] == 60
        assert path.read_bytes() == obama.read_bytes()
        assert [entry for entry in household.out.rglob("*") if entry.is_file()] == []
        assert household.json("status")["operations"] == {"failed": 1}


def test_while_the_disk_of_the_store_is_full_everything_waits(household: Household, obama: Path) -> None:
    household.rule(moving(household))
    with mounted(household.state, "size=2m"), household.running() as daemon:
        daemon.wait_for("root.scanned")
        filler = household.state / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        path = put(obama, household.inbox / "obama.jpg")
        failed = daemon.wait_for("store.failed")
        assert failed["error"].startswith(f"{household.state / STORE_NAME}: the store can't be used for now: ")
        assert path.read_bytes() == obama.read_bytes()
        filler.unlink()
        daemon.wait_for("operation.done", kind="move")
        assert daemon.stop() == 0
        assert set(household.tree(household.inbox, household.out)) == {"out/done/obama.jpg"}


def test_a_target_that_can_not_be_written_keeps_the_photo_where_it_is(household: Household, obama: Path) -> None:
    with mounted(household.out, "ro"):
        household.rule(moving(household))
        path = put(obama, household.inbox)
        events = household.scan(check=False)
        (refused,) = [event for event in events if event["event"] == "operation.refused"]
        assert refused["error"].startswith(f"{household.out}/done: Read-only file system; mount the file system")
        assert path.read_bytes() == obama.read_bytes()


def test_a_file_system_below_a_root_that_is_unmounted_is_not_forgotten(
    household: Household, obama: Path, biden: Path
) -> None:
    card = household.inbox / "card"
    put(biden, household.inbox)
    with mounted(card):
        put(obama, card)
        household.scan()
        assert household.json("status")["files"] == {"done": 2}
    events = household.scan()
    assert "file.gone" not in names(events)
    assert household.json("status")["files"] == {"done": 2}


def test_another_disk_in_the_place_of_a_root_with_the_same_device_number_is_not_taken_for_it(
    household: Household, obama: Path, biden: Path
) -> None:
    with mounted(household.inbox):
        put(obama, household.inbox)
        number = household.inbox.stat().st_dev
        household.scan()
    with mounted(household.inbox):
        if household.inbox.stat().st_dev != number:
            pytest.skip("the other file system has another number")
        put(biden, household.inbox)
        events = household.scan(check=False)
        assert {"file.gone", "photo.seen"}.isdisjoint(names(events))
        assert "root.offline" in names(events)
        assert household.json("status")["files"] == {"done": 1}


def test_what_failed_while_the_clock_ran_ahead_is_tried_again_by_a_daemon_after_it_was_set_back(
    household: Household, obama: Path
) -> None:
    household.rule(moving(household))
    put(obama, household.inbox)
    with mounted(household.out, "size=16k"):
        assert "operation.failed" in names(household.scan(check=False))
        subprocess.run(["mount", "-o", "remount,size=8m", str(household.out)], check=True)
        with closing(sqlite3.connect(household.state / "familiar.db")) as db, db:
            db.execute("UPDATE operations SET retry_at = '2199-01-01T00:00:00+00:00' WHERE state = 'failed'")
        with household.running() as daemon:
            daemon.wait_for("operation.done", kind="move")
            assert (household.out / "done" / "obama.jpg").read_bytes() == obama.read_bytes()


def test_a_root_on_another_device_without_its_files_is_offline(household: Household, obama: Path, biden: Path) -> None:
    with mounted(household.inbox):
        put(obama, household.inbox)
        household.scan()
    with mounted(household.base / "takes the device's number"), mounted(household.inbox):
        put(biden, household.inbox)
        events = household.scan(check=False)
        (offline,) = [event for event in events if event["event"] == "root.offline"]
        assert offline["reason"] == "it is on another none (tmpfs) than before, without its known files"
        assert household.json("status")["files"] == {"done": 1}
    assert "photo.seen" not in names(events)


def test_of_two_files_of_one_photo_that_arrive_together_one_is_handled(household: Household, obama: Path) -> None:
    household.configure({"vision": {"workers": 2}})
    household.rule({"name": "tidy", "then": [{"move": f"{household.out}/"}]})
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        put(obama, household.inbox / name)
    events = household.scan()
    assert set(household.tree()) == {"out/a.jpg", "inbox/b.jpg", "inbox/c.jpg"}
    copied = [event["path"] for event in events if event["event"] == "file.copied"]
    assert copied == [str(household.inbox / name) for name in ("b.jpg", "c.jpg")]


def test_a_heartbeat_tells_how_the_daemon_is(household: Household, obama: Path, meadow: Path) -> None:
    household.configure({"log": {"heartbeat": 1}})
    put(obama, household.inbox / "obama.jpg")
    put(meadow, household.inbox / "meadow.png")
    (household.inbox / "broken.jpg").write_bytes(b"no photo")
    with household.running() as daemon:
        daemon.wait_for("photo.set_aside")
        daemon.wait_for("photo.seen", count=2)
        beat = daemon.wait_for("service.heartbeat", done=2, set_aside=1)
        assert (beat["queue"], beat["settling"], beat["pending"], beat["failed"]) == (0, 0, 0, 0)
        assert (beat["state"], beat["reason"], beat["oldest"]) == ("working", None, 0)
        assert beat["roots"] == [{"root": str(household.inbox), "state": "online", "reason": None, "files": 3}]
        assert (beat["photos"], beat["faces"], beat["operations"]) == (2, 1, [])
        assert min(beat["store_bytes"], beat["free_bytes"], beat["memory"]) > 1 << 16
        assert (beat["stages"], beat["flickr_calls"], beat["flickr_downloads"]) == ([], 0, 0)
        stages = [stage for event in daemon.events("service.heartbeat") for stage in event["latencies"]]
        assert {"Together"} <= {stage["stage"] for stage in stages}
        household.configure({"log": {"heartbeat": 1}, "settle": 0.1})
        daemon.send(signal.SIGHUP)
        daemon.wait_for("service.ready", count=2)
        assert daemon.wait_for("service.heartbeat", run=beat["run"], photos=2, done=2)
        assert daemon.events("service.stopped") == []


def test_a_daemon_that_the_watchdog_ends_leaves_a_traceback(household: Household) -> None:
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        daemon.send(signal.SIGABRT)
        assert daemon.process.wait(20) == -signal.SIGABRT
        text = daemon.log.read_text()
        assert "Fatal Python error: Aborted" in text
        assert "familiar/api/daemon.py" in text


def test_a_disk_that_is_full_at_the_start_is_waited_for_and_the_heartbeat_says_so(household: Household) -> None:
    household.configure({"log": {"heartbeat": 1}})
    with mounted(household.state, "size=2m"):
        filler = household.state / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        with household.running() as daemon:
            failed = daemon.wait_for("store.failed")
            assert "No space left on device" in failed["error"] or "disk is full" in failed["error"]
            beat = daemon.wait_for("service.heartbeat", count=3, state="failing", reason=failed["error"])
            assert (beat["pending"], beat["roots"], beat["done"]) == (None, [], 0)
            assert longest_pause(daemon) < timedelta(seconds=1.5)
            filler.unlink()
            daemon.wait_for("service.ready")
            assert daemon.stop() == 0


def longest_pause(daemon: Running) -> timedelta:
    """Return the longest time between two heartbeats."""
    beats = [datetime.fromisoformat(event["time"]) for event in daemon.events("service.heartbeat")]
    return max(later - former for former, later in pairwise(beats))


def test_a_daemon_that_can_not_write_its_store_beats_and_says_why(household: Household) -> None:
    household.configure({"log": {"heartbeat": 1}})
    with mounted(household.state, "size=2m"), household.running() as daemon:
        daemon.wait_for("root.scanned")
        filler = household.state / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        (household.inbox / "a.jpg").write_bytes(b"no photo")
        beat = daemon.wait_for("service.heartbeat", count=3, state="failing")
        assert beat["reason"].startswith(f"{household.state / STORE_NAME}: the store can't be used for now: ")
        assert longest_pause(daemon) < timedelta(seconds=1.5)
        filler.unlink()
        daemon.wait_for("service.recovered")
        daemon.wait_for("service.heartbeat", state="working", reason=None, set_aside=1)


def test_a_daemon_that_is_reloaded_again_and_again_beats_as_before(household: Household) -> None:
    household.configure({"log": {"heartbeat": 2}})
    with household.running() as daemon:
        daemon.wait_for("service.heartbeat", state="working")
        began, number = time.monotonic(), 0
        while time.monotonic() < began + 4:
            number += 1
            household.configure({"log": {"heartbeat": 2}, "settle": number / 10})
            daemon.send(signal.SIGHUP)
            daemon.wait_for("service.ready", count=1 + number)
        daemon.wait_for("service.heartbeat", count=len(daemon.events("service.heartbeat")) + 1)
        assert longest_pause(daemon) < timedelta(seconds=3)


def test_a_store_that_another_process_has_locked_holds_up_no_heartbeat(household: Household) -> None:
    household.configure({"log": {"heartbeat": 2}, "settle": 0.1})
    with household.running() as daemon:
        daemon.wait_for("root.scanned")
        daemon.wait_for("service.heartbeat", settling=0)
        with closing(sqlite3.connect(household.state / STORE_NAME, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            (household.inbox / "a.jpg").write_bytes(b"no photo")
            beat = daemon.wait_for("service.heartbeat", count=2, settling=None)
        assert (beat["state"], beat["pending"], beat["rate"], beat["latencies"]) == ("working", None, None, [])
        assert [root["state"] for root in beat["roots"]] == ["online"]
        daemon.wait_for("service.heartbeat", state="working", set_aside=1, pending=0)
        assert daemon.events("store.failed") == []
        assert longest_pause(daemon) < timedelta(seconds=3)


def test_a_store_that_is_opened_slowly_holds_up_no_heartbeat(household: Household) -> None:
    household.configure({"log": {"heartbeat": 2}})
    household.make_store()
    with closing(sqlite3.connect(household.state / STORE_NAME, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with household.running() as daemon:
            beat = daemon.wait_for("service.heartbeat", count=2, state="starting")
            assert (beat["reason"], beat["pending"]) == ("the store is being opened", None)
            other.close()
            daemon.wait_for("service.ready")
            daemon.wait_for("service.heartbeat", state="working")
            assert longest_pause(daemon) < timedelta(seconds=3)


def test_a_reload_of_wrong_settings_is_told_in_the_heartbeat_until_they_are_right(household: Household) -> None:
    household.configure({"log": {"heartbeat": 1}})
    right = household.config.read_text()
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        household.config.write_text("settle: soon\n")
        daemon.send(signal.SIGHUP)
        beat = daemon.wait_for("service.heartbeat", reason=daemon.wait_for("settings.rejected")["problems"][0])
        assert beat["state"] == "working"
        household.config.write_text(right)
        daemon.send(signal.SIGHUP)
        daemon.wait_for("service.reloaded")
        count = len(daemon.events("service.heartbeat"))
        assert daemon.wait_for("service.heartbeat", count=count + 1)["reason"] is None


def test_where_programs_read_the_log_the_error_that_ends_a_daemon_is_an_event(household: Household) -> None:
    household.config.write_text("settle: soon\n")
    result = household.call("run", "--log-format", "json", check=False)
    assert result.returncode == 2
    (event,) = events_in(result.stderr)
    assert (event["event"], event["level"]) == ("service.error", "error")
    assert "'soon' is wrong" in event["error"]


def test_started_is_the_first_event_and_a_root_that_is_not_configured_any_more_is_not_watched(
    household: Household,
) -> None:
    other = household.base / "other"
    other.mkdir()
    household.rule(moving(household))
    household.scan(str(other))
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        assert names(daemon.events())[0] == "service.started"
    (root,) = [each for each in household.json("status")["roots"] if each["path"] == str(other)]
    assert (root["state"], root["reason"]) == ("offline", "it is not watched any more")


def test_where_the_networks_can_not_be_converted_dlib_takes_their_place_and_the_log_tells_it(
    household: Household, obama: Path
) -> None:
    (household.base / "cache").write_text("a file where the folder should be")
    household.environment = {"CACHE_DIRECTORY": str(household.base / "cache")}
    household.configure({"vision": {"workers": 1, "model": "dlib"}})
    with household.running() as daemon:
        put(obama, household.inbox)
        assert daemon.wait_for("photo.seen")["faces"] == 1
        reason = daemon.wait_for("engine.fell_back")["reason"]
    assert reason == f"ONNX Runtime can't be used: {household.base / 'cache' / 'models'}: Not a directory"


def test_a_store_of_an_older_version_is_migrated_and_the_log_tells_it(household: Household) -> None:
    household.state.mkdir()
    with closing(sqlite3.connect(household.state / STORE_NAME, isolation_level=None)) as connection:
        migrations.apply(connection, stop_before="create_journal")
    with household.running() as daemon:
        assert Path(daemon.wait_for("store.migrated")["backup"]).parent == household.state


def test_a_folder_that_can_not_be_listed_is_told_and_forgets_nothing(household: Household, obama: Path) -> None:
    deep = os.open(household.inbox, os.O_RDONLY)
    for _ in range(18):  # together longer than a path may be (PATH_MAX, 4096 bytes)
        os.mkdir("x" * 250, dir_fd=deep)
        inner = os.open("x" * 250, os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = inner
    os.close(deep)
    put(obama, household.inbox / "obama.jpg")
    events = household.scan()
    (incomplete,) = [event for event in events if event["event"] == "root.incomplete"]
    assert incomplete["errors"][0].endswith(": File name too long")
    assert household.json("status")["files"] == {"done": 1}


def test_what_can_never_be_done_is_refused_and_what_is_there_is_kept(household: Household, obama: Path) -> None:
    other = other_than(household.base)
    if other is None:
        pytest.skip("there is no second file system")
    photo = put(obama, household.inbox / "obama.jpg")
    household.out.mkdir()
    put(obama, household.out / "obama.jpg")
    link = {"to": f"{other}/{household.base.name}/", "kind": "hard"}
    household.rule({"name": "both", "then": [{"copy": f"{household.out}/"}, {"link": link}, {"tag": "Seen here"}]})
    try:
        events = household.scan(check=False)
    finally:
        shutil.rmtree(other / household.base.name, ignore_errors=True)
    (kept,) = [event for event in events if event["event"] == "operation.kept"]
    assert kept["target"] == str(household.out / "obama.jpg")
    (odd,) = [event for event in events if event["event"] == "plan.refused"]
    assert (odd["kind"], odd["reason"]) == ("tag", "it does not come from Flickr, where tags go")
    (refused,) = [event for event in events if event["event"] == "operation.refused"]
    assert refused["error"].endswith("ReadWritePaths= of a service is a mount); use kind: symbolic, or copy")
    assert photo.read_bytes() == obama.read_bytes()


@pytest.mark.parametrize("free", [0, 3])
def test_with_too_few_open_files_for_workers_photos_wait_until_there_are_enough(
    household: Household, obama: Path, free: int
) -> None:
    with household.running() as daemon:
        daemon.wait_for("root.scanned")
        open_files = len(list(Path(f"/proc/{daemon.process.pid}/fd").iterdir()))
        _, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (open_files + free, hard))
        put(obama, household.inbox)
        refused = daemon.wait_for("workers.refused")
        assert refused["error"] == "worker processes can't be started: Too many open files"
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (hard, hard))
        daemon.wait_for("photo.seen")
        assert daemon.events("file.failed") == []
        assert daemon.stop() == 0
    assert all(line.startswith("{") for line in daemon.log.read_text().splitlines())


def test_the_daemon_waits_for_a_command_that_has_the_state_folder(household: Household) -> None:
    household.configure({"log": {"heartbeat": 1}})
    household.make_store()
    with ExitStack() as held:
        held.enter_context(locked(household.state))
        with household.running() as daemon:
            beat = daemon.wait_for("service.heartbeat", state="starting")
            assert beat["reason"] == f"waiting for the command that has the folder (pid {os.getpid()})"
            assert daemon.wait_for("service.waiting")["pid"] == os.getpid()
            assert daemon.events("service.ready") == []
            held.close()
            daemon.wait_for("service.ready")


def test_a_reload_that_is_asked_for_during_the_start_follows_it(household: Household) -> None:
    household.make_store()
    with ExitStack() as held:
        held.enter_context(locked(household.state))
        with household.running() as daemon:
            daemon.wait_for("service.waiting")
            daemon.send(signal.SIGHUP)
            held.close()
            daemon.wait_for("service.reloaded")


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
