import logging
import re
import socket
import time
from contextlib import suppress
from typing import Any

import pytest

from support.review_page import ServedPage, Visitor


def groups_of(served: ServedPage) -> dict[str | int, tuple[str | None, int]]:
    """Return name and number of faces of each group."""
    with served.library() as library:
        return {row.id: (row.name or row.kind, row.faces) for row in library.clusters.all()}


def versions(served: ServedPage, *groups: int) -> dict[str, str]:
    with served.library() as library:
        return {str(group): library.clusters.find(group).version for group in groups}


def faces_of(served: ServedPage, group: int) -> list[int]:
    with served.library() as library:
        return [face.id for face in library.clusters.faces(group)]


def test_a_group_gets_the_name_of_a_new_person_only_if_that_is_said(visitor: Visitor, served: ServedPage) -> None:
    seen = versions(served, 1)
    asked = visitor.change(what="name", groups=seen, name="Barack Obama")
    assert (asked.status_code, asked.json()["kind"]) == (409, "new name")
    assert groups_of(served)[1] == ("unnamed", 5)
    made = visitor.change(what="name", groups=seen, name="Barack Obama", is_new=True)
    assert (made.status_code, made.json()["said"]) == (200, "5 faces: Barack Obama")
    assert groups_of(served)[1] == ("Barack Obama", 5)


def test_a_known_name_is_found_whatever_its_case_and_spaces(visitor: Visitor, served: ServedPage) -> None:
    visitor.change(what="name", groups=versions(served, 1), name="Barack Obama", is_new=True)
    made = visitor.change(what="name", groups=versions(served, 3), name="  barack  OBAMA ", is_new=True)
    assert made.json()["said"] == "2 faces: Barack Obama"


def test_several_groups_are_named_together_and_one_undo_takes_all_back(visitor: Visitor, served: ServedPage) -> None:
    before = groups_of(served)
    made = visitor.change(what="name", groups=versions(served, 1, 3), name="Somebody", is_new=True).json()
    assert (made["said"], len(made["events"])) == ("7 faces: Somebody", 2)
    assert visitor.change(what="undo", events=made["events"]).status_code == 200
    assert groups_of(served) == before


def test_faces_that_do_not_belong_are_left_out_of_the_name(visitor: Visitor, served: ServedPage) -> None:
    out = faces_of(served, 1)[-2:]
    made = visitor.change(what="name", groups=versions(served, 1), faces=out, name="Barack Obama", is_new=True).json()
    assert (made["said"], len(made["events"])) == ("3 faces: Barack Obama", 2)
    assert set(out).isdisjoint(faces_of(served, 1))
    visitor.change(what="undo", events=made["events"])
    assert groups_of(served)[1] == ("unnamed", 5)


def test_if_one_of_several_groups_can_not_be_named_none_is(visitor: Visitor, served: ServedPage) -> None:
    before = groups_of(served)
    refused = visitor.change(what="name", groups=versions(served, 1, 2), name="Both", is_new=True)
    assert (refused.status_code, refused.json()["kind"]) == (409, "same photo")
    assert refused.json()["said"] == "couple.jpg shows two faces that would be one person."
    assert groups_of(served) == before
    with served.library() as library:
        assert library.people.names() == []
    both = visitor.change(what="name", groups=versions(served, 1, 2), name="Both", is_new=True, allows_same_photo=True)
    assert both.status_code == 200


@pytest.mark.parametrize("what", ["name", "ignore", "not a face", "take out", "split", "merge"])
def test_what_has_changed_since_it_was_seen_is_not_decided_on(visitor: Visitor, served: ServedPage, what: str) -> None:
    seen = versions(served, 1, 3) if what == "merge" else versions(served, 1)
    with served.library() as library:
        library.clusters.take_out(1, faces_of(served, 1)[:1])
    before = groups_of(served)
    faces = faces_of(served, 1)[:1] if what in {"take out", "split"} else []
    refused = visitor.change(what=what, groups=seen, faces=faces, name="A", is_new=True)
    assert (refused.status_code, refused.json()["kind"]) == (409, "stale")
    assert refused.json()["said"] == "This changed in the meantime, so nothing was done."
    assert groups_of(served) == before


def test_what_is_no_change_is_told(visitor: Visitor) -> None:
    answer = visitor.session.post(
        f"{visitor.address}/changes", data="{", headers={"Content-Type": "application/json"}, timeout=10
    )
    assert answer.status_code == 400
    assert answer.json()["said"].startswith("This is not a change: Invalid JSON")


def test_faces_that_are_in_no_group_are_counted_where_no_group_waits(visitor: Visitor, served: ServedPage) -> None:
    with served.library() as library:
        library.clusters.take_out(1, [face.id for face in library.clusters.faces(1)[:2]])
        assert "2 more faces stand alone" in visitor.get("/groups").text
        for group in (1, 2, 3):
            library.clusters.ignore(group)
    shown = visitor.get("/groups").text
    assert "No group waits for a name. 2 faces stand alone" in shown
    assert "No face waits" not in shown


def test_a_group_that_became_a_part_of_another_one_is_stale(visitor: Visitor, served: ServedPage) -> None:
    seen = versions(served, 1, 3)
    assert visitor.change(what="merge", groups=seen).json()["said"] == "2 groups are one group"
    assert visitor.change(what="ignore", groups=seen).json()["kind"] == "stale"
    gone = visitor.get("/groups/3/card?part")
    assert (gone.status_code, "It is a part of another group now (1)." in gone.text) == (200, True)


def test_a_change_that_is_sent_twice_is_made_once(visitor: Visitor, served: ServedPage) -> None:
    change = {"id": "sent-twice", "what": "ignore", "groups": versions(served, 3)}
    answers = [visitor.post("/changes", change) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert [answer.status_code for answer in answers] == [200, 200]
    with served.library() as library:
        assert sum(event.kind == "ignore" for event in library.clusters.log() if event.undone_at is None) == 1


def test_groups_are_ignored_split_merged_and_faces_taken_out_or_marked(visitor: Visitor, served: ServedPage) -> None:
    faces = faces_of(served, 1)
    split = visitor.change(what="split", groups=versions(served, 1), faces=faces[:2]).json()
    assert (split["said"], groups_of(served)[split["group"]]) == ("2 faces split off", ("unnamed", 2))
    taken = visitor.change(what="take out", groups=versions(served, 1), faces=faces[2:3]).json()
    assert (taken["said"], groups_of(served)[1]) == ("1 face taken out", ("unnamed", 2))
    none = visitor.change(what="not a face", groups=versions(served, 1), faces=faces[3:4]).json()
    assert (none["said"], groups_of(served)[1]) == ("1 picture not a face", ("unnamed", 1))
    ignored = visitor.change(what="ignore", groups=versions(served, 2, 3)).json()
    assert (ignored["said"], groups_of(served)[2]) == ("2 groups ignored", ("ignored", 4))
    for made in (ignored, none, taken, split):
        assert visitor.change(what="undo", events=made["events"]).status_code == 200
    assert groups_of(served) == {1: ("unnamed", 5), 2: ("unnamed", 4), 3: ("unnamed", 2)}


def test_an_undo_that_something_builds_on_is_refused(visitor: Visitor, served: ServedPage) -> None:
    merged = visitor.change(what="merge", groups=versions(served, 1, 3)).json()
    visitor.change(what="name", groups=versions(served, 1), name="Somebody", is_new=True)
    refused = visitor.change(what="undo", events=merged["events"])
    assert (refused.status_code, refused.json()["kind"]) == (422, "refused")
    assert "builds on it" in refused.json()["said"]
    assert groups_of(served)[1] == ("Somebody", 7)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "can't be empty"),
        (" ", "can't be empty"),
        ("a\nb", "has the control character"),
        ("\u202eevil", "has the control character"),
        ("x" * 201, "at most 200 are allowed"),
        ("unknown", "is reserved in rules"),
    ],
)
def test_a_name_that_can_not_be_used_is_refused_with_the_reason(
    visitor: Visitor, served: ServedPage, name: str, problem: str
) -> None:
    refused = visitor.change(what="name", groups=versions(served, 1), name=name, is_new=True)
    assert (refused.status_code, problem in refused.json()["said"]) == (422, True)
    assert groups_of(served)[1] == ("unnamed", 5)


def test_a_name_with_markup_is_text_on_every_page(visitor: Visitor, served: ServedPage) -> None:
    name = "<script>alert(1)</script>\"'&"
    visitor.change(what="name", groups=versions(served, 1), name=name, is_new=True)
    for path in ("/groups", "/groups/1", f"/faces/{faces_of(served, 1)[0]}"):
        assert "<script>alert" not in visitor.get(path).text
    assert "&lt;script&gt;alert(1)" in visitor.get("/groups/1").text
    assert visitor.get("/people/names").json() == [name]


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        [],
        {"what": "name"},
        {"what": "steal", "groups": {"1": "x"}},
        {"what": "name", "groups": {}, "name": "A"},
        {"what": "name", "groups": {"x": "x"}, "name": "A"},
        {"what": "name", "groups": {"1": "x"}, "name": "A" * 1_000_000},
        {"what": "ignore", "groups": {"1": "x"}, "more": 1},
        {"what": "take out", "groups": {"1": "x"}},
        {"what": "split", "groups": {"1": "x", "2": "y"}, "faces": [1]},
        {"what": "undo"},
    ],
)
def test_what_is_no_change_is_refused(visitor: Visitor, wanted: Any) -> None:
    whole = {"id": "12345678", **wanted} if isinstance(wanted, dict) else wanted
    refused = visitor.post("/changes", whole)
    assert refused.status_code == 400
    assert refused.json()["said"].startswith("This is not a change: ")


@pytest.mark.parametrize("group", [999, 2**63 - 1])
def test_ids_that_do_not_exist_are_stale(visitor: Visitor, group: int) -> None:
    refused = visitor.change(what="ignore", groups={str(group): "x"})
    assert (refused.status_code, refused.json()["kind"]) == (409, "stale")


def test_faces_of_another_group_are_refused(visitor: Visitor, served: ServedPage) -> None:
    refused = visitor.change(what="take out", groups=versions(served, 1), faces=faces_of(served, 2)[:1])
    assert (refused.status_code, "is not in group 1" in refused.json()["said"]) == (422, True)


def test_groups_that_are_put_off_are_not_listed_until_they_are_taken_up_again(visitor: Visitor) -> None:
    def listed() -> list[str]:
        return re.findall(r'data-group="(\d+)"', visitor.get("/groups").text)

    assert listed() == ["1", "2", "3"]
    assert visitor.post("/later", {"groups": [2], "later": True}).status_code == 200
    assert listed() == ["1", "3"]
    assert visitor.post("/later", {"groups": [], "later": False}).status_code == 200
    assert listed() == ["1", "2", "3"]
    assert visitor.post("/later", {"groups": "x"}).status_code == 400


def test_people_who_may_be_a_group_are_listed_the_most_similar_first(visitor: Visitor, served: ServedPage) -> None:
    visitor.change(what="name", groups=versions(served, 2), name="Joe Biden", is_new=True)
    with served.library() as library:
        fresh = library.clusters.gather(faces_of(served, 1)[:2]).cluster
    visitor.change(what="name", groups=versions(served, fresh), name="Barack Obama", is_new=True)
    assert [one["name"] for one in visitor.get("/groups/1/people").json()] == ["Barack Obama", "Joe Biden"]
    visitor.change(what="refuse", groups=versions(served, 1), name="Barack Obama")
    assert [one["name"] for one in visitor.get("/groups/1/people").json()] == ["Joe Biden"]


def test_people_from_whom_a_group_was_split_are_not_offered_for_it(visitor: Visitor, served: ServedPage) -> None:
    split = visitor.change(what="split", groups=versions(served, 1), faces=faces_of(served, 1)[:2]).json()["group"]
    visitor.change(what="name", groups=versions(served, split), name="Barack Obama", is_new=True)
    assert visitor.get("/groups/1/people").json() == []


def test_faces_are_matched_again_in_the_background(visitor: Visitor, served: ServedPage) -> None:
    visitor.change(what="name", groups=versions(served, 1), name="Barack Obama", is_new=True)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with served.library() as library:
            if library.people.find("Barack Obama").faces == 5:
                return
        time.sleep(0.1)
    raise AssertionError("nobody matched the faces again")


def raw_post(visitor: Visitor, served: ServedPage, head: str, body: bytes, path: str = "/changes") -> bytes:
    """Send a request by hand, and what it says of its length may be wrong; return what is answered soon."""
    cookie, token = visitor.session.headers["Cookie"], visitor.session.headers["X-Change-Token"]
    request = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{served.server.port}\r\nCookie: {cookie!s}\r\n"
        f"X-Change-Token: {token!s}\r\nContent-Type: application/json\r\n{head}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", served.server.port), timeout=0.5) as connection:
        connection.sendall(request.encode() + body)
        with suppress(TimeoutError):
            return connection.recv(1000)
    return b""


def test_a_body_of_a_hundred_megabytes_is_refused_before_it_is_sent(visitor: Visitor, served: ServedPage) -> None:
    assert b" 413 " in raw_post(visitor, served, "Content-Length: 104857600", b"{").split(b"\r\n")[0]


def test_a_connection_that_is_lost_in_the_middle_of_a_request_changes_nothing_and_is_no_error(
    visitor: Visitor, served: ServedPage, caplog: pytest.LogCaptureFixture
) -> None:
    before, server = groups_of(served), logging.getLogger("uvicorn.error")
    server.addHandler(caplog.handler)
    try:
        for path in ("/changes", "/later", "/login"):
            assert raw_post(visitor, served, "Content-Length: 500", b'{"id": "12345678", "what": "igno', path) == b""
        assert visitor.get("/groups").status_code == 200
    finally:
        server.removeHandler(caplog.handler)
    assert groups_of(served) == before
    assert caplog.records == []
