"""Which commands make a store: those that bring something in, and no other."""

from pathlib import Path

import numpy as np
import pytest

from conftest import put
from support.household import Household

READERS = [
    ("status",),
    ("undo", "--last"),
    ("undo", "--since", "1h"),
    ("people", "list"),
    ("people", "show", "Eileen"),
    ("people", "rename", "Eileen", "Eileen Collins"),
    ("people", "merge", "Eileen", "Eileen Collins"),
    ("people", "remove", "Eileen", "--yes"),
    ("people", "threshold", "Eileen"),
    ("people", "export", "Eileen", "{base}/eileen.npy"),
    ("find", "{photo}"),
    ("collect", "--person", "Eileen", "--to", "{base}/eileen"),
    ("scores", "write", "--person", "Eileen", "{base}/inbox"),
    ("scores", "stats", "--person", "Eileen"),
    ("crop", "--person", "Eileen", "--to", "{base}/crops"),
    ("rules", "apply"),
    ("clusters", "run"),
    ("clusters", "list"),
    ("clusters", "log"),
    ("clusters", "undo"),
    ("clusters", "suggest"),
    ("clusters", "export", "{base}/faces"),
    ("sidecars", "plan"),
    ("sidecars", "write"),
    ("sidecars", "read"),
    ("report", "{base}/report.html"),
    ("export", "photos"),
    ("flickr", "status"),
    ("flickr", "push"),
    ("flickr", "push", "--dry-run"),
]

MAKERS = [
    ("scan",),
    ("plan",),
    ("people", "add", "Eileen", "{photo}"),
    ("people", "add-each", "{base}/people"),
    ("people", "import", "Eileen", "{base}/eileen.npy"),
    ("copy", "{base}/list.txt", "--to", "{base}/copies"),
    ("sidecars", "plan", "{base}/inbox"),
    ("sidecars", "read", "{base}/inbox"),
    ("crop", "--reference", "{photo}", "{base}/inbox", "--to", "{base}/crops"),
]


@pytest.fixture
def fresh(household: Household, astronaut: Path) -> Household:
    """A household that was never used, with a photo and all that commands need."""
    put(astronaut, household.inbox)
    (household.base / "people" / "Eileen").mkdir(parents=True)
    put(astronaut, household.base / "people" / "Eileen")
    household.rule({"name": "tidy", "then": [{"copy": f"{household.out}/"}]})
    (household.base / "list.txt").write_text(f"{household.inbox / astronaut.name}\n")
    np.save(household.base / "eileen.npy", np.full((1, 128), 0.01))
    return household


def filled(arguments: tuple[str, ...], household: Household, photo: Path) -> list[str]:
    return [argument.format(base=household.base, photo=photo) for argument in arguments]


@pytest.mark.parametrize("arguments", READERS, ids=" ".join)
def test_a_command_that_needs_what_is_known_makes_no_store(
    fresh: Household, astronaut: Path, arguments: tuple[str, ...]
) -> None:
    (fresh.base / "eileen.npy").unlink()
    result = fresh.ask(*filled(arguments, fresh, astronaut), check=False)
    remedy = "create one with `familiar scan FOLDER` or `familiar run FOLDER`."
    assert (result.returncode, result.stderr) == (
        1,
        f"error: {fresh.state}/familiar.db: no store exists; {remedy}\n",
    )
    assert not fresh.state.exists()


@pytest.mark.parametrize("arguments", MAKERS, ids=" ".join)
def test_a_command_that_brings_something_in_makes_one(
    fresh: Household, astronaut: Path, arguments: tuple[str, ...]
) -> None:
    fresh.ask(*filled(arguments, fresh, astronaut))
    assert (fresh.state / "familiar.db").is_file()


@pytest.mark.parametrize("arguments", READERS, ids=" ".join)
def test_a_deleted_store_is_not_created_again_by_commands_that_only_read(
    fresh: Household, astronaut: Path, arguments: tuple[str, ...]
) -> None:
    fresh.make_store()
    (fresh.base / "eileen.npy").unlink()
    (fresh.state / "familiar.db").unlink()
    assert fresh.ask(*filled(arguments, fresh, astronaut), check=False).returncode == 1
    assert list(fresh.state.iterdir()) == []


def test_doctor_reports_a_missing_store_and_does_not_create_one(fresh: Household) -> None:
    findings = {finding["subject"]: finding for finding in fresh.json("doctor")}
    assert findings["store"]["verdict"] == "good"
    assert findings["store"]["detail"] == f"none: {fresh.state} was never used"
    assert findings["space"]["detail"].endswith(f"MiB free in {fresh.base}")
    assert not fresh.state.exists()


def test_doctor_warns_of_a_folder_that_was_used_and_has_no_store(fresh: Household) -> None:
    fresh.scan()
    (fresh.state / "familiar.db").unlink()
    before = sorted(fresh.state.iterdir())
    findings = {finding["subject"]: finding for finding in fresh.json("doctor")}
    assert findings["store"]["verdict"] == "warning"
    assert findings["store"]["remedy"] == "if a store existed, restore it or a backup first"
    assert sorted(fresh.state.iterdir()) == before


def test_rules_are_checked_where_nobody_is_known_without_a_store(fresh: Household) -> None:
    fresh.rule({"name": "of one", "when": {"person": "Eileen Collins"}, "then": ["stop"]})
    assert fresh.json("rules", "check")["unknown_people"] == ["Eileen Collins"]
    assert not fresh.state.exists()


def test_asking_who_runs_leaves_the_lock_as_it_is(fresh: Household) -> None:
    fresh.scan()
    (fresh.state / "familiar.lock").unlink()
    assert fresh.json("status")["pid"] is None
    assert not (fresh.state / "familiar.lock").exists()


def test_a_state_folder_that_is_made_and_its_store_are_for_their_user_alone(household: Household) -> None:
    household.scan()
    assert household.state.stat().st_mode & 0o777 == 0o700
    readable = [path.name for path in household.state.iterdir() if path.is_file() and path.stat().st_mode & 0o077]
    assert readable == []
    assert (household.state / "familiar.db").is_file()
