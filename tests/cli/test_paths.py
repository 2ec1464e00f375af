"""Paths on the command line: empty, impossible, of homes, with control characters."""

from pathlib import Path

import pytest

from conftest import put
from support.household import Household

LONG = "x" * 300
LISTED = "list.txt"


@pytest.fixture
def listed(household: Household, meadow: Path, monkeypatch: pytest.MonkeyPatch) -> Household:
    """A household whose base is the current folder, with a list of one photo and a file of scores."""
    photo = put(meadow, household.inbox)
    (household.base / LISTED).write_text(f"{photo}\n")
    (household.base / "scores.txt").write_text(f"{photo}: 0.5\n")
    monkeypatch.chdir(household.base)
    return household


@pytest.mark.parametrize(
    "arguments",
    [
        ("scores", "stats", LONG),
        ("scores", "filter", "scores.txt", "--out", LONG),
        ("scores", "plot", "scores.txt", "--out", f"{LONG}.png"),
        ("scores", "write", "--person", "Ann", LONG),
        ("find", LONG),
        ("people", "add", "Ann", LONG),
        ("people", "add-each", LONG),
        ("people", "export", "Ann", f"{LONG}.npz"),
        ("people", "import", "Ann", LONG),
        ("scan", LONG),
        ("plan", LONG),
        ("report", LONG),
        ("export", "photos", "--out", f"{LONG}.csv"),
        ("move", LONG, "--to", "out"),
        ("move", LISTED, "--to", LONG),
        ("--config", LONG, "status"),
    ],
)
def test_a_name_that_is_too_long_is_told_with_the_path(listed: Household, arguments: tuple[str, ...]) -> None:
    result = listed.ask(*arguments, check=False)
    assert (result.returncode, result.stderr.count("\n")) == (2, 1), result.stderr
    assert LONG in result.stderr
    assert "File name too long" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("move", LISTED, "--to", ""),
        ("find", LISTED, "--copy-to", ""),
        ("collect", "--person", "Ann", "--to", ""),
        ("crop", "--person", "Ann", "--to", ""),
        ("scores", "filter", "scores.txt", "--out", ""),
        ("scan", ""),
    ],
)
def test_an_empty_path_is_refused(listed: Household, arguments: tuple[str, ...]) -> None:
    before = listed.tree()
    result = listed.ask(*arguments, check=False)
    assert (result.returncode, listed.tree()) == (2, before)
    assert "The path is empty." in result.stderr


@pytest.mark.parametrize("arguments", [("move", LISTED, "--to", "~nobody-here/x"), ("scan", "~nobody-here/x")])
def test_a_home_of_nobody_is_refused(listed: Household, arguments: tuple[str, ...]) -> None:
    result = listed.ask(*arguments, check=False)
    assert result.returncode == 2
    assert "~nobody-here/x: no such home folder" in result.stderr


def test_paths_of_the_home_are_taken_and_so_is_a_file_whose_name_begins_alike(listed: Household) -> None:
    assert "0.5" in listed.ask("scores", "stats", "~/scores.txt").stdout
    Path("scores.txt").rename("~scores.txt")
    assert "0.5" in listed.ask("scores", "stats", "~scores.txt").stdout


def test_control_characters_in_a_path_never_reach_the_terminal(listed: Household) -> None:
    Path(LISTED).write_text("/x\x1b[31m.jpg\n/y.jpg\n")
    result = listed.ask("move", LISTED, "--to", "out", check=False)
    assert result.stderr.splitlines()[:2] == [
        "error: /x\\x1b[31m.jpg: no longer exists",
        "error: /y.jpg: no longer exists",
    ]
