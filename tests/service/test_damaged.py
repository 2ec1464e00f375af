"""Files of which a part is missing: waited for, then taken as damaged."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from familiar.errors import IncompleteError, RetryError
from familiar.store.store import STORE_NAME
from support.household import Household

ALWAYS = 0
NOW_AND_THEN = 0.02
"""Minutes: a bit more than a second."""


def configured(household: Household, minutes: float) -> None:
    household.configure({"vision": {"workers": 1, "damaged_after": minutes}})


def cut(photo: Path, target: Path, share: float) -> Path:
    data = photo.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target


def test_a_photo_without_its_end_marker_is_handled_as_any_other_one(household: Household, astronaut: Path) -> None:
    (household.inbox / "a.jpg").write_bytes(astronaut.read_bytes()[:-2])
    result = household.json("scan")
    assert (result["done"], result["failed"], result["faces"]) == (1, 0, 1)
    assert household.json("status")["damaged"] == []


def test_a_photo_that_an_older_version_set_aside_as_truncated_is_handled_after_the_update(
    household: Household, astronaut: Path
) -> None:
    (household.inbox / "a.jpg").write_bytes(astronaut.read_bytes()[:-2])
    household.scan()
    with closing(sqlite3.connect(household.state / STORE_NAME)) as store, store:
        store.execute("DELETE FROM faces")
        store.execute(
            "UPDATE photos SET verdict = 'set aside', reason = 'damaged or not a picture: it is truncated', "
            "width = NULL"
        )
        store.execute("DELETE FROM _sqlite_migrations WHERE name = 'look_again_at_damaged_photos'")
    household.ask("migrate")
    assert household.json("status")["files"] == {"pending": 1}
    result = household.json("scan")
    assert (result["done"], result["failed"], result["faces"]) == (1, 0, 1)


def test_a_photo_of_which_a_part_is_missing_waits_for_it(household: Household, astronaut: Path) -> None:
    path = cut(astronaut, household.inbox / "a.jpg", 0.6)
    events = household.scan(check=False)
    (failed,) = [event for event in events if event["event"] == "file.failed"]
    assert failed["reason"].startswith("4")
    assert failed["reason"].endswith(
        "% of it is missing, and may still arrive; after 60 minutes without a change it is used without that"
    )
    assert 3500 < failed["retry_in"] <= 3600
    assert household.json("status")["damaged"] == []
    assert household.json("scan", check=False)["failed"] == 1, "it is tried again by each scan"
    shutil.copy(astronaut, path)
    assert household.json("scan")["done"] == 1
    assert household.json("status")["failed"] == []


def test_after_the_time_of_the_settings_it_is_damaged_and_handled_until_it_is_whole(
    household: Household, astronaut: Path
) -> None:
    path = cut(astronaut, household.inbox / "a.jpg", 0.65)
    household.rule({"name": "all", "when": {"faces": 1}, "then": [{"copy": f"{household.out}/"}]})
    household.scan(check=False)
    configured(household, ALWAYS)
    events = household.scan()
    (damaged,) = [event for event in events if event["event"] == "photo.damaged"]
    share, rest = damaged["reason"].split("% ")
    assert float(share) / 100 == pytest.approx(damaged["missing"], abs=0.006)
    assert rest == "of it is missing"
    assert 0.3 < damaged["missing"] < 0.5
    copy = household.out / "a.jpg"
    assert household.json("status")["damaged"] == [
        {"path": str(each), "missing": pytest.approx(damaged["missing"], abs=1e-3)} for each in (path, copy)
    ]
    assert damaged["reason"] in household.ask("status").stdout
    assert copy.read_bytes() == path.read_bytes()
    exported = [json.loads(row) for row in household.ask("export", "photos", "--format", "jsonl").stdout.splitlines()]
    assert [row["missing"] for row in exported] == [pytest.approx(damaged["missing"], abs=1e-3)]
    shutil.copy(astronaut, path)
    assert household.json("scan")["done"] == 1
    assert [row["path"] for row in household.json("status")["damaged"]] == [str(copy)], "it was copied as it was"


def test_the_daemon_takes_it_by_itself_when_the_time_is_over(household: Household, astronaut: Path) -> None:
    configured(household, NOW_AND_THEN)
    with household.running() as daemon:
        daemon.wait_for("watch.started")
        cut(astronaut, household.inbox / "a.jpg", 0.6)
        daemon.wait_for("photo.damaged")
        assert len(daemon.events("file.failed")) <= 2


def test_a_crop_of_what_is_there_is_made_and_one_with_a_missing_part_is_refused(
    household: Household, astronaut: Path
) -> None:
    configured(household, ALWAYS)
    cut(astronaut, household.inbox / "a.jpg", 0.7)
    household.rule(
        {"name": "near", "then": [{"crop": {"to": f"{household.out}/near/", "margin": 0.1}}]},
        {"name": "far", "then": [{"crop": {"to": f"{household.out}/far/", "margin": 2.0}}]},
    )
    events = household.scan()
    (refused,) = [event for event in events if event["event"] == "operation.refused"]
    assert refused["rule"] == "far"
    assert refused["error"].startswith("a part of this crop is missing: the photo is damaged, ")
    assert len(list((household.out / "near").iterdir())) == 1
    assert not [path for path in household.tree() if "/far/" in path]


def test_a_face_that_is_not_there_is_not_found(household: Household, astronaut: Path) -> None:
    configured(household, ALWAYS)
    cut(astronaut, household.inbox / "a.jpg", 0.2)
    assert household.json("scan")["faces"] == 0


def test_commands_wait_for_a_missing_part_as_well(household: Household, astronaut: Path) -> None:
    path = cut(astronaut, household.inbox / "a.jpg", 0.6)
    result = household.ask("people", "add", "Eileen", path, check=False)
    assert result.returncode == 1
    assert "of it is missing, and may still arrive" in result.stdout + result.stderr
    configured(household, ALWAYS)
    household.ask("people", "add", "Eileen", path)


def test_an_incomplete_file_is_one_to_be_tried_again() -> None:
    error = IncompleteError("37% of it is missing", 12.5)
    assert isinstance(error, RetryError)
    assert (str(error), error.retry_in) == ("37% of it is missing", 12.5)
