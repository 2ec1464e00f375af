"""What is not complete, or whose disk is not there, waits, and is done as soon as it can be."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from familiar.store.store import STORE_NAME, Store
from support.household import Household
from support.mounts import mounted


def test_a_file_that_a_program_has_open_waits_however_long_that_pauses(household: Household, obama: Path) -> None:
    data = obama.read_bytes()
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        with (household.inbox / "slow.jpg").open("wb") as file:
            file.write(data[: len(data) // 2])
            file.flush()
            daemon.wait_for("file.busy", path=str(household.inbox / "slow.jpg"))
            assert daemon.events("photo.set_aside") == []
            file.write(data[len(data) // 2 :])
        assert daemon.wait_for("photo.seen")["faces"] == 1
        assert len(daemon.events("file.busy")) == 1


def test_a_scan_tells_of_a_file_that_a_program_has_open_and_takes_it_when_it_is_whole(
    household: Household, meadow: Path
) -> None:
    path = Path(shutil.copy(meadow, household.inbox / "a.jpg"))
    with path.open("ab"):
        result = household.ask("scan", check=False)
        assert result.returncode == 1
        waiting = household.json("status")["failed"]
        assert waiting == [{"path": str(path), "reason": "is open for writing in another program"}]
    assert household.json("scan")["done"] == 1


def test_a_photo_for_a_disk_that_is_away_waits_and_goes_there_when_it_is_back(
    household: Household, meadow: Path, obama: Path
) -> None:
    disk, away = household.base / "disk", household.base / "away"
    disk.mkdir()
    shutil.copy(obama, disk)
    household.configure({"folders": [str(household.inbox), str(disk)]})
    household.rule({"name": "tidy", "when": {"source": "inbox"}, "then": [{"move": f"{disk}/new/"}]})
    household.scan()
    disk.rename(away)
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        photo = Path(shutil.copy(meadow, household.inbox))
        told = daemon.wait_for("disk.offline", folder=str(disk))
        assert told["reason"] == f"{disk}: the watched folder is missing, but 1 of its files are known"
        assert household.json("status")["waiting_for_disks"] == [{"folder": str(disk), "operations": 1}]
        assert photo.exists()
        assert not disk.exists()
        listed = json.loads(household.ask("disks", "list", "--json", check=False).stdout)
        assert {row["folder"]: row["trouble"] for row in listed}[str(disk)] == told["reason"].split(": ", 1)[1]
        away.rename(disk)
        daemon.wait_for("disk.online", folder=str(disk))
        daemon.wait_for("operation.done", kind="move")
    assert (disk / "new" / photo.name).read_bytes() == meadow.read_bytes()


def test_a_watched_folder_whose_photos_were_all_taken_away_is_trusted_by_a_person(
    household: Household, meadow: Path, obama: Path
) -> None:
    known = Path(shutil.copy(meadow, household.inbox / "a.jpg"))
    household.scan()
    known.unlink()
    assert household.json("scan", check=False)["offline"] == [str(household.inbox)]
    assert household.json("disks", "trust", household.inbox)["trouble"] is None
    shutil.copy(obama, household.inbox / "b.jpg")
    assert household.json("scan")["done"] == 1


def test_an_undo_that_was_killed_is_completed_by_the_next_one_which_undoes_nothing_else(
    household: Household, meadow: Path, obama: Path
) -> None:
    household.rule({"name": "album", "then": [{"copy": f"{household.out}/"}]})
    for photo in (meadow, obama):
        shutil.copy(photo, household.inbox)
        household.scan()
    with Store(household.state / STORE_NAME) as store:
        store.journal.request_undo([2])  # as far as the killed one came
    result = household.ask("undo", "--last")
    assert "An undo that was interrupted is complete now, and nothing else was undone" in result.stdout
    assert household.json("status")["operations"] == {"done": 1, "undone": 1}
    assert len(household.tree(household.out)) == 1


def test_only_a_folder_that_is_there_can_be_trusted(household: Household, meadow: Path) -> None:
    shutil.copy(meadow, household.inbox)
    household.scan()
    missing = household.base / "nowhere"
    result = household.ask("disks", "trust", missing, check=False)
    assert result.returncode == 2
    assert f"{missing}: no such folder; create it first, on the intended disk." in result.stderr


def test_rules_and_doctor_show_the_disks_of_targets(household: Household) -> None:
    household.rule({"name": "tidy", "then": [{"move": f"{household.out}/done/"}]})
    (target,) = household.json("rules", "check")["targets"]
    assert target["folder"] == str(household.out / "done")
    assert target["trouble"] is None
    assert f"target {household.out}/done: on {target['disk']}" in household.ask("rules", "check").stdout
    found = household.json("doctor", check=False)
    assert [one["detail"] for one in found if one["subject"] == f"target {household.out}/done"] == [
        f"on {target['disk']}"
    ]


@pytest.mark.parametrize("way", ["scan", "run"])
def test_a_link_that_leads_nowhere_is_gone_and_not_tried_again_until_it_leads_somewhere(
    household: Household, meadow: Path, obama: Path, way: str
) -> None:
    shutil.copy(obama, household.inbox)
    real, link = Path(shutil.copy(meadow, household.base / "real.png")), household.inbox / "link.png"
    real.rename(household.inbox / "real.png")
    real = household.inbox / "real.png"
    link.symlink_to("real.png")
    household.scan()
    real.unlink()
    if way == "scan":
        household.json("scan")
    else:
        with household.running() as daemon:
            daemon.wait_for("file.gone", path=str(link))
    status = household.json("status")
    assert (status["failed"], status["files"]) == ([], {"done": 1, "gone": 2})
    shutil.copy(meadow, real)
    household.scan()
    assert household.json("status")["files"] == {"done": 3}


def test_a_folder_in_the_place_of_a_photo_is_not_tried_again(household: Household, meadow: Path, obama: Path) -> None:
    shutil.copy(obama, household.inbox)
    photo = Path(shutil.copy(meadow, household.inbox))
    household.scan()
    photo.unlink()
    photo.mkdir()
    household.scan()
    assert household.json("status")["files"] == {"done": 1, "gone": 1}


def test_doctor_says_where_operations_are_refused_and_do_not_wait(household: Household) -> None:
    with mounted(household.out):
        household.rule({"name": "tidy", "then": [{"move": f"{household.out}/album/"}]})
        subprocess.run(["mount", "-o", "remount,ro", household.out], check=True)
        found = household.json("doctor", check=False)
        subject = f"target {household.out}/album"
        (remedy,) = [one["remedy"] for one in found if one["subject"] == subject]
        assert remedy.startswith("until then, operations there are refused; create the folder or mount it writable")
