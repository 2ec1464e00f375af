"""familiar people add-each: data sets with one folder a person."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from conftest import blurred, put
from familiar.store.store import STORE_NAME, Store
from support.household import Household, command


@pytest.fixture(scope="module")
def data_set(
    tmp_path_factory: pytest.TempPathFactory, obama: Path, obama2: Path, biden: Path, couple: Path, meadow: Path
) -> Path:
    """Folders of two people, with what can't be registered in them and beside them."""
    top = tmp_path_factory.mktemp("set") / "presidents"
    for folder in ("Barack_Obama/later", "Joe_Biden", "unknown", "Nobody"):
        (top / folder).mkdir(parents=True)
    put(obama, top / "Barack_Obama", "1.jpg")
    put(couple, top / "Barack_Obama", "2.jpg")
    put(obama2, top / "Barack_Obama" / "later", "3.jpg")
    put(biden, top / "Joe_Biden", "1.jpg")
    put(obama, top / "Joe_Biden", "2.jpg")
    put(biden, top / "unknown")
    put(meadow, top / "Nobody")
    put(meadow, top)
    return top


def test_a_data_set_that_is_named_from_the_current_folder_is_known_by_its_whole_path(
    household: Household, obama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "set" / "Barack Obama").mkdir(parents=True)
    photo = put(obama, tmp_path / "set" / "Barack Obama", "1.jpg")
    monkeypatch.chdir(tmp_path)
    household.ask("people", "add-each", "set")
    with Store(household.state / STORE_NAME) as store:
        assert [one.origin for one in store.people.references(store.people.find("Barack Obama").id)] == [photo]
        assert list(store.sightings.all_paths().values()) == [[photo]]


def test_all_people_of_a_data_set_are_registered_and_what_is_refused_is_told(
    household: Household, data_set: Path, couple: Path
) -> None:
    put(couple, household.inbox)
    household.scan()
    result = household.ask("people", "add-each", data_set, "--spaces", check=False)
    assert (result.returncode, result.stderr) == (1, "")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines == [
        "person registered known already refused left out",
        "Barack Obama 2 0 1",
        "Joe Biden 1 0 1",
        "Nobody 0 0 1",
        "path refused because",
        f"{data_set}/unknown The name 'unknown' is reserved in rules; choose another.",
        f"{data_set}/meadow.png it is not in the folder of a person",
        f"{data_set}/Barack_Obama/2.jpg 2 faces found; --largest or --central takes one of them",
        f"{data_set}/Joe_Biden/2.jpg the face is registered for 'Barack Obama' already",
        f"{data_set}/Nobody/meadow.png no face found",
        "2 people: 3 registered, 0 known already, 3 refused. Folders and loose photos that were refused: 2.",
    ]
    people = {row["name"]: (row["references"], row["faces"]) for row in household.json("people", "list")}
    assert people == {"Barack Obama": (2, 3), "Joe Biden": (1, 2)}  # both are in 2.jpg, which is that of the inbox
    again = household.ask("people", "add-each", data_set, "--spaces", "--largest", "--max", "2", "--json", check=False)
    told = json.loads(again.stdout)
    counts = ("registered", "known", "refused", "left_out")
    assert {row["person"]: tuple(row[count] for count in counts) for row in told["people"]} == {
        "Barack Obama": (1, 1, 0, 1),
        "Joe Biden": (0, 1, 1, 0),
        "Nobody": (0, 0, 1, 0),
    }
    assert [row["reason"] for row in told["refused"]][1:] == ["it is not in the folder of a person"]
    assert told["people"][0]["photos"][0] == {
        "path": str(data_set / "Barack_Obama" / "1.jpg"),
        "result": "known",
        "reason": None,
    }


def many_copies(photos: list[Path], top: Path, count: int) -> None:
    """Make a data set of one person a photo, in so many copies; each has another end, and so another content."""
    for number, photo in enumerate(photos):
        folder = top / f"Person {number}"
        folder.mkdir(parents=True)
        for copy in range(count):
            (folder / f"{copy}.jpg").write_bytes(photo.read_bytes() + copy.to_bytes(4, "big"))


def rows(household: Household, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{household.state / STORE_NAME}?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


SEEN = "SELECT hash, seen_at FROM photos ORDER BY hash"
REGISTERED = "SELECT name, origin FROM face_references JOIN people ON people.id = person_id ORDER BY face_references.id"


def stopped(household: Household, top: Path, number: signal.Signals, *, after: int) -> tuple[int, str]:
    """Stop the command, with all of its processes, when it has seen so many photos more."""
    before = len(rows(household, SEEN)) if household.state.exists() else 0
    process = subprocess.Popen(
        command("people", "add-each", top),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=household.whole_environment(),
        start_new_session=True,
        # What runs in the background of a shell ignores it, and so would the command.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no thread runs here
    )
    deadline = time.monotonic() + 60
    while not (household.state / STORE_NAME).exists() or len(rows(household, SEEN)) < before + after:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def test_what_was_stopped_goes_on_there_and_ends_as_if_nothing_had_happened(
    household: Household, obama: Path, biden: Path
) -> None:
    top = household.base / "set"
    many_copies([obama, biden], top, 15)
    assert stopped(household, top, signal.SIGKILL, after=1)[0] == -signal.SIGKILL
    seen = rows(household, SEEN)
    assert stopped(household, top, signal.SIGINT, after=2) == (
        130,
        "error: Stopped. Run the command again to continue; no photo is examined twice.\n",
    )
    assert household.json("people", "list") == []
    found = household.json("people", "add-each", top)
    assert [row["registered"] for row in found["people"]] == [15, 15]
    assert set(seen) <= set(rows(household, SEEN))  # with the time when each was looked at
    assert rows(household, REGISTERED) == [(path.parent.name, bytes(path)) for path in sorted(top.glob("*/*"))]


def test_wrong_use_is_refused(household: Household, obama: Path) -> None:
    put(obama, household.inbox)
    for arguments, message in {
        ("add-each", household.inbox): f"{household.inbox}: has no folders, of which each would be a person; "
        "for photos of one person: familiar people add NAME FOLDER",
        ("add-each", household.base / "x"): f"{household.base / 'x'}: the folder does not exist.",
        ("add-each", household.base, "--largest", "--central"): "--largest and --central can't be used together: "
        "one face of each photo is registered.",
    }.items():
        result = household.ask("people", *arguments, check=False)
        assert (result.returncode, result.stderr) == (2, f"error: {message}\n")


def test_a_face_of_poor_quality_is_no_reference_unless_it_is_wanted(
    household: Household, obama: Path, tmp_path: Path
) -> None:
    photo = blurred(obama, tmp_path / "blurred.jpg")
    result = household.ask("people", "add", "Barack Obama", photo, check=False)
    assert result.returncode == 1
    told = " ".join(result.stdout.split())
    assert "its face has a quality of only 0." in told
    assert "and 0.35 is needed; use a clearer photo, or a lower --min-quality" in told
    assert "Barack Obama: 0 registered, 0 known already, 1 refused." in told
    household.ask("people", "add", "Barack Obama", photo, "--min-quality", "0")
    assert household.json("people", "show", "Barack Obama")["references"] == 1
