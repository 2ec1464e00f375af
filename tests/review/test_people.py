import pytest

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
    assert "5 faces in 5 photos, recognised by 2 references" in page
    assert page.count('class="face"') == 5
    assert visitor.get("/people/999").status_code == 404


def test_a_person_is_renamed_and_that_is_undone(visitor: Visitor, served: ServedPage, known: int) -> None:
    made = visitor.change(what="rename", people=seen(served, known), name="Barack").json()
    assert made["said"] == "Barack Obama is Barack now"
    with served.library() as library:
        assert library.people.names() == ["Barack"]
    assert visitor.change(what="undo", events=made["events"]).status_code == 200
    with served.library() as library:
        assert library.people.names() == ["Barack Obama"]


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
    strict = visitor.get(f"/people/{known}/threshold?distance=0.01").json()
    assert strict == {"more": 0, "fewer": 3}  # those that were named stay
    assert visitor.get(f"/people/{known}/threshold?distance=0.5").json()["fewer"] == 0
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
