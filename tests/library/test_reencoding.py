"""A change of the model, with the daemon as a real process."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from familiar.store.store import STORE_NAME
from support.household import Household, Running, command
from support.worker_processes import workers_of

PLAIN = {"vision": {"workers": 1, "model": "dlib", "mirror": False}}
MIRRORED = {"vision": {"workers": 1, "model": "dlib"}}
OLD, NEW = "dlib-resnet-v1", "dlib-resnet-v1-mirrored"


def put(photo: Path, target: Path) -> Path:
    return Path(shutil.copy(photo, target))


def models(household: Household, table: str = "faces") -> set[str]:
    with closing(Database(household.state / STORE_NAME)) as db:
        return {row[0] for row in db.execute(f"SELECT engine FROM {table}")}  # noqa: S608


def embeddings(household: Household) -> dict[int, np.ndarray]:
    with closing(Database(household.state / STORE_NAME)) as db:
        return {id_: np.frombuffer(data, "<f4") for id_, data in db.execute("SELECT id, embedding FROM faces")}


def first_worker(daemon: Running) -> int:
    """Return the process of the first worker, as soon as it is there: it takes a second until it looks at anything."""
    while daemon.process.poll() is None:
        if workers := workers_of(daemon.process.pid):
            return workers[0]
        time.sleep(0.01)
    raise AssertionError(daemon.log.read_text())


@pytest.fixture
def outdated(household: Household, obama: Path, obama2: Path, biden: Path) -> Household:
    """A household whose faces were all encoded by another model, with Obama registered."""
    household.configure(PLAIN)
    household.ask("people", "add", "Barack Obama", put(obama2, household.base / "reference.jpg"))
    put(obama, household.inbox / "obama.jpg")
    put(biden, household.inbox / "biden.jpg")
    household.scan()
    assert models(household) == models(household, "face_references") == {OLD}
    household.configure(MIRRORED)
    return household


def test_after_a_change_of_the_model_all_faces_are_encoded_again_in_the_background(outdated: Household) -> None:
    before = embeddings(outdated)
    assert outdated.json("status")["outdated_faces"] == 3
    with outdated.running() as daemon:
        renewed = daemon.wait_for("model.renewed")
        assert (renewed["photos"], renewed["left"]) == (2, 0)
        assert daemon.wait_for("people.renewed")["photos"] == 1
    assert models(outdated) == models(outdated, "face_references") == {NEW}
    found = outdated.json("status")
    assert (found["outdated_faces"], found["photos"]["faces"], found["photos"]["recognised"]) == (0, 3, 2)
    after = embeddings(outdated)
    assert all(0 < np.linalg.norm(after[id_] - before[id_]) < 0.3 for id_ in before)
    with outdated.running() as daemon:
        daemon.wait_for("root.scanned")
    assert daemon.events("model.renewed") == []


def test_a_new_photo_is_compared_with_references_of_its_own_model(outdated: Household, couple: Path) -> None:
    outdated.rule({"name": "known", "when": {"person": "any"}, "then": [{"copy": f"{outdated.out}/{{person}}/"}]})
    put(couple, outdated.inbox / "couple.jpg")
    assert outdated.json("plan", outdated.inbox / "couple.jpg")["plans"][0]["operations"] != []
    outdated.scan()
    assert (outdated.out / "Barack Obama" / "couple.jpg").is_file()
    assert models(outdated, "face_references") == {NEW}
    assert models(outdated) == {OLD, NEW}


def test_faces_whose_photos_are_gone_keep_their_matches_and_references_that_are_left_behind_are_named(
    outdated: Household,
) -> None:
    (outdated.base / "reference.jpg").unlink()
    (outdated.inbox / "obama.jpg").unlink()
    with outdated.running() as daemon:
        assert daemon.wait_for("people.outdated")["person"] == "Barack Obama"
        renewed = daemon.wait_for("model.renewed")
        assert (renewed["photos"], renewed["left"]) == (1, 2)
    assert outdated.json("status")["photos"]["recognised"] == 2
    assert models(outdated, "face_references") == {OLD}


def test_a_daemon_that_is_killed_while_it_encodes_again_goes_on_where_it_was(outdated: Household) -> None:
    with outdated.running() as daemon:
        daemon.wait_for("model.changed")
        daemon.process.kill()
        daemon.process.wait()
    with outdated.running() as daemon:
        daemon.wait_for("root.scanned")
        if models(outdated) != {NEW}:
            daemon.wait_for("model.renewed")
    assert models(outdated) == {NEW}


def test_a_stop_does_not_wait_for_references_to_be_encoded(outdated: Household) -> None:
    with outdated.running() as daemon:
        worker = first_worker(daemon)
        os.kill(worker, signal.SIGSTOP)  # so that no reference is encoded, however long one waits
        daemon.wait_for("service.ready")
        daemon.send(signal.SIGTERM)
        daemon.wait_for("service.stopping")
        assert daemon.process.wait(20) == 0
    assert daemon.events("people.renewed") == []
    assert models(outdated, "face_references") == {OLD}


def copies(photo: Path, folder: Path, count: int) -> None:
    """Put photos into a folder that show the same, and are of other bytes."""
    for number in range(count):
        (folder / f"{number:02}.jpg").write_bytes(photo.read_bytes() + bytes([number]))


def recognised(household: Household) -> list[tuple[int, str, int]]:
    with closing(Database(household.state / STORE_NAME)) as db:
        return db.execute(
            "SELECT face_id, name, accepted FROM matches JOIN people ON people.id = person_id ORDER BY face_id"
        ).fetchall()


def test_a_change_that_is_killed_again_and_again_ends_with_every_face_encoded_once(
    household: Household, obama: Path, obama2: Path
) -> None:
    household.configure(PLAIN)
    copies(obama2, household.inbox, 60)
    household.scan()
    household.ask("people", "add", "Barack Obama", obama)
    household.configure({})
    before, names = embeddings(household), recognised(household)
    household.configure({"vision": {"workers": 1}})
    amid = 0
    for target in ("dlib", "dlib", "dlib-plain", "dlib"):
        there = faces_by_model(household)
        process = subprocess.Popen(command("models", "use", target), env=household.whole_environment())
        while process.poll() is None and faces_by_model(household) == there:
            time.sleep(0.005)
        process.kill()
        process.wait()
        amid += len(faces_by_model(household)) > 1
    assert amid > 1
    household.call("models", "use", "dlib")
    assert faces_by_model(household) == {NEW: 61}
    assert models(household, "face_references") == {NEW}
    assert recognised(household) == names
    with closing(Database(household.state / STORE_NAME)) as db:
        kept = {
            id_: np.frombuffer(data, "<f4")
            for id_, data in db.execute("SELECT face_id, embedding FROM face_embeddings WHERE model = ?", (OLD,))
        }
    assert kept.keys() == before.keys()
    assert all((kept[id_] == before[id_]).all() for id_ in before)


def faces_by_model(household: Household) -> dict[str, int]:
    with closing(Database(household.state / STORE_NAME)) as db:
        return dict(db.execute("SELECT engine, count(*) FROM faces GROUP BY engine").fetchall())
