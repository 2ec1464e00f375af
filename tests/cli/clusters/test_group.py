"""familiar clusters: group, show, decide, undo, review."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import blurred, put, put_variants
from support.household import Household, command


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory, obama: Path, obama2: Path, biden: Path, couple: Path) -> Household:
    """A state that has seen Barack Obama in six photos, and Joe Biden in four; grouped."""
    household = Household(base=tmp_path_factory.mktemp("album"))
    for photo, ways in ((obama, 3), (obama2, 2), (biden, 3)):
        put_variants(photo, household.inbox, ways)
    put(couple, household.inbox)
    household.scan()
    household.ask("clusters", "run")
    return household


@pytest.fixture
def home(album: Household, tmp_path: Path) -> Household:
    """A household of its own, with the state of the album."""
    return Household.like(album, tmp_path)


def listed(household: Household) -> dict[int, tuple[int, str | None]]:
    """Faces and name of each cluster."""
    return {row["id"]: (row["faces"], row["name"]) for row in household.json("clusters", "list", "--all")}


def rows(household: Household) -> dict[str, list[Any]]:
    with sqlite3.connect(household.state / "familiar.db") as db:
        tables = ("clusters", "cluster_faces", "refusals", "no_faces", "people", "face_references")
        return {table: db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in tables}  # noqa: S608


def test_arithmetic_of_grouping_begins_no_threads(home: Household) -> None:
    code = """
import os, sys
from contextlib import suppress
from familiar.__main__ import run
sys.argv = ["familiar", "clusters", "run"]
with suppress(SystemExit):
    run()
import numpy
points = numpy.ones((2000, 64), numpy.float32)
points @ points.T
print(len(os.listdir("/proc/self/task")))
"""
    environment = {name: value for name, value in home.whole_environment().items() if not name.endswith("_NUM_THREADS")}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "1"


def test_faces_of_one_person_come_into_one_cluster_and_again_without_new_faces_changes_nothing(home: Household) -> None:
    assert sorted(faces for faces, _ in listed(home).values()) == [4, 6]
    before = rows(home)
    assert home.json("clusters", "run") == {"joined": 0, "fresh": 0, "grouped": 0, "absorbed": 0, "left_out": 0}
    assert rows(home) == before


def test_a_name_is_given_to_all_faces_of_a_cluster_and_rules_see_it_and_undo_takes_it_back(home: Household) -> None:
    before = rows(home)
    large = max(listed(home), key=lambda id_: listed(home)[id_])
    named = home.json("clusters", "name", str(large), "Barack Obama")
    assert named["summary"] == f"cluster {large} (6 faces) is Barack Obama"
    (person,) = home.json("people", "list")
    assert (person["name"], person["faces"]) == ("Barack Obama", 6)
    home.rule({"name": "all", "when": {"person": "Barack Obama"}, "then": [{"copy": f"{home.out}/{{person}}/"}]})
    assert home.ask("rules", "apply").returncode == 0
    assert len(home.tree(home.out)) == 6
    undone = home.json("clusters", "undo")
    assert undone["id"] == named["id"]
    assert rows(home) == before
    assert home.json("status")["photos"]["recognised"] == 0


def test_the_best_and_most_different_faces_become_references_and_other_faces_are_matched_at_once(
    home: Household,
) -> None:
    large, small = sorted(listed(home), key=lambda id_: -listed(home)[id_][0])
    taken = [face["id"] for face in home.json("clusters", "show", str(large))["face_list"]][:2]
    home.ask("clusters", "take-out", str(large), *map(str, taken))
    home.ask("clusters", "undo")
    home.ask("clusters", "split", str(large), *map(str, taken))
    home.ask("clusters", "name", str(large), "Barack Obama")
    (person,) = home.json("people", "list")
    assert (person["references"], person["faces"]) == (4, 4)  # those that were split off are refused for him
    assert {face["match"] for face in home.json("clusters", "show", str(small))["face_list"]} == {None}


def test_a_cluster_that_was_merged_leads_to_the_one_that_it_is_in_and_undo_parts_them(home: Household) -> None:
    large, small = sorted(listed(home), key=lambda id_: -listed(home)[id_][0])
    refused = home.ask("clusters", "merge", str(small), str(large), check=False)
    assert (refused.returncode, "have faces in one photo (couple.jpg)" in refused.stderr) == (2, True)
    before = rows(home)
    home.ask("clusters", "merge", str(small), str(large), "--anyway")
    assert listed(home) == {large: (10, None)}
    shown = home.ask("clusters", "show", str(small)).stdout.splitlines()
    assert shown[0] == f"Cluster {small} became a part of cluster {large}."
    home.ask("clusters", "undo")
    assert rows(home) == before


def test_what_was_refused_or_ignored_or_no_face_never_comes_back(home: Household) -> None:
    large, small = sorted(listed(home), key=lambda id_: -listed(home)[id_][0])
    home.ask("clusters", "name", str(large), "Barack Obama")
    home.ask("clusters", "refuse", str(large), "barack  OBAMA")
    assert home.json("people", "list")[0]["faces"] == 0
    again = home.ask("clusters", "name", str(large), "Barack Obama", check=False)
    assert (again.returncode, f"Cluster {large} was refused for 'Barack Obama' before" in again.stderr) == (2, True)
    home.ask("clusters", "ignore", str(small))
    assert [row["id"] for row in home.json("clusters", "list")] == [large]
    face = home.json("clusters", "show", str(large))["face_list"][0]["id"]
    home.ask("clusters", "not-a-face", str(face))
    home.ask("clusters", "run")
    assert listed(home) == {large: (5, None), small: (4, None)}
    assert home.json("status")["photos"]["faces"] == 9


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("", "A person's name can't be empty."),
        ("x" * 300, "has 300 characters; at most 200 are allowed."),
        ("Barack\x07Obama", "has the control character"),
        ("unknown", "is reserved in rules"),
    ],
)
def test_a_name_that_can_not_be_used_is_refused_and_nothing_changes(home: Household, name: str, complaint: str) -> None:
    before = rows(home)
    result = home.ask("clusters", "name", "1", name, check=False)
    assert (result.returncode, complaint in result.stderr) == (2, True), result.stderr
    assert rows(home) == before


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("show", "99"), "There is no cluster 99; `familiar clusters list` shows them."),
        (("split", "1", "99999"), "Face 99999 is not in cluster 1."),
        (("not-a-face", "99999"), "There is no face 99999."),
        (("undo",), "There is nothing to undo."),
        (("undo", "7"), "There is no event 7; `familiar undo --list` shows all events."),
        (("refuse", "1"), "Say who it is not: NAME, or --other CLUSTER."),
        (("refuse", "1", "Nobody"), "There is no person named 'Nobody'"),
        (("merge", "1", "1"), "1 and 1 are the same cluster already (1)."),
    ],
)
def test_what_can_not_be_decided_is_said(home: Household, arguments: tuple[str, ...], complaint: str) -> None:
    result = home.ask("clusters", *arguments, check=False)
    assert (result.returncode, complaint in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("run", "--threshold", "nan"), "nan is not a number."),
        (("show", "9" * 20), f"There is no cluster {'9' * 20}"),
        (("show", "one"), "'one' is not a valid integer."),
    ],
)
def test_invalid_numbers_are_refused(home: Household, arguments: tuple[str, ...], complaint: str) -> None:
    result = home.ask("clusters", *arguments, check=False)
    assert (result.returncode, complaint in result.stderr) == (2, True), result.stderr


def test_two_clusters_with_faces_in_one_photo_are_one_person_only_if_that_is_wanted(home: Household) -> None:
    large, small = sorted(listed(home), key=lambda id_: -listed(home)[id_][0])
    home.ask("clusters", "name", str(large), "Barack Obama")
    refused = home.ask("clusters", "name", str(small), "Barack Obama", check=False)
    assert (
        refused.returncode,
        "One photo (couple.jpg) shows two faces that would be one person" in refused.stderr,
    ) == (
        2,
        True,
    )
    home.configure({"clustering": {"same_photo": True}})
    home.ask("clusters", "name", str(small), "Barack Obama")
    assert listed(home) == {large: (6, "Barack Obama"), small: (4, "Barack Obama")}


def test_an_ignored_cluster_stays_ignored_and_nobody_matches_its_faces(home: Household) -> None:
    large, small = sorted(listed(home), key=lambda id_: -listed(home)[id_][0])
    home.ask("clusters", "ignore", str(large))
    refused = home.ask("clusters", "merge", str(small), str(large), "--anyway", check=False)
    assert (refused.returncode, f"Cluster {large} is ignored" in refused.stderr) == (2, True)
    faces = home.json("clusters", "show", str(large))["face_list"]
    portrait = next(face["path"] for face in faces if "couple" not in face["path"])
    home.ask("people", "add", "Barack Obama", portrait)
    assert [person["faces"] for person in home.json("people", "list")] == [0]


def test_a_state_without_faces_has_no_clusters(household: Household) -> None:
    household.make_store()
    assert household.json("clusters", "run") == {"joined": 0, "fresh": 0, "grouped": 0, "absorbed": 0, "left_out": 0}
    assert household.json("clusters", "list") == []
    assert household.ask("clusters", "suggest").stdout == "There is nothing to suggest.\n"
    assert household.ask("clusters", "log").stdout == "Nothing was decided yet.\n"


def answered(household: Household, *answers: str) -> str:
    """Review, with these answers; return what was printed."""
    result = subprocess.run(
        command("clusters", "review"),
        input="".join(f"{answer}\n" for answer in answers),
        capture_output=True,
        text=True,
        env=household.whole_environment(),
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_review_shows_each_cluster_and_takes_names_splits_and_undo(home: Household) -> None:
    large, small = sorted(listed(home), key=lambda id_: -listed(home)[id_][0])
    told = answered(
        home, "/?", "/i 3", "/quit", "/m", "/m 999999999999999999999", "/s 99", "/s 1 2", "/u", "Barack Obama", "/y", ""
    )
    assert "/i is about the whole cluster; leave out the numbers." in told
    assert "'/quit' is not a command, and a name can't begin with /; /? lists the commands." in told
    assert "Name the other cluster, as in /m 7." in told
    assert "'/m 999999999999999999999' is not a command" in told
    assert "There is no face 99 in the picture; the faces have the numbers 1 to 6." in told
    assert "NAME          the cluster is NAME" in told
    assert "There is no question to answer; answer with a name, or /? for help." in told
    assert told.endswith("2 decided; 1 cluster without a name left.\n")
    assert listed(home) == {large: (6, "Barack Obama"), small: (4, None)}
    with Image.open(home.state / "review" / f"cluster-{large}.png") as picture:
        assert picture.size == (6 * 132 + 4, 136)


def make_junk(household: Household, cluster: int) -> None:
    with sqlite3.connect(household.state / "familiar.db") as db:
        db.execute(
            "UPDATE faces SET quality = 0.1 WHERE id IN (SELECT face_id FROM cluster_faces WHERE cluster_id = ?)",
            (cluster,),
        )


def test_clusters_with_nothing_but_junk_are_listed_apart_and_reviewed_last(home: Household) -> None:
    large, small = sorted(listed(home), key=lambda id_: -listed(home)[id_][0])
    assert "poor quality" not in home.ask("clusters", "list").stdout
    make_junk(home, large)
    shown = [line.split()[0] for line in home.ask("clusters", "list").stdout.splitlines() if line]
    assert shown == ["cluster", str(small), "Only", "cluster", str(large)]
    assert [row["is_junk"] for row in home.json("clusters", "list")] == [False, True]
    told = answered(home, "", "")
    first, last = told.index(f"cluster {small}: 4 faces in"), told.index(f"cluster {large}: 6 faces of poor quality in")
    assert first < last


def test_a_blurred_face_is_found_but_comes_into_no_cluster_unless_it_is_wanted(home: Household, obama: Path) -> None:
    home.configure({})
    for number in range(2):
        blurred(obama, home.inbox / f"blurred-{number}.jpg", radius=24 + number)
    home.scan()
    before = rows(home)
    assert home.json("clusters", "run") == {"joined": 0, "fresh": 0, "grouped": 0, "absorbed": 0, "left_out": 0}
    assert rows(home) == before
    home.configure({"clustering": {"min_quality": 0}})
    found = home.json("clusters", "run")
    assert found["joined"] + found["grouped"] == 2


def test_a_review_ends_where_the_input_ends_and_keeps_what_was_decided(home: Household) -> None:
    assert answered(home, "/i").endswith("1 decided; 1 cluster without a name left.\n")
    assert [event["kind"] for event in home.json("clusters", "log")] == ["ignore"]
