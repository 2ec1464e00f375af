"""Decisions about people, and their undo."""

import json
from collections.abc import Callable

import pytest

from familiar.errors import UsageError
from familiar.names import name_key
from familiar.store.decisions.people import PersonDecisions
from familiar.store.store import Store
from support.album import Album, embedding


def refusal_of(act: Callable[[], object]) -> str:
    """The message that something is refused with."""
    with pytest.raises(UsageError) as caught:
        act()
    return str(caught.value)


def known(album: Album) -> int:
    """Let Ann be known by a cluster with a reference of a face, an imported reference, and a threshold; return it."""
    (cluster,) = album.clusters(3)
    album.store.decisions.clusters.name(cluster, "Ann", references=album.members(cluster)[:1])
    album.import_references("Ann", 1)
    album.store.decisions.people.set_threshold("Ann", 0.45)
    return cluster


@pytest.mark.parametrize(
    ("decide", "kind", "summary"),
    [
        (lambda album: album.store.decisions.people.rename("ann", "Anna"), "rename person", "Ann is Anna now"),
        (lambda album: album.store.decisions.people.merge("Ann", "Bob"), "merge people", "Ann became a part of Bob"),
        (lambda album: album.store.decisions.people.remove("Ann"), "remove person", "Ann (2 references) was removed"),
        (
            lambda album: album.store.decisions.people.set_threshold("Ann", None),
            "set threshold",
            "Ann matches up to the configured threshold",
        ),
        (lambda album: album.store.decisions.people.hide("Ann", hidden=True), "hide person", "Ann is hidden now"),
        (
            lambda album: album.store.decisions.people.set_cover("Ann", album.faces(7, 1)[0]),
            "set cover",
            "Ann is shown by face 4",
        ),
        (lambda album: album.register(album.faces(7, 1)[0], "Cleo"), "add references", "1 face registered for Cleo"),
        (lambda album: album.import_references("Cleo", 2), "import references", "2 references imported for Cleo"),
    ],
)
def test_each_decision_about_people_is_an_event_of_the_log(
    album: Album, decide: Callable[[Album], object], kind: str, summary: str
) -> None:
    known(album)
    album.import_references("Bob", 1)
    decide(album)
    last = album.store.decisions.log.events()[0]
    assert (last.kind, last.by, last.summary, last.subject) == (kind, "person", summary, "people")
    assert album.store.decisions.undo(last.id, subject="people").id == last.id


@pytest.mark.parametrize(
    ("first", "second", "folder"),
    [
        (".", "..", "_"),
        ("/", ".", "_"),
        ("_", "/", "_"),
        ("A_B", "a/b", "a_b"),
        ("A/B", "A_B", "A_B"),
        ("Dr. No.", "Dr. No", "Dr. No"),
        ("日" * 100 + "a", "日" * 100 + "b", "日" * 85),
    ],
)
def test_two_people_never_get_one_folder(album: Album, first: str, second: str, folder: str) -> None:
    album.import_references(first, 1)
    complaint = f"The name {second!r} would share the folder {folder!r} with {first!r}; choose another."
    assert refusal_of(lambda: album.import_references(second, 2)) == complaint
    album.import_references("Bob", 3)
    assert refusal_of(lambda: album.store.decisions.people.rename("Bob", second)) == complaint
    assert album.store.people.with_one_folder() == []
    album.store._db.conn.execute("UPDATE people SET name = ?, key = ? WHERE name = 'Bob'", (second, name_key(second)))
    ((_, people),) = album.store.people.with_one_folder()
    assert sorted(people) == sorted([first, second])


def test_a_person_keeps_their_folder_with_another_spelling_and_none_gets_that_of_unknown_faces(album: Album) -> None:
    album.import_references("A/B", 1)
    album.store.decisions.people.rename("A/B", "A_B")
    album.store.decisions.people.rename("A_B", "a.b")
    assert refusal_of(lambda: album.store.decisions.people.rename("a.b", "Unknown.")) == (
        "The name 'Unknown.' would use the folder 'Unknown', which is reserved in rules; choose another."
    )


def test_what_changes_nothing_is_no_event(album: Album) -> None:
    known(album)
    before = album.store.decisions.log.events()
    assert album.store.decisions.people.rename("ann", "Ann") is None
    assert album.store.decisions.people.set_threshold("Ann", 0.45) is None
    assert not album.add_reference(album.members(1)[0], "Ann").added
    album.import_references("Ann", 1)
    assert album.store.decisions.log.events() == before


def test_a_person_who_was_removed_comes_back_with_references_refusals_clusters_and_threshold(album: Album) -> None:
    cluster, people = known(album), album.store.people
    (other,) = album.clusters(2)
    album.store.decisions.clusters.refuse(other, "Ann")
    (before,) = people.known("test")
    album.store.decisions.people.remove("Ann")
    assert (people.all(), album.store.clusters.find(cluster).name) == ([], None)
    assert album.refused(album.members(other)[0]) == frozenset()
    album.store.decisions.undo()
    (after,) = people.known("test")
    assert (after.name, after.threshold, after.references.tolist()) == ("Ann", 0.45, before.references.tolist())
    assert album.store.clusters.find(cluster).name == "Ann"
    assert album.refused(album.members(other)[0]) == {"Ann"}


def test_two_people_who_were_merged_are_two_again_each_with_their_own(album: Album) -> None:
    known(album)
    (other,) = album.clusters(2)
    album.store.decisions.clusters.name(other, "Bob", references=album.members(other))
    album.store.decisions.people.merge("Ann", "Bob")
    assert [(person.name, person.references) for person in album.store.people.all()] == [("Bob", 4)]
    album.store.decisions.undo()
    found = [(person.name, person.references, person.threshold) for person in album.store.people.all()]
    assert found == [("Ann", 2, 0.45), ("Bob", 2, None)]
    assert album.store.clusters.find(other).name == "Bob"


def test_several_people_become_one_by_one_decision_that_is_undone_as_a_whole(album: Album) -> None:
    names = ["Ann", "Bob", "Cid", "Dora", "Eve", "Flo"]
    for number, name in enumerate(names):
        album.import_references(name, number + 1)
    before = album.rows()
    album.store.decisions.people.merge_all(names[1:], "Ann")
    assert [(one.name, one.references) for one in album.store.people.all()] == [("Ann", 21)]
    (event, *_) = album.store.decisions.log.events()
    assert event.summary == "Bob, Cid, Dora and 2 more became a part of Ann"
    album.store.decisions.undo()
    assert album.rows() == before


def test_if_one_of_several_people_can_not_be_merged_none_is(album: Album) -> None:
    for name in ("Ann", "Bob"):
        album.import_references(name, 1)
    people = album.store.decisions.people
    for names, message in (
        (["Bob", "Zoe"], "There is no person named 'Zoe'"),
        (["Bob", "ann"], "'Ann' and 'Ann' are the same person already"),
        ([], "No person is named who is 'Ann'; name at least one."),
    ):
        with pytest.raises(UsageError, match=message):
            people.merge_all(names, "Ann")
    assert [one.name for one in album.store.people.all()] == ["Ann", "Bob"]


def test_each_undo_tells_matching_that_people_have_changed(album: Album) -> None:
    known(album)
    versions = [album.store.people.version]
    for act in (lambda: album.store.decisions.people.remove("Ann"), album.store.decisions.undo):
        act()
        versions.append(album.store.people.version)
    assert sorted(set(versions)) == versions


def test_a_reference_of_a_removed_person_comes_back_as_its_face_was_encoded_meanwhile(album: Album) -> None:
    (face,) = album.faces(1, 1)
    album.register(face, "Ann")
    album.store.decisions.people.remove("Ann")
    album.store.embeddings.renew([face], embedding(7)[None], "new")
    album.store.decisions.undo()
    (ann,) = album.store.people.known("new")
    assert ann.references.tolist() == [embedding(7).tolist()]


def test_a_reference_of_a_removed_person_comes_back_though_its_face_is_gone(album: Album) -> None:
    (face,) = album.faces(1, 1)
    album.register(face, "Ann")
    (before,) = album.store.people.known("test")
    album.store.decisions.people.remove("Ann")
    album.store._db.conn.execute("DELETE FROM faces")
    album.store.decisions.undo()
    (after,) = album.store.people.known("test")
    assert after.references.tolist() == before.references.tolist()
    assert [one.face_id for one in album.store.people.references(album.store.people.person("Ann").id)] == [None]


def test_a_new_person_never_gets_the_number_of_one_who_was_removed(album: Album) -> None:
    known(album)
    ann = album.store.people.person("Ann")
    album.store.decisions.people.remove("Ann")
    album.import_references("Zoe", 1)
    assert album.store.people.person("Zoe").id != ann.id
    album.store.decisions.undo(album.store.decisions.log.events()[1].id)
    assert album.store.people.person("Ann") == ann


def named_then_removed(album: Album) -> None:
    (cluster,) = album.clusters(2)
    album.store.decisions.clusters.name(cluster, "Ann", references=[])
    album.store.decisions.people.remove("Ann")


def refused_then_merged(album: Album) -> None:
    (cluster,) = album.clusters(2)
    album.import_references("Ann", 1)
    album.import_references("Bob", 1)
    album.store.decisions.clusters.refuse(cluster, "Ann")
    album.store.decisions.people.merge("Ann", "Bob")


def renamed_twice(album: Album) -> None:
    known(album)
    album.store.decisions.people.rename("Ann", "Anna")
    album.store.decisions.people.rename("Anna", "Anne")


def renamed_then_another_got_the_name(album: Album) -> None:
    known(album)
    album.store.decisions.people.rename("Ann", "Anna")
    album.import_references("ann", 2)


def merged_then_the_other_was_removed(album: Album) -> None:
    known(album)
    album.import_references("Bob", 1)
    album.store.decisions.people.merge("Ann", "Bob")
    album.store.decisions.people.remove("Bob")


def merged_then_a_reference_was_dropped(album: Album) -> None:
    cluster = known(album)
    album.import_references("Bob", 1)
    album.store.decisions.people.merge("Ann", "Bob")
    album.store.decisions.faces.take_out(cluster, album.members(cluster)[:1])


def removed_then_a_face_was_registered_for_another(album: Album) -> None:
    (face,) = album.faces(1, 1)
    album.register(face, "Ann")
    album.store.decisions.people.remove("Ann")
    album.register(face, "Bob")


def removed_then_a_face_was_none(album: Album) -> None:
    (face,) = album.faces(1, 1)
    album.register(face, "Ann")
    album.store.decisions.people.remove("Ann")
    album.store.decisions.faces.not_a_face([face])


def removed_then_their_cluster_took_faces_in(album: Album) -> None:
    cluster = known(album)
    album.store.decisions.people.remove("Ann")
    album.store.decisions.faces.place(cluster, album.faces(9, 1))


def removed_then_a_refused_cluster_was_absorbed(album: Album) -> None:
    known(album)
    other, third = album.clusters(2, 4)
    album.store.decisions.clusters.refuse(other, "Ann")
    album.store.decisions.people.remove("Ann")
    album.store.decisions.clusters.merge(other, third)


def taken_out_then_none(album: Album) -> None:
    (cluster,) = album.clusters(3)
    face = album.members(cluster)[0]
    album.store.decisions.faces.take_out(cluster, [face])
    album.store.decisions.faces.not_a_face([face])


@pytest.mark.parametrize(
    "act",
    [
        named_then_removed,
        refused_then_merged,
        renamed_twice,
        renamed_then_another_got_the_name,
        merged_then_the_other_was_removed,
        merged_then_a_reference_was_dropped,
        removed_then_a_face_was_registered_for_another,
        removed_then_a_face_was_none,
        removed_then_their_cluster_took_faces_in,
        removed_then_a_refused_cluster_was_absorbed,
        taken_out_then_none,
    ],
)
def test_what_a_later_decision_builds_on_is_not_undone_before_it(album: Album, act: Callable[[Album], None]) -> None:
    act(album)
    then, first, *_ = album.store.decisions.log.events()
    before = album.rows()
    assert refusal_of(lambda: album.store.decisions.undo(first.id)) == (
        f"Event {first.id} ({first.summary}) can't be undone yet: event {then.id} ({then.summary}) builds on it; "
        f"`familiar {then.subject} undo {then.id}` first."
    )
    assert album.rows() == before
    assert [one.builder for one in album.store.decisions.history(limit=2)] == [None, then.id]
    album.store.decisions.undo(then.id)
    album.store.decisions.undo(first.id)


def test_a_threshold_and_a_name_are_undone_in_any_order(album: Album) -> None:
    known(album)
    before = album.rows()
    renamed = album.store.decisions.people.rename("Ann", "Anna")
    limited = album.store.decisions.people.set_threshold("Anna", 0.3)
    album.store.decisions.undo(renamed)
    album.store.decisions.undo(limited)
    assert album.rows() == before


def test_a_name_that_somebody_has_without_an_event_is_not_given_back(album: Album) -> None:
    known(album)
    event = album.store.decisions.people.rename("Ann", "Anna")
    album.store._db.conn.execute("INSERT INTO people (name, key, added_at) VALUES ('ANN', 'ann', '2020-01-01')")
    assert refusal_of(lambda: album.store.decisions.undo(event)) == (
        f"Event {event} (Ann is Anna now) can't be undone: somebody else is called 'ANN' now; "
        "`familiar people rename 'ANN' NEW_NAME` first."
    )


def test_undoing_twice_is_refused_and_changes_nothing(album: Album) -> None:
    known(album)
    event = album.store.decisions.people.remove("Ann")
    album.store.decisions.undo(event)
    before = album.rows()
    again = refusal_of(lambda: album.store.decisions.undo(event))
    assert again == f"Event {event} (Ann (2 references) was removed) was undone already."
    assert album.rows() == before


def test_the_last_decision_about_people_is_undone_though_clusters_were_decided_on_since(album: Album) -> None:
    known(album)
    (other,) = album.clusters(2)
    threshold = album.store.decisions.log.last("people")
    ignored = album.store.decisions.clusters.ignore(other)
    assert album.store.decisions.undo(subject="people") == threshold
    assert album.store.decisions.undo(subject="clusters").id == ignored
    assert refusal_of(lambda: album.store.decisions.undo(99)) == (
        "There is no event 99; `familiar undo --list` shows all events."
    )


def test_decisions_of_an_older_version_keep_all_columns_and_are_undone(album: Album) -> None:
    cluster = known(album)
    face = album.members(cluster)[0]
    before = album.rows()
    event = album.store.decisions.faces.take_out(cluster, [face])
    reference = (
        f'["face_references",1,{{"person_id":1,"face_id":{face},"embedding":{{"hex":"{"00" * 512}"}},"engine":"old",'
        '"origin":{"hex":"2f612e6a7067"},"taken":null,"added_at":"2026-05-01T12:00:00+00:00"},null]'
    )
    (changes,) = album.store._db.conn.execute("SELECT changes FROM cluster_events WHERE id = ?", (event,)).fetchone()
    start, end = changes.index("["), changes.index(',["cluster_faces"')
    album.store._db.conn.execute(
        "UPDATE cluster_events SET changes = ? WHERE id = ?", (f"{changes[:start]}[{reference}{changes[end:]}", event)
    )
    album.store.decisions.undo(event)
    assert album.owner(face) == "Ann"
    assert album.rows()["cluster_faces"] == before["cluster_faces"]


def test_a_person_with_many_references_is_a_small_event_and_comes_back(album: Album) -> None:
    album.import_references("Ann", 2000)
    album.import_references("Bob", 1)
    before = album.rows()
    acts: list[Callable[[PersonDecisions], int]] = [lambda log: log.merge("Ann", "Bob"), lambda log: log.remove("Ann")]
    for act in acts:
        event = act(album.store.decisions.people)
        size = album.store._db.conn.execute("SELECT length(changes) FROM cluster_events WHERE id = ?", (event,))
        assert size.fetchone()[0] < 6 * 2000
        album.store.decisions.undo()
        assert album.rows() == before


def test_two_processes_decide_one_after_the_other(album: Album) -> None:
    known(album)
    with Store(album.store.path, now=album.store.now) as other:
        event = other.decisions.people.remove("Ann")
        assert refusal_of(lambda: album.store.decisions.people.rename("Ann", "Anna")) == (
            "There is no person named 'Ann'; `familiar people list` shows the names."
        )
        album.store.decisions.undo(event)
        assert other.people.find("Ann").references == 2


def test_a_person_whom_an_older_version_removed_comes_back_shown_and_without_a_cover(album: Album) -> None:
    known(album)
    event = album.store.decisions.people.remove("Ann")
    execute = album.store._db.conn.execute
    (text,) = execute("SELECT changes FROM cluster_events WHERE id = ?", (event,)).fetchone()
    changes = json.loads(text)
    for table, _, before, _ in changes:
        if table == "people":
            del before["hidden"], before["cover"]
    execute("UPDATE cluster_events SET changes = ? WHERE id = ?", (json.dumps(changes), event))
    album.store.decisions.undo(event)
    person = album.store.people.find("Ann")
    assert (person.hidden, person.cover, person.threshold) == (False, None, 0.45)


def test_a_person_who_was_hidden_and_renamed_is_shown_again_under_the_new_name(album: Album) -> None:
    known(album)
    hidden = album.store.decisions.people.hide("Ann", hidden=True)
    album.store.decisions.people.rename("Ann", "Anna")
    assert album.store.people.names(hidden=True) == ["Anna"]
    assert album.store.people.names(hidden=False) == []
    album.store.decisions.undo(hidden)
    assert album.store.people.names(hidden=False) == ["Anna"]
    assert album.store.decisions.people.hide("Anna", hidden=False) is None
