"""familiar undo: what can be undone, in a list, and by numbers and ranges."""

from pathlib import Path

import pytest

from conftest import put
from support.album import Album
from support.household import Household


@pytest.fixture
def moved(household: Household, meadow: Path) -> Household:
    """A household with three photos, which were copied one after the other: operations 1 to 3."""
    for number in range(3):
        photo = put(meadow, household.inbox, f"{number}.png")
        photo.write_bytes(photo.read_bytes() + bytes([number]))
    household.scan()
    for number in range(3):
        list_ = household.base / "list.txt"
        list_.write_text(f"{household.inbox / f'{number}.png'}\n")
        household.ask("copy", list_, "--to", household.out)
    return household


def test_a_range_undoes_what_was_done_and_skips_what_is_undone_already(moved: Household) -> None:
    moved.ask("undo", "2")
    result = moved.json("undo", "1-3")
    assert [step["operation"] for step in result["undone"]] == [3, 1]
    assert moved.tree(moved.out) == {}
    again = moved.ask("undo", "1-3", check=False)
    assert (again.returncode, again.stderr) == (
        2,
        "error: There is no operation from 1 to 3 that was done and not yet undone.\n",
    )


def test_numbers_and_ranges_go_together(moved: Household) -> None:
    assert [step["operation"] for step in moved.json("undo", "1", "2-3")["undone"]] == [3, 2, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("3-1",), "The range '3-1' ends before it begins; use 1-3."),
        (("0",), "'0' is not the number of an operation; use 17, or 17-20 for a range."),
        (("last",), "'last' is not the number of an operation; use 17, or 17-20 for a range."),
        (("9" * 30,), f"'{'9' * 30}' is not the number of an operation; use 17, or 17-20 for a range."),
        (("--list", "--last"), "--list undoes nothing; leave out --last, --since TIME and numbers of operations."),
        ((), "Nothing to undo was given; use one of --last, --since TIME, and operation numbers."),
        (("7",), "There is no operation 7 that was done and not yet undone."),
    ],
)
def test_wrong_use_is_refused_with_what_would_be_right(
    household: Household, arguments: tuple[str, ...], message: str
) -> None:
    household.make_store()
    result = household.ask("undo", *arguments, check=False)
    assert (result.returncode, message in result.stderr) == (2, True), result.stderr


def test_the_list_shows_files_and_decisions_with_the_command_that_undoes_each(moved: Household, obama: Path) -> None:
    moved.ask("people", "add", "Obama", obama)
    moved.ask("people", "rename", "Obama", "Barack Obama")
    moved.ask("undo", "3")
    listed = moved.json("undo", "--list")
    assert [(one["about"], one["id"], one["undo"], one["reason"]) for one in listed] == [
        ("people", 2, "familiar people undo 2", None),
        ("people", 1, None, "event 2 builds on it"),
        ("files", 3, None, "undone already"),
        ("files", 2, "familiar undo 2", None),
        ("files", 1, "familiar undo 1", None),
    ]
    assert listed[0]["what"] == "Obama is Barack Obama now"
    assert listed[4]["what"] == f"copy {moved.inbox / '0.png'} to {moved.out / '0.png'}"
    shown = moved.ask("undo", "--list").stdout.splitlines()
    assert [line.split()[0] for line in shown] == ["number", "2", "1", "3", "2", "1"]
    assert " ".join(shown[1].split()[3:]) == "Obama is Barack Obama now familiar people undo 2"
    for one in listed:
        if one["undo"] is not None:
            moved.ask(*one["undo"].split()[1:])
    assert moved.json("undo", "--list")[0]["reason"] == "undone already"
    assert moved.tree(moved.out) == {}


def test_without_anything_done_the_list_says_so(household: Household) -> None:
    household.make_store()
    assert household.ask("undo", "--list").stdout == "Nothing was done yet that could be undone.\n"
    assert household.json("undo", "--list") == []


def test_of_a_long_history_people_see_the_newest_and_programs_all(household: Household) -> None:
    household.make_store()
    with Album.at(household.state) as album:
        for number in range(45):
            album.import_references(f"Person {chr(0x4E00 + number)}", 1)
    shown = household.ask("undo", "--list").stdout.splitlines()
    assert (len(shown), shown[-1]) == (42, "... and more; --json prints all.")
    assert len(household.json("undo", "--list")) == 45
