"""--min-quality, in all commands that choose among faces; and the quality in what they show."""

import csv
from pathlib import Path

import pytest

from conftest import put
from support.household import Household
from support.qualities import rate

OBAMA = ("--person", "Barack Obama")


@pytest.fixture
def rated(library: Household, tmp_path: Path) -> Household:
    """A copy of the library: each face has a quality of its own; of those of Obama, one is not good."""
    household = Household.like(library, tmp_path)
    rate(household, {"couple.jpg": [0.9, 0.2], "obama.jpg": [0.3], "obama2.jpg": [0.6], "biden.jpg": [0.7]})
    rate(household, {"astronaut.jpg": [0.1]})
    return household


@pytest.mark.parametrize(
    "command",
    [
        ("find", "a.jpg"),
        ("crop", *OBAMA, "--to", "out"),
        ("export", "faces"),
        ("scores", "write", *OBAMA, "album"),
        ("scores", "stats", *OBAMA),
        ("scores", "filter", *OBAMA),
        ("scores", "plot", *OBAMA),
        ("clusters", "export", "out"),
    ],
)
@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("-0.1", "-0.1 is not in the range 0<=x<=1."),
        ("1.5", "1.5 is not in the range 0<=x<=1."),
        ("nan", "nan is not a number."),
        ("good", "'good' is not a valid float range."),
    ],
)
def test_a_quality_is_a_number_from_0_to_1(
    household: Household, command: tuple[str, ...], value: str, complaint: str
) -> None:
    result = household.ask(*command, "--min-quality", value, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert f"Invalid value for '--min-quality': {complaint}" in result.stderr


def test_find_shows_the_quality_of_the_faces_that_are_sought(rated: Household, couple: Path) -> None:
    told = rated.ask("find", couple, "--min-quality", "0.5").stdout
    first = told.splitlines()[0]
    assert (first.startswith("face 1 of 1, "), ", quality 0.90: Barack Obama (" in first) == (True, True), first
    assert ("couple.jpg" in told, "obama2.jpg" in told, "obama.jpg" in told) == (True, True, False)
    (found,) = rated.json("find", couple, "--min-quality", "0.5")["faces"]
    assert found["quality"] == 0.9


def test_find_says_that_no_known_face_is_good_enough(rated: Household, biden: Path) -> None:
    assert "couple.jpg" in rated.ask("find", biden, *OBAMA).stdout
    strict = rated.ask("find", biden, *OBAMA, "--min-quality", "0.5").stdout
    assert "no known photo has a face with a quality of at least 0.5 within the threshold; use --nearest" in strict


def test_scores_skip_faces_of_too_low_a_quality(rated: Household) -> None:
    album = rated.json("scores", "filter", *OBAMA)[0]["path"].rpartition("/20")[0]
    for command in ("filter", "plot", "stats"):
        assert rated.json("scores", command, *OBAMA) != rated.json("scores", command, *OBAMA, "--min-quality", "0.5")
    listed = rated.ask("scores", "filter", *OBAMA, "--min-quality", "0.5").stdout.splitlines()
    assert {Path(line).name for line in listed} == {"couple.jpg", "obama2.jpg", "biden.jpg"}
    result = rated.ask("scores", "stats", album, "--min-quality", "0.5", check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("error: --min-quality requires --person: a file of scores has no faces.")


def test_writing_scores_counts_photos_without_a_face_that_is_good_enough(
    rated: Household, obama: Path, couple: Path
) -> None:
    put(obama, rated.inbox)
    put(couple, rated.inbox)
    told = rated.ask("scores", "write", *OBAMA, rated.inbox, "--min-quality", "0.5").stdout
    assert "Barack Obama: 1 photo scored, 1 without a face with a quality of at least 0.5, 0 not readable" in told


def test_an_export_leaves_out_faces_of_too_low_a_quality(rated: Household, tmp_path: Path) -> None:
    whole = list(csv.DictReader(rated.ask("export", "faces").stdout.splitlines()))
    assert sorted(row["quality"] for row in whole) == ["0.1", "0.2", "0.3", "0.6", "0.7", "0.9"]
    lines = rated.ask("export", "faces", "--min-quality", "0.5").stdout.splitlines()
    assert sorted(row["quality"] for row in csv.DictReader(lines)) == ["0.6", "0.7", "0.9"]
    written = rated.json("export", "matches", "--out", tmp_path / "matches.csv", "--min-quality", "0.5")
    assert (written["rows"], len((tmp_path / "matches.csv").read_text().splitlines())) == (3, 4)


def test_crops_are_of_faces_that_are_good_enough(rated: Household, tmp_path: Path) -> None:
    (cropped,) = rated.json("crop", *OBAMA, "--to", tmp_path / "crops", "--min-quality", "0.5")["folders"]
    assert {Path(face["source"]).name: face["quality"] for face in cropped["added"]} == {
        "couple.jpg": 0.9,
        "obama2.jpg": 0.6,
    }


def test_a_plan_follows_the_quality_of_faces_and_shows_it(rated: Household, tmp_path: Path) -> None:
    good = {"person": "any", "face": {"min_quality": 0.5}}
    crop = {"crop": {"to": f"{tmp_path}/faces/", "min_quality": 0.5}}
    rated.rule(
        {"name": "good", "when": good, "then": [{"copy": f"{tmp_path}/{{person}}/"}]},
        {"name": "faces", "when": {"person": "Joe Biden"}, "then": [crop]},
    )
    plans = {Path(plan["path"]).name: plan for plan in rated.json("plan")["plans"]}
    qualities = {name: [face["quality"] for face in plan["faces"]] for name, plan in plans.items()}
    assert qualities == {
        "couple.jpg": [0.9, 0.2],
        "obama.jpg": [0.3],
        "obama2.jpg": [0.6],
        "biden.jpg": [0.7],
        "astronaut.jpg": [0.1],
        "meadow.png": [],
    }
    copies = {step["target"] for plan in plans.values() for step in plan["operations"] if step["kind"] == "copy"}
    assert copies == {
        f"{tmp_path}/Barack Obama/couple.jpg",
        f"{tmp_path}/Barack Obama/obama2.jpg",
        f"{tmp_path}/Joe Biden/biden.jpg",
    }
    (refusal,) = plans["couple.jpg"]["refusals"]
    assert refusal["reason"] == "the face has a quality of 0.2, and min_quality is 0.5"
    assert "the face has a quality of 0.2, and min_quality is 0.5" in " ".join(rated.ask("plan").stdout.split())


def test_a_check_of_the_rules_names_a_quality_that_is_wrong(household: Household) -> None:
    household.rules.write_text("rules:\n  - name: a\n    when: {face: {min_quality: .nan}}\n    then: [stop]\n")
    result = household.ask("rules", "check", check=False)
    wrong = f"error: {household.rules}:3:32: rules[0].when.face.min_quality: nan is wrong; a number from 0 to 1 would"
    assert (result.returncode, result.stderr) == (2, f"{wrong} be right\n")
