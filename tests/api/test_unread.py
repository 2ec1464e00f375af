"""Folders that can't be looked into: commands go on without them, and tell of them at the end."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.household import Household
from support.permissions import locked


@pytest.fixture
def split(household: Household, obama: Path, obama2: Path) -> Iterator[Household]:
    """A household with a photo in a folder that may be entered, and one in a folder that may not."""
    for photo, folder in ((obama, "open"), (obama2, "locked")):
        (household.inbox / folder).mkdir()
        shutil.copy(photo, household.inbox / folder)
    household.scan()
    household.ask("people", "add", "Barack Obama", household.inbox / "open" / "obama.jpg")
    household.rule({"name": "album", "then": [{"copy": f"{household.out}/"}]})
    household.configure({"sidecars": {"write": True}})
    household.obeys_permissions = True
    with locked(household.inbox / "locked"):
        yield household


def warning(household: Household) -> str:
    folder = household.inbox / "locked"
    return f"warning: {folder}: can't be read: Permission denied; the photos in it were left out.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["rules", "apply"],
        ["collect", "--person", "Barack Obama", "--to", "{base}/to"],
        ["collect", "--person", "Barack Obama", "{inbox}", "--to", "{base}/to"],
        ["crop", "{inbox}", "--person", "Barack Obama", "--to", "{base}/to"],
        ["people", "add", "Barack Obama", "{inbox}"],
        ["plan", "{inbox}"],
        ["sidecars", "write"],
        ["find", "{inbox}/open/obama.jpg"],
    ],
)
def test_a_command_goes_on_without_a_folder_that_it_can_not_look_into(split: Household, arguments: list[str]) -> None:
    whole = [each.format(inbox=split.inbox, base=split.base) for each in arguments]
    result = split.call(*whole, check=False)
    assert "Traceback" not in result.stderr
    assert result.stderr.endswith(warning(split)), result.stderr
    assert result.returncode == 0


def test_the_rules_are_applied_to_all_photos_that_can_be_seen(split: Household) -> None:
    split.call("rules", "apply")
    assert sorted(path.name for path in split.out.iterdir()) == ["obama.jpg"]


def test_the_warning_is_no_part_of_a_result(split: Household) -> None:
    result = split.call("plan", split.inbox, "--json")
    assert json.loads(result.stdout)
    assert result.stderr.endswith(warning(split))


def test_a_folder_that_was_named_and_can_not_be_looked_into_is_an_error(split: Household) -> None:
    result = split.call("plan", split.inbox / "locked", check=False)
    assert result.returncode == 2
    assert "locked' is not readable" in result.stderr


def test_what_can_not_be_looked_at_is_not_gone(split: Household) -> None:
    known = split.inbox / "locked" / "obama2.jpg"
    with split.running() as daemon:
        daemon.wait_for("root.incomplete")
        daemon.wait_for("root.scanned")
        (split.inbox / "locked").rename(split.inbox / "still locked")
        (split.inbox / "still locked").rename(split.inbox / "locked")
        daemon.wait_for("root.incomplete", count=2)
        shutil.copy(split.inbox / "open" / "obama.jpg", split.inbox / "last.jpg")
        daemon.wait_for("file.copied", path=str(split.inbox / "last.jpg"))
        assert not [event for event in daemon.events("file.gone") if event["path"] == str(known)]
    split.obeys_permissions = False
    assert split.json("status")["files"]["done"] == 3
