"""familiar people: register, list, rename, merge, remove."""

import json
from pathlib import Path

import pytest

from conftest import put
from support.household import Household


@pytest.fixture(scope="module")
def photos(
    tmp_path_factory: pytest.TempPathFactory, obama: Path, obama2: Path, biden: Path, couple: Path, meadow: Path
) -> Path:
    """A folder with portraits, and with what can't be a reference."""
    folder = tmp_path_factory.mktemp("photos") / "album"
    (folder / "more").mkdir(parents=True)
    for photo in (obama, couple, meadow):
        put(photo, folder)
    put(obama2, folder / "more")
    put(biden, folder.parent)
    (folder / "broken.jpg").write_bytes(b"no photo")
    (folder / "notes.txt").write_text("no photo either")
    return folder


def test_of_a_folder_each_photo_with_one_face_is_registered_and_the_others_are_refused_with_their_reason(
    household: Household, photos: Path
) -> None:
    result = household.ask("people", "add", "Barack Obama", photos, "--json", check=False)
    assert result.returncode == 1
    told = json.loads(result.stdout)
    assert {(Path(row["path"]).name, row["result"], row["reason"]) for row in told["photos"]} == {
        ("obama.jpg", "registered", None),
        ("obama2.jpg", "registered", None),
        ("couple.jpg", "refused", "2 faces found; --largest or --central takes one of them"),
        ("meadow.png", "refused", "no face found"),
        ("broken.jpg", "refused", "not a picture in a known format"),
    }
    again = household.ask("people", "add", "barack  OBAMA", photos, "--largest", check=False)
    assert again.stdout.splitlines()[-1] == "barack  OBAMA: 1 registered, 2 known already, 2 refused."
    (person,) = household.json("people", "list")
    assert (person["name"], person["references"]) == ("Barack Obama", 3)
    assert (household.inbox.exists(), household.tree()) == (True, {})


def test_a_face_that_is_registered_for_somebody_else_is_refused(household: Household, photos: Path) -> None:
    household.ask("people", "add", "Joe Biden", photos.parent / "biden.jpg")
    result = household.ask("people", "add", "Barack Obama", photos.parent / "biden.jpg", check=False)
    assert (result.returncode, "the face is registered for 'Joe Biden' already" in result.stdout) == (1, True)
    assert [person["name"] for person in household.json("people", "list")] == ["Joe Biden"]


def test_known_photos_are_matched_again_at_once_when_people_change(household: Household, photos: Path) -> None:
    for name in ("obama.jpg", "more/obama2.jpg", "../biden.jpg"):
        put(photos / name, household.inbox)
    household.scan()
    household.ask("people", "add", "Obama", photos / "obama.jpg")
    assert counts(household) == {"Obama": (1, 2)}
    household.ask("people", "threshold", "Obama", "0.01")
    assert counts(household) == {"Obama": (1, 1)}
    household.ask("people", "threshold", "Obama")
    household.ask("people", "rename", "obama", "Barack Obama")
    household.ask("people", "add", "Joe", photos.parent / "biden.jpg")
    assert counts(household) == {"Barack Obama": (1, 2), "Joe": (1, 1)}
    shown = household.json("people", "show", "barack obama")
    assert [reference["origin"] for reference in shown["reference_list"]] == [str(photos / "obama.jpg")]
    household.ask("people", "merge", "Joe", "Barack Obama")
    assert counts(household) == {"Barack Obama": (2, 3)}
    household.ask("people", "remove", "Barack Obama", "--yes")
    assert counts(household) == {}
    assert household.json("status")["photos"]["recognised"] == 0
    assert household.json("status")["photos"]["faces"] == 3


def test_each_change_of_people_says_how_it_is_undone_and_is(household: Household, photos: Path) -> None:
    household.ask("people", "add", "Obama", photos / "obama.jpg")
    before = counts(household)
    renamed = household.ask("people", "rename", "obama", "Barack Obama").stdout
    assert renamed == "'obama' is 'Barack Obama' now (event 2; undo: familiar people undo 2).\n"
    assert household.ask("people", "undo").stdout == "Undone: Obama is Barack Obama now (event 2).\n"
    assert household.json("people", "remove", "Obama", "--yes")["event"] == 3
    assert counts(household) == {}
    undone = household.json("people", "undo", "3")
    assert (undone["id"], undone["kind"], undone["summary"]) == (3, "remove person", "Obama (1 reference) was removed")
    assert counts(household) == before
    again = household.ask("people", "undo", "3", check=False)
    assert (again.returncode, again.stderr) == (
        2,
        "error: Event 3 (Obama (1 reference) was removed) was undone already.\n",
    )


def counts(household: Household) -> dict[str, tuple[int, int]]:
    """References and matching faces of each person."""
    return {person["name"]: (person["references"], person["faces"]) for person in household.json("people", "list")}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("people", "show", "Eileen"), "There is no person named 'Eileen'; `familiar people list` shows the names."),
        (("people", "rename", "Eileen", "any"), "The name 'any' is reserved in rules; choose another."),
        (("people", "add", " ", "/"), "A person's name can't be empty."),
        (("people", "add", "Eileen", "/nowhere/x.jpg"), "/nowhere/x.jpg: no such folder or file."),
    ],
)
def test_wrong_use_is_refused_with_what_would_be_right(
    household: Household, arguments: tuple[str, ...], message: str
) -> None:
    household.make_store()
    result = household.ask(*arguments, check=False)
    assert (result.returncode, result.stderr) == (2, f"error: {message}\n")
    as_json = household.ask(*arguments, "--json", check=False)
    assert (as_json.returncode, json.loads(as_json.stderr)["error"]) == (2, message)


def test_nobody_is_removed_or_renamed_over_by_accident(household: Household, obama: Path, biden: Path) -> None:
    household.ask("people", "add", "Obama", obama)
    household.ask("people", "add", "Biden", biden)
    assert household.ask("people", "remove", "Obama", check=False).returncode == 1
    taken = household.ask("people", "rename", "Obama", "biden", check=False)
    assert taken.stderr.startswith("error: 'Biden' exists already; `familiar people merge 'Obama' 'Biden'` makes one")
    assert set(counts(household)) == {"Obama", "Biden"}


def test_a_hidden_person_still_matches_and_is_shown_as_hidden(household: Household, photos: Path) -> None:
    household.ask("people", "add", "Obama", photos / "obama.jpg")
    before = counts(household)
    assert "'Obama' is hidden now (event" in household.ask("people", "hide", "obama").stdout
    assert "hidden: not offered for unnamed faces" in household.ask("people", "show", "Obama").stdout
    assert counts(household) == before
    assert household.ask("people", "hide", "Obama").stdout == "'Obama' is hidden now.\n"  # nothing had to be changed
    household.ask("people", "unhide", "Obama")
    assert "hidden:" not in household.ask("people", "show", "Obama").stdout
    household.ask("people", "undo")
    assert "hidden:" in household.ask("people", "show", "Obama").stdout
    assert "no person named 'Nobody'" in household.refused("people", "hide", "Nobody").stderr
