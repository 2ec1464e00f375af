import csv
import io
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from support.review_page import ServedPage, Visitor


@pytest.fixture
def known(served: ServedPage) -> int:
    """The id of Barack Obama, whose name two faces of group 1 got; the others match him."""
    with served.library() as library:
        some = [face.id for face in library.clusters.faces(1)[:2]]
        library.clusters.name(library.clusters.gather(some).cluster, "Barack Obama")
        return library.people.find("Barack Obama").id


def seen(served: ServedPage, person: int) -> dict[str, str]:
    with served.library() as library:
        return {str(person): library.people.of_id(person).version}


def test_people_are_shown_with_a_face_and_their_numbers(visitor: Visitor, known: int) -> None:
    shown = visitor.get("/people").text
    assert f'href="/people/{known}"' in shown
    assert "Barack Obama" in shown
    page = visitor.get(f"/people/{known}").text
    assert "5 faces<span data-photos></span>, recognised by 2 references" in page
    assert "in 5 photos" in visitor.get(f"/people/{known}/years").text
    references, _, faces = page.partition('data-part="faces"')
    assert (references.count('class="face"'), faces.count('class="face"')) == (2, 5)
    assert visitor.get("/people/999").status_code == 404


def test_a_person_is_renamed_and_that_is_undone(visitor: Visitor, served: ServedPage, known: int) -> None:
    made = visitor.change(what="rename", people=seen(served, known), name="Barack").json()
    assert made["said"] == "Barack Obama is Barack now"
    with served.library() as library:
        assert library.people.names() == ["Barack"]
    assert visitor.change(what="undo", events=made["events"]).status_code == 200
    with served.library() as library:
        assert library.people.names() == ["Barack Obama"]


def test_what_was_decided_before_the_answer_came_counts_with_the_versions_in_it(
    visitor: Visitor, served: ServedPage, known: int
) -> None:
    before = seen(served, known)
    made = visitor.change(what="hide", people=before).json()
    assert made["versions"] == seen(served, known) != before
    assert visitor.change(what="rename", people=before, name="Barack").json()["kind"] == "stale"
    assert visitor.change(what="rename", people=made["versions"], name="Barack").status_code == 200


def test_people_are_merged_and_that_is_undone(visitor: Visitor, served: ServedPage, known: int) -> None:
    with served.library() as library:
        library.clusters.name(2, "Joe Biden")
    made = visitor.change(what="merge people", people=seen(served, known), name="joe biden").json()
    assert made["said"] == "Barack Obama is Joe Biden now"
    with served.library() as library:
        assert library.people.names() == ["Joe Biden"]
    visitor.change(what="undo", events=made["events"])
    with served.library() as library:
        assert library.people.names() == ["Barack Obama", "Joe Biden"]


@pytest.fixture
def three(served: ServedPage, known: int) -> dict[str, str]:
    """Barack Obama, Joe Biden and Eileen Collins: their ids with the versions that a page had seen."""
    with served.library() as library:
        library.clusters.name(2, "Joe Biden")
        library.clusters.name(3, "Eileen Collins")
        library.rematch()
        return {str(person.id): library.people.state(person.id).version for person in library.people.all()}


def test_several_people_are_merged_by_one_answer_and_that_is_undone(
    visitor: Visitor, served: ServedPage, three: dict[str, str]
) -> None:
    made = visitor.change(what="merge people", people=three, name="Joe Biden").json()
    assert (made["said"], len(made["events"])) == ("Barack Obama and Eileen Collins are Joe Biden now", 1)
    with served.library() as library:
        assert [(one.name, one.faces) for one in library.people.all()] == [("Joe Biden", 11)]
        assert made["versions"] == {str(made["person"]): library.people.state(made["person"]).version}
        assert library.history()[0].what == "Barack Obama and Eileen Collins became a part of Joe Biden"
    assert visitor.change(what="undo", events=made["events"]).status_code == 200
    with served.library() as library:
        library.rematch()
        assert [one.faces for one in library.people.all()] == [5, 2, 4]


def test_several_people_get_a_new_name_if_it_is_said_to_be_new(
    visitor: Visitor, served: ServedPage, three: dict[str, str]
) -> None:
    refused = visitor.change(what="merge people", people=three, name="Everybody")
    assert (refused.status_code, refused.json()["kind"]) == (409, "new name")
    made = visitor.change(what="merge people", people=three, name="Everybody", is_new=True).json()
    with served.library() as library:
        assert library.people.names() == ["Everybody"]
    visitor.change(what="undo", events=made["events"])
    with served.library() as library:
        assert library.people.names() == ["Barack Obama", "Eileen Collins", "Joe Biden"]


def test_if_one_of_several_people_has_changed_or_is_somebody_else_none_is_merged(
    visitor: Visitor, served: ServedPage, three: dict[str, str]
) -> None:
    with served.library() as library:
        group = next(row.id for row in library.clusters.all() if row.name == "Eileen Collins")
        library.clusters.refuse(group, "Joe Biden")
    apart = visitor.change(what="merge people", people=three, name="Barack Obama")
    assert (apart.status_code, "told apart from" in apart.json()["said"]) == (422, True)
    with served.library() as library:
        library.people.rename("Eileen Collins", "Eileen")
    stale = visitor.change(what="merge people", people=three, name="Barack Obama")
    assert (stale.status_code, stale.json()["kind"]) == (409, "stale")
    with served.library() as library:
        assert len(library.people.names()) == 3


def test_all_else_is_decided_about_one_person_at_a_time(visitor: Visitor, three: dict[str, str]) -> None:
    answer = visitor.change(what="hide", people=three)
    assert (answer.status_code, "this is about one person" in answer.json()["said"]) == (400, True)
    (one, *_) = three
    alone = visitor.change(what="merge people", people={one: three[one]}, name="Barack Obama")
    assert (alone.status_code, alone.json()["said"]) == (422, "Choose at least two people.")


def test_the_people_who_look_most_alike_come_first(visitor: Visitor, three: dict[str, str]) -> None:
    (one, *_) = three
    found = visitor.get(f"/people/{one}/similar?most=5").json()
    assert {person["name"] for person in found} == {"Joe Biden", "Eileen Collins"}
    assert [person["distance"] for person in found] == sorted(person["distance"] for person in found)
    assert visitor.get(f"/people/{one}/similar?most=1").json() == found[:1]


def test_a_person_who_has_changed_since_is_not_decided_on(visitor: Visitor, served: ServedPage, known: int) -> None:
    before = seen(served, known)
    with served.library() as library:
        library.people.rename("Barack Obama", "Barack")
    refused = visitor.change(what="rename", people=before, name="Somebody")
    assert (refused.status_code, refused.json()["kind"]) == (409, "stale")
    assert visitor.change(what="rename", people={"999": "x"}, name="Somebody").json()["kind"] == "stale"


def test_a_threshold_tells_what_it_would_change_before_it_is_applied(
    visitor: Visitor, served: ServedPage, known: int
) -> None:
    strict = visitor.get(f"/people/{known}/threshold?distance=0.01").text
    assert "<p data-counts>0 more, 3 fewer</p>" in strict  # those that were named stay
    assert strict.count('class="face"') == 3
    assert "<p data-counts>0 more, 0 fewer</p>" in visitor.get(f"/people/{known}/threshold?distance=0.5").text
    for wrong in ("", "x", "9", "nan"):
        assert visitor.get(f"/people/{known}/threshold?distance={wrong}").status_code == 404
    made = visitor.change(what="set threshold", people=seen(served, known), threshold=0.01).json()
    with served.library() as library:
        library.rematch()
        assert library.people.find("Barack Obama").faces == 2
        assert len(library.people.maybe("Barack Obama", margin=0.5)) == 3
    visitor.change(what="undo", events=made["events"])
    assert visitor.change(what="set threshold", people=seen(served, known), threshold=3).status_code == 400


def test_faces_that_may_be_somebody_are_confirmed_or_refused(visitor: Visitor, served: ServedPage, known: int) -> None:
    with served.library() as library:
        library.people.set_threshold("Barack Obama", 0.01)
        one, two, _ = [face.id for face in library.people.maybe("Barack Obama", margin=0.5)]
    confirmed = visitor.change(what="confirm faces", people=seen(served, known), faces=[one])
    assert (confirmed.status_code, confirmed.json()["said"]) == (200, "1 face: Barack Obama")
    refused = visitor.change(what="refuse faces", people=seen(served, known), faces=[two])
    assert (refused.status_code, refused.json()["said"]) == (200, "1 face: not Barack Obama")
    with served.library() as library:
        library.rematch()
        assert library.people.find("Barack Obama").faces == 3
        assert two not in [face.id for face in library.people.maybe("Barack Obama", margin=2)]
    again = visitor.change(what="confirm faces", people=seen(served, known), faces=[two])
    assert (again.status_code, "that was refused before" in again.json()["said"]) == (422, True)
    for made in (refused, confirmed):
        assert visitor.change(what="undo", events=made.json()["events"]).status_code == 200
    with served.library() as library:
        library.rematch()
        assert len(library.people.maybe("Barack Obama", margin=0.5)) == 3


def test_a_face_that_was_named_is_no_longer_theirs_when_it_is_refused(
    visitor: Visitor, served: ServedPage, known: int
) -> None:
    with served.library() as library:
        face = next(row for row in library.clusters.all() if row.name)
        named = library.clusters.faces(face.id)[0].id
    visitor.change(what="refuse faces", people=seen(served, known), faces=[named])
    with served.library() as library:
        library.rematch()
        assert named not in [face.id for face in library.people.faces("Barack Obama")]
        assert len(library.people.references("Barack Obama")) == 1


def test_a_face_of_somebody_else_is_not_confirmed(visitor: Visitor, served: ServedPage, known: int) -> None:
    with served.library() as library:
        library.clusters.name(2, "Joe Biden")
        face = library.clusters.faces(2)[0].id
    refused = visitor.change(what="confirm faces", people=seen(served, known), faces=[face])
    assert refused.status_code == 422
    assert f"Face {face} can't be 'Barack Obama': it is known to be 'Joe Biden'." in refused.json()["said"]


def test_the_people_who_look_most_alike_are_listed_for_a_merge(
    visitor: Visitor, served: ServedPage, known: int
) -> None:
    with served.library() as library:
        library.clusters.name(2, "Joe Biden")
        library.clusters.name(3, "Eileen Collins")
    similar = [one["name"] for one in visitor.get(f"/people/{known}/similar").json()]
    assert sorted(similar) == ["Eileen Collins", "Joe Biden"]


def test_a_person_is_hidden_and_is_then_offered_nowhere(visitor: Visitor, served: ServedPage, known: int) -> None:
    with served.library() as library:
        library.clusters.name(3, "Eileen Collins")
    assert "Barack Obama" in [one["name"] for one in visitor.get("/groups/2/people").json()]
    made = visitor.change(what="hide", people=seen(served, known)).json()
    assert made["said"] == "Barack Obama is hidden"
    assert visitor.get("/people/names").json() == ["Eileen Collins"]
    assert [one["name"] for one in visitor.get("/groups/2/people").json()] == ["Eileen Collins"]
    shown, _, apart = visitor.get("/people").text.partition("<details")
    assert ("Eileen Collins" in shown, "Barack Obama" in shown, "Barack Obama" in apart) == (True, False, True)
    with served.library() as library:
        library.rematch()
        assert library.people.find("Barack Obama").faces == 5  # they still match
        assert library.people.names() == ["Barack Obama", "Eileen Collins"]
    named = visitor.change(
        what="name", groups=versions(served, 2), name="barack obama"
    )  # whoever types the name is right
    assert named.json()["said"] == "4 faces: Barack Obama"
    visitor.change(what="undo", events=named.json()["events"])
    assert visitor.change(what="undo", events=made["events"]).status_code == 200
    assert "Barack Obama" in visitor.get("/people/names").json()


def versions(served: ServedPage, group: int) -> dict[str, str]:
    with served.library() as library:
        return {str(group): library.clusters.find(group).version}


def test_a_hidden_person_is_not_asked_about(served: ServedPage, known: int) -> None:
    with served.library() as library:
        library.people.set_threshold("Barack Obama", 0.01)
        rest = [face.id for face in library.people.maybe("Barack Obama", margin=0.5)]
        library.clusters.gather(rest)
        assert "Barack Obama" in [one.person for one in library.clusters.suggestions(margin=1)]
        library.people.hide("Barack Obama")
        assert "Barack Obama" not in [one.person for one in library.clusters.suggestions(margin=1)]
        assert library.people.unhide("Barack Obama").hidden is False
        assert library.people.unhide("Barack Obama").event is None  # nothing to do


def test_a_face_is_chosen_to_stand_for_a_person_as_long_as_it_is_theirs(
    visitor: Visitor, served: ServedPage, known: int
) -> None:
    with served.library() as library:
        first = library.people.covers()[0][1]
        assert first is not None
        face = next(one.id for one in library.people.faces("Barack Obama") if one.id != first.id)
    made = visitor.change(what="set cover", people=seen(served, known), faces=[face]).json()
    assert made["said"] == "This face stands for Barack Obama"
    assert f'src="/faces/{face}-' in visitor.get("/people").text
    refused = visitor.change(what="refuse faces", people=seen(served, known), faces=[face]).json()
    with served.library() as library:
        library.rematch()
    assert f'src="/faces/{face}-' not in visitor.get("/people").text
    for events in (refused["events"], made["events"]):
        assert visitor.change(what="undo", events=events).status_code == 200
    with served.library() as library:
        assert library.people.covers()[0][1] == first
    two = visitor.change(what="set cover", people=seen(served, known), faces=[1, 2])
    assert (two.status_code, two.json()["said"]) == (422, "Choose one face.")
    assert visitor.change(what="set cover", people=seen(served, known), faces=[99999]).status_code == 422


@pytest.fixture
def mixed(served: ServedPage) -> int:
    """The id of somebody who is two people: a wrong merge."""
    with served.library() as library:
        library.clusters.name(1, "Barack Obama")
        library.clusters.name(2, "Joe Biden")
        return library.people.merge("Joe Biden", "Barack Obama").id


def test_a_wrong_merge_is_seen_among_the_looks_and_split_off(visitor: Visitor, served: ServedPage, mixed: int) -> None:
    page = visitor.get(f"/people/{mixed}/looks").text
    looks = [{int(face) for face in ids.split(",")} for ids in re.findall(r'data-ids="([^"]*)"', page)]
    with served.library() as library:
        groups = [{face.id for face in library.clusters.faces(group)} for group in (1, 2)]
    assert looks[:2] == groups
    split = visitor.change(what="split off", people=seen(served, mixed), faces=sorted(looks[1])).json()
    with served.library() as library:
        library.rematch()
        assert library.clusters.find(split["group"]).name is None
        assert {face.id for face in library.clusters.faces(split["group"])} == groups[1]
        assert {face.id for face in library.people.faces("Barack Obama")} == groups[0]
    assert visitor.change(what="undo", events=split["events"]).status_code == 200
    given = visitor.change(what="give faces", people=seen(served, mixed), faces=sorted(looks[1]), name="Joe Biden")
    assert (given.status_code, given.json()["kind"]) == (409, "new name")
    given = visitor.change(
        what="give faces", people=seen(served, mixed), faces=sorted(looks[1]), name="Joe Biden", is_new=True
    )
    assert given.json()["said"] == "4 faces: Joe Biden, not Barack Obama"
    with served.library() as library:
        library.rematch()
        assert {face.id for face in library.people.faces("Joe Biden")} == groups[1]
    assert visitor.change(what="undo", events=given.json()["events"]).status_code == 200
    with served.library() as library:
        library.rematch()
        assert {face.id for face in library.people.faces("Barack Obama")} >= groups[0] | groups[1]
    same = visitor.change(what="give faces", people=seen(served, mixed), faces=[1], name="barack  obama")
    assert (same.status_code, same.json()["said"]) == (422, "They are Barack Obama already.")


def test_photos_are_counted_by_year(visitor: Visitor, mixed: int) -> None:
    page = visitor.get(f"/people/{mixed}/years").text
    assert re.findall(r"<title>(\d+): (\d+)</title>", page) == [
        ("2009", "4"),
        ("2010", "0"),
        ("2011", "0"),
        ("2012", "0"),
        ("2013", "3"),
    ]
    assert visitor.get("/people/999/years").status_code == 404


def test_who_is_one_person_has_one_look(visitor: Visitor, known: int) -> None:
    assert "All faces of Barack Obama are alike." in visitor.get(f"/people/{known}/looks").text
    assert visitor.get("/people/999/looks").status_code == 404


def test_faces_are_shown_from_either_end_and_in_parts(visitor: Visitor, served: ServedPage, known: int) -> None:
    def ids(page: str) -> list[int]:
        return [int(face) for face in re.findall(r'data-face="(\d+)"', page)]

    with served.library() as library:
        nearest = [face.id for face in library.people.faces("Barack Obama")]
    assert ids(visitor.get(f"/people/{known}/faces?start=2").text) == nearest[2:]
    assert ids(visitor.get(f"/people/{known}/faces?farthest").text) == nearest[::-1]
    assert ids(visitor.get(f"/people/{known}?farthest").text)[-5:] == nearest[::-1]
    assert ids(visitor.get(f"/people/{known}/faces?start=99").text) == []


def test_all_faces_are_exported_as_crops_with_a_table(visitor: Visitor, served: ServedPage, known: int) -> None:
    answer = visitor.get(f"/people/{known}/faces.zip")
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Barack%20Obama.zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        rows = list(csv.DictReader(io.StringIO(archive.read("Barack Obama/faces.csv").decode())))
        assert [row["file"] for row in rows] == archive.namelist()[:-1]
        crop = Image.open(io.BytesIO(archive.read(rows[0]["file"])))
    assert (crop.format, crop.width == crop.height) == ("JPEG", True)
    with served.library() as library:
        faces = library.people.faces("Barack Obama")
    assert [row["hash"] for row in rows] == [face.hash for face in faces]
    assert Path(rows[0]["photo"]).name.startswith("obama")
    assert visitor.get("/people/999/faces.zip").status_code == 404


def test_no_text_in_the_table_of_an_export_is_a_formula(visitor: Visitor, served: ServedPage, known: int) -> None:
    with served.library() as library:
        library.people.rename("Barack Obama", "=1+1")
    with zipfile.ZipFile(io.BytesIO(visitor.get(f"/people/{known}/faces.zip").content)) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("=1+1/faces.csv").decode())))
    assert len(rows) == 5
    assert {row["file"][:6] for row in rows} == {"'=1+1/"}


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("<script>alert(1)</script>", 200, ""),
        ("a\x00b", 422, "control character"),
        ("a\nb", 422, "control character"),
        ("", 422, ""),
        ("x" * 300, 422, ""),
        ("x" * 1001, 400, "name: String should have at most 1000 characters"),
        ("x" * 1_000_000, 400, "name: String should have at most 1000 characters"),
    ],
)
def test_odd_names_harm_nothing(
    visitor: Visitor, served: ServedPage, known: int, name: str, status: int, said: str
) -> None:
    before = seen(served, known)
    answer = visitor.change(what="rename", people=before, name=name)
    assert (answer.status_code, said in answer.json()["said"]) == (status, True), answer.text[:300]
    if status == 200:
        shown = visitor.get("/people").text
        assert "<script>alert" not in shown
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    else:
        assert seen(served, known) == before
