import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from familiar.errors import UsageError
from familiar.store.clusters.clusters import ClusterRow
from familiar.store.store import Store
from support.album import Album, Rows, embedding
from support.people import add_person


def refusal_of(act: Callable[[], object]) -> str:
    """The message that something is refused with."""
    with pytest.raises(UsageError) as caught:
        act()
    return str(caught.value)


def row_of(album: Album, cluster: int) -> ClusterRow:
    return album.store.clusters.find(cluster)


def summary(album: Album, event: int) -> str:
    return next(entry.summary for entry in album.store.decisions.log.events() if entry.id == event)


def name(album: Album, cluster: int, person: str, references: Sequence[int] = ()) -> int:
    return album.store.decisions.clusters.name(cluster, person, references=references)


def test_naming_a_cluster_makes_its_faces_that_person_with_some_as_references(album: Album) -> None:
    (cluster,) = album.clusters(3)
    first, second, third = album.members(cluster)
    event = name(album, cluster, "Ann", [first, third, 4711])
    assert (row_of(album, cluster).kind, row_of(album, cluster).name) == ("named", "Ann")
    assert [album.owner(face) for face in (first, second, third)] == ["Ann", None, "Ann"]
    assert {face.by for face in album.store.clusters.faces(cluster)} == {"person"}
    assert summary(album, event) == f"cluster {cluster} (3 faces) is Ann"


def test_naming_a_cluster_otherwise_gives_its_references_to_the_other_person(album: Album) -> None:
    (cluster,) = album.clusters(2)
    first, second = album.members(cluster)
    name(album, cluster, "Ann", [first])
    name(album, cluster, "Bob", [second])
    assert row_of(album, cluster).name == "Bob"
    assert [album.owner(face) for face in (first, second)] == [None, "Bob"]


def test_a_face_that_was_registered_by_itself_stays_a_reference_when_its_cluster_is_named(album: Album) -> None:
    (cluster,) = album.clusters(3)
    first, second, third = album.members(cluster)
    album.register(first, "Ann")
    album.register(second, "Bob")
    name(album, cluster, "Ann", [third])
    assert [album.owner(face) for face in (first, second, third)] == ["Ann", None, "Ann"]


def test_a_reference_knows_the_file_of_its_photo_whatever_bytes_its_name_has(album: Album) -> None:
    (face,) = album.photo(embedding(1), name=b"\xff\xfe.jpg")
    cluster = album.cluster([face, *album.faces(1, 1)])
    name(album, cluster, "Ann", [face])
    (reference,) = album.store.people.references(album.store.people.find("Ann").id)
    assert reference.origin is not None
    assert bytes(reference.origin) == b"/photos/\xff\xfe.jpg"


def test_a_cluster_that_has_the_name_already_is_not_named_again(album: Album) -> None:
    (cluster,) = album.clusters(2)
    name(album, cluster, "Ann")
    assert refusal_of(lambda: name(album, cluster, " ANN ")) == f"Cluster {cluster} is 'Ann' already."


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("", "A person's name can't be empty."),
        (" \t\n", "A person's name can't be empty."),
        ("x" * 300, "The name 'xxxxxxxxxxxxxxxxxxxx'... has 300 characters; at most 200 are allowed."),
        ("An\x00n", "The name 'An\ufffdn' has the control character U+0000; leave it out."),
        ("Ann\nBob", "The name 'Ann\ufffdBob' has the control character U+000A; leave it out."),
        ("Unknown", "The name 'Unknown' is reserved in rules; choose another."),
    ],
)
def test_a_name_that_can_not_be_used_is_refused_and_nothing_is_changed(album: Album, wrong: str, message: str) -> None:
    (cluster,) = album.clusters(2)
    before = album.rows()
    assert refusal_of(lambda: name(album, cluster, wrong)) == message
    assert album.rows() == before
    assert album.store.decisions.log.events() == []


@pytest.mark.parametrize("same", ["josé", "JOSÉ", " José  ", unicodedata.normalize("NFD", "José")])
def test_a_name_in_another_case_or_unicode_form_is_the_person_who_is_known(album: Album, same: str) -> None:
    one, other = album.clusters(2, 2)
    name(album, one, "José")
    name(album, other, same)
    assert [row.name for row in album.store.clusters.all()] == ["José", "José"]
    assert [person.name for person in album.store.people.all()] == ["José"]


def test_merging_makes_one_cluster_and_the_old_id_leads_to_it(album: Album) -> None:
    small, large = album.clusters(2, 3)
    faces = album.members(small) + album.members(large)
    event = album.store.decisions.clusters.merge(small, large)
    assert album.members(large) == sorted(faces)
    assert row_of(album, small) == row_of(album, large)
    assert summary(album, event) == f"cluster {small} (2 faces) became a part of cluster {large}"


@pytest.mark.parametrize("named", ["the first", "the second", "both"])
def test_a_named_cluster_takes_the_other_in_whichever_way_they_are_merged(album: Album, named: str) -> None:
    one, other = album.clusters(2, 2)
    if named != "the second":
        name(album, one, "Ann")
    if named != "the first":
        name(album, other, "Ann")
    album.store.decisions.clusters.merge(one, other)
    assert (row_of(album, one).id, row_of(album, one).name) == (one if named == "the first" else other, "Ann")


def test_two_people_are_never_merged(album: Album) -> None:
    one, other = album.clusters(2, 2)
    name(album, one, "Ann")
    name(album, other, "Bob")
    assert refusal_of(lambda: album.store.decisions.clusters.merge(one, other)) == (
        f"Cluster {one} is 'Ann', and {other} is 'Bob'; if they are one person: familiar people merge 'Ann' 'Bob'"
    )


def test_a_cluster_is_not_merged_with_itself_or_with_one_that_does_not_exist(album: Album) -> None:
    small, large = album.clusters(2, 3)
    album.store.decisions.clusters.merge(small, large)
    assert refusal_of(lambda: album.store.decisions.clusters.merge(small, large)) == (
        f"{small} and {large} are the same cluster already ({large})."
    )
    assert refusal_of(lambda: album.store.decisions.clusters.merge(large, 99)) == (
        "There is no cluster 99; `familiar clusters list` shows them."
    )


@pytest.mark.parametrize(
    ("file", "shown"),
    [(b"a.jpg", "a.jpg"), (b"\xff.jpg", "\ufffd.jpg"), (None, f"{1:064}")],
    ids=["name", "odd", "none"],
)
def test_clusters_with_faces_in_one_photo_are_merged_only_if_it_is_wanted_anyway(
    album: Album, file: bytes | None, shown: str
) -> None:
    one, other = album.photo(embedding(1), embedding(2), name=file)
    first, second = album.cluster([one, *album.faces(1, 1)]), album.cluster([other, *album.faces(2, 1)])
    assert refusal_of(lambda: album.store.decisions.clusters.merge(first, second)) == (
        f"Clusters {first} and {second} have faces in one photo ({shown}), so they are two people; "
        "--anyway makes them one, for mirrors and collages."
    )
    album.store.decisions.clusters.merge(first, second, allow_same_photo=True)
    assert row_of(album, second).faces == 4


@pytest.mark.parametrize(("times", "merged"), [([(1.0, 2.0), (2.0,)], False), ([(1.0,), (2.0,)], True)])
def test_two_faces_of_a_video_may_be_one_person_unless_it_shows_them_at_once(
    album: Album, times: Sequence[Sequence[float]], merged: bool
) -> None:
    one, other = album.photo(embedding(1), embedding(1, 1), kind="video", times=times)
    first, second = album.cluster([one, *album.faces(1, 1)]), album.cluster([other, *album.faces(1, 1)])
    if merged:
        album.store.decisions.clusters.merge(first, second)
    else:
        assert "so they are two people" in refusal_of(lambda: album.store.decisions.clusters.merge(first, second))


def test_merging_what_was_told_apart_makes_it_one_again(album: Album) -> None:
    (cluster,) = album.clusters(4)
    _, fresh = album.store.decisions.clusters.split(cluster, album.members(cluster)[:2])
    album.store.decisions.clusters.merge(fresh, cluster)
    assert row_of(album, cluster).faces == 4
    name(album, cluster, "Ann")
    assert album.refused(album.members(cluster)[0]) == frozenset()


def test_splitting_makes_a_new_cluster_that_never_comes_back(album: Album) -> None:
    (cluster,) = album.clusters(4)
    first, second, *rest = album.members(cluster)
    name(album, cluster, "Ann", [first, rest[0]])
    event, fresh = album.store.decisions.clusters.split(cluster, [second, first, first])
    assert (album.members(fresh), album.members(cluster)) == ([first, second], rest)
    assert (row_of(album, fresh).kind, row_of(album, cluster).name) == ("unnamed", "Ann")
    assert [album.owner(face) for face in (first, rest[0])] == [None, "Ann"]
    assert album.refused(first) == {"Ann"}
    assert album.apply(absorbed={fresh: cluster}).absorbed == 0
    assert summary(album, event) == f"2 faces of cluster {cluster} became cluster {fresh}"


def test_a_part_that_was_split_off_is_not_the_person_whose_the_rest_becomes(album: Album) -> None:
    (cluster,) = album.clusters(4)
    _, fresh = album.store.decisions.clusters.split(cluster, album.members(cluster)[:2])
    name(album, cluster, "Ann")
    assert refusal_of(lambda: name(album, fresh, "Ann")).startswith(f"Cluster {fresh} was refused for 'Ann' before;")


def test_splitting_needs_some_faces_of_the_cluster_but_not_all(album: Album) -> None:
    cluster, other = album.clusters(2, 2)
    split = album.store.decisions.clusters.split
    faces, strange = album.members(cluster), album.members(other)[0]
    assert refusal_of(lambda: split(cluster, [])) == (
        "Say which faces: their numbers, as `familiar clusters show` prints them."
    )
    assert refusal_of(lambda: split(cluster, [strange])) == f"Face {strange} is not in cluster {cluster}."
    assert refusal_of(lambda: split(cluster, faces)) == (
        f"These are all faces of cluster {cluster}; nothing would be left of it."
    )


def test_a_refused_person_is_never_the_cluster_again(album: Album) -> None:
    (cluster,) = album.clusters(2)
    first, second = album.members(cluster)
    name(album, cluster, "Ann", [first])
    album.register(second, "Ann")
    event = album.store.decisions.clusters.refuse(cluster, "ann")
    assert row_of(album, cluster).kind == "unnamed"
    assert [album.owner(face) for face in (first, second)] == [None, None]
    assert summary(album, event) == f"cluster {cluster} is not Ann; it has no name now"
    assert refusal_of(lambda: name(album, cluster, "Ann")) == (
        f"Cluster {cluster} was refused for 'Ann' before; `familiar clusters log` shows the event, and "
        "`familiar clusters undo EVENT` undoes it."
    )
    assert refusal_of(lambda: album.store.decisions.clusters.refuse(cluster, "Ann")) == (
        f"Cluster {cluster} is refused for 'Ann' already."
    )


def test_nobody_is_refused_who_is_not_known(album: Album) -> None:
    (cluster,) = album.clusters(2)
    assert refusal_of(lambda: album.store.decisions.clusters.refuse(cluster, "Ann")) == (
        "There is no person named 'Ann'; `familiar people list` shows the names."
    )


def test_a_refused_cluster_is_not_merged_into_that_person(album: Album) -> None:
    cluster, ann, bob = album.clusters(2, 2, 2)
    name(album, ann, "Ann")
    album.store.decisions.clusters.refuse(cluster, "Ann")
    expected = f"Cluster {cluster} was refused for 'Ann' before;"
    assert refusal_of(lambda: album.store.decisions.clusters.merge(cluster, ann)).startswith(expected)
    assert refusal_of(lambda: album.store.decisions.clusters.merge(ann, cluster)).startswith(expected)
    album.store.decisions.clusters.merge(cluster, bob)
    assert refusal_of(lambda: album.store.decisions.clusters.merge(bob, ann)).startswith(
        f"Cluster {bob} was refused for 'Ann'"
    )


def test_two_clusters_that_were_told_apart_are_never_one_person(album: Album) -> None:
    one, other, third = album.clusters(2, 2, 2)
    event = album.store.decisions.clusters.tell_apart(one, other)
    assert summary(album, event) == f"clusters {one} and {other} are two people"
    for pair in ((one, other), (other, one)):
        told = refusal_of(lambda pair=pair: album.store.decisions.clusters.tell_apart(*pair))  # type: ignore[misc]
        assert told == f"Clusters {pair[0]} and {pair[1]} are two people already."
    name(album, one, "Ann")
    name(album, third, "Ann")
    assert refusal_of(lambda: name(album, other, "Ann")).startswith(f"Cluster {other} was refused for 'Ann' before;")
    assert refusal_of(lambda: album.store.decisions.clusters.merge(other, third)).startswith(
        f"Cluster {other} was refused for"
    )


def test_two_clusters_of_one_person_are_not_told_apart(album: Album) -> None:
    one, other = album.clusters(2, 2)
    name(album, one, "Ann")
    name(album, other, "Ann")
    assert refusal_of(lambda: album.store.decisions.clusters.tell_apart(one, other)) == (
        f"Clusters {one} and {other} are both 'Ann'; refuse that for one of them."
    )


def test_a_cluster_is_not_told_apart_from_itself(album: Album) -> None:
    small, large = album.clusters(2, 3)
    album.store.decisions.clusters.merge(small, large)
    assert refusal_of(lambda: album.store.decisions.clusters.tell_apart(small, large)) == (
        f"{small} and {large} are the same cluster ({large}); `familiar clusters split` makes two of it."
    )


def test_faces_that_are_taken_out_never_come_back(album: Album) -> None:
    (cluster,) = album.clusters(4)
    first, second, *rest = album.members(cluster)
    name(album, cluster, "Ann", [first, rest[0]])
    event = album.store.decisions.faces.take_out(cluster, [second, first])
    assert album.members(cluster) == rest
    assert [album.home(face) for face in (first, second)] == [None, None]
    assert [album.owner(face) for face in (first, rest[0])] == [None, "Ann"]
    assert album.refused(first) == album.refused(second) == {"Ann"}
    assert album.apply(joined={cluster: [first, second]}).joined == 0
    assert summary(album, event) == f"2 faces taken out of cluster {cluster}"
    assert refusal_of(lambda: album.store.decisions.faces.take_out(cluster, [first])) == (
        f"Face {first} is not in cluster {cluster}."
    )


def test_a_cluster_with_a_face_that_was_taken_out_is_not_that_person(album: Album) -> None:
    ann, other = album.clusters(3, 2)
    name(album, ann, "Ann")
    face = album.members(ann)[0]
    album.store.decisions.faces.take_out(ann, [face])
    album.apply(joined={other: [face]})
    expected = f"Face {face} of cluster {other} was refused for 'Ann' before;"
    assert refusal_of(lambda: name(album, other, "Ann")).startswith(expected)
    assert refusal_of(lambda: album.store.decisions.clusters.merge(other, ann)).startswith(expected)
    album.store.decisions.faces.take_out(other, [face])
    name(album, other, "Ann")


def test_a_registered_face_that_is_taken_out_of_a_cluster_without_a_name_stays_a_reference(album: Album) -> None:
    (cluster,) = album.clusters(4)
    first, second, third, _ = album.members(cluster)
    for face in (first, second, third):
        album.register(face, "Ann")
    album.store.decisions.faces.take_out(cluster, [first])
    album.store.decisions.clusters.split(cluster, [second])
    album.store.decisions.faces.gather([third])
    assert [album.owner(face) for face in (first, second, third)] == ["Ann", "Ann", "Ann"]


def test_a_face_comes_into_a_cluster_by_a_persons_will_wherever_it_was(album: Album) -> None:
    ann, bob = album.clusters(3, 3)
    name(album, ann, "Ann", album.members(ann))
    name(album, bob, "Bob", album.members(bob))
    moved, taken_out = album.members(ann)[:2]
    (free,) = album.faces(9, 1)
    album.store.decisions.faces.take_out(bob, [back := album.members(bob)[0]])
    album.store.decisions.faces.take_out(ann, [taken_out])
    event = album.store.decisions.faces.place(bob, [moved, free, back])
    assert {moved, free, back} < set(album.members(bob))
    assert album.owner(moved) is None
    assert [album.refused(face) for face in (moved, free, back)] == [frozenset()] * 3
    assert summary(album, event) == f"3 faces put into cluster {bob}"
    assert album.refused(taken_out) == {"Ann"}


def test_a_face_that_is_registered_for_somebody_stays_so_when_it_is_put_into_their_cluster(album: Album) -> None:
    (cluster,) = album.clusters(2)
    name(album, cluster, "Ann")
    anns, bobs = album.faces(9, 2)
    album.register(anns, "Ann")
    album.register(bobs, "Bob")
    album.store.decisions.faces.place(cluster, [anns, bobs])
    assert [album.owner(face) for face in (anns, bobs)] == ["Ann", None]


def test_faces_are_gathered_into_a_new_cluster_which_is_firm(album: Album) -> None:
    one, other = album.clusters(3, 3)
    name(album, one, "Ann", album.members(one))
    faces = [album.members(one)[0], album.members(other)[0], *album.faces(9, 1)]
    event, fresh = album.store.decisions.faces.gather(faces)
    assert album.members(fresh) == sorted(faces)
    assert album.owner(faces[0]) is None
    assert album.apply(absorbed={fresh: other}).absorbed == 0
    assert summary(album, event) == f"3 faces became cluster {fresh}"


@pytest.mark.parametrize("way", ["place", "gather", "not a face"])
def test_only_faces_that_exist_and_are_faces_can_be_put_anywhere(album: Album, way: str) -> None:
    cluster, _ = album.clusters(2, 2)
    album.store.decisions.faces.not_a_face([none := album.members(cluster)[0]])
    acts: dict[str, Callable[[Sequence[int]], object]] = {
        "place": lambda faces: album.store.decisions.faces.place(cluster, faces),
        "gather": album.store.decisions.faces.gather,
        "not a face": album.store.decisions.faces.not_a_face,
    }
    act = acts[way]
    assert refusal_of(lambda: act([])) == "Say which faces: their numbers, as `familiar clusters show` prints them."
    assert refusal_of(lambda: act([4711])) == "There is no face 4711."
    assert refusal_of(lambda: act([none])) == f"Face {none} was marked as not a face; undo that first."


def test_what_is_no_face_is_in_no_cluster_and_matches_nobody_and_is_not_grouped_again(album: Album) -> None:
    (cluster,) = album.clusters(3)
    face, *rest = album.members(cluster)
    name(album, cluster, "Ann", [face])
    album.match(face, "Ann")
    event = album.store.decisions.faces.not_a_face([face])
    assert album.members(cluster) == rest
    assert (album.home(face), album.owner(face)) == (None, None)
    assert album.store.photos.counts()["recognised"] == 0
    assert album.apply(joined={cluster: [face]}).joined == 0
    assert summary(album, event) == "1 finding not a face"


def test_an_ignored_cluster_stays_ignored_until_it_is_named(album: Album) -> None:
    (cluster,) = album.clusters(2)
    event = album.store.decisions.clusters.ignore(cluster)
    assert row_of(album, cluster).kind == "ignored"
    assert summary(album, event) == f"cluster {cluster} (2 faces) is ignored"
    assert (
        refusal_of(lambda: album.store.decisions.clusters.ignore(cluster)) == f"Cluster {cluster} is ignored already."
    )
    name(album, cluster, "Ann")
    assert row_of(album, cluster).kind == "named"
    assert refusal_of(lambda: album.store.decisions.clusters.ignore(cluster)) == (
        f"Cluster {cluster} is 'Ann'; refuse that first."
    )


def test_each_decision_tells_matching_that_people_have_changed(album: Album) -> None:
    (cluster,) = album.clusters(3)
    versions = [album.store.people.version]
    album.store.decisions.faces.take_out(cluster, album.members(cluster)[:1])
    versions.append(album.store.people.version)
    album.store.decisions.undo()
    versions.append(album.store.people.version)
    assert sorted(set(versions)) == versions


def household(album: Album) -> tuple[int, int, int]:
    """Ann's cluster with references, one without a name, and one that is refused for Ann; Bob, and two free faces."""
    ann, unnamed, refused = album.clusters(4, 4, 3)
    name(album, ann, "Ann", album.members(ann)[:2])
    album.store.decisions.clusters.refuse(refused, "Ann")
    album.store.decisions.people.set_threshold("Ann", 0.45)
    album.import_references("Ann", 2)
    album.import_references("Bob", 1)
    album.faces(9, 2)
    return ann, unnamed, refused


Act = Callable[[Album, int, int, int], object]

ACTS: dict[str, Act] = {
    "name": lambda album, _ann, unnamed, _refused: name(album, unnamed, "Bob", album.members(unnamed)[:2]),
    "name otherwise": lambda album, ann, _unnamed, _refused: name(album, ann, "Bob", album.members(ann)[1:]),
    "merge": lambda album, ann, unnamed, _refused: album.store.decisions.clusters.merge(unnamed, ann),
    "merge a refused one": lambda album, _ann, unnamed, refused: album.store.decisions.clusters.merge(refused, unnamed),
    "split": lambda album, ann, _unnamed, _refused: album.store.decisions.clusters.split(ann, album.members(ann)[:2]),
    "refuse": lambda album, ann, _unnamed, _refused: album.store.decisions.clusters.refuse(ann, "Ann"),
    "tell apart": lambda album, _ann, unnamed, refused: album.store.decisions.clusters.tell_apart(unnamed, refused),
    "take out": lambda album, ann, _unnamed, _refused: album.store.decisions.faces.take_out(
        ann, album.members(ann)[:3]
    ),
    "place": lambda album, ann, unnamed, _refused: album.store.decisions.faces.place(unnamed, album.members(ann)[:2]),
    "gather": lambda album, ann, unnamed, _refused: album.store.decisions.faces.gather(
        [*album.members(ann)[:1], *album.members(unnamed)[:1]]
    ),
    "ignore": lambda album, _ann, unnamed, _refused: album.store.decisions.clusters.ignore(unnamed),
    "not a face": lambda album, ann, _unnamed, _refused: album.store.decisions.faces.not_a_face(album.members(ann)[:1]),
    "rename a person": lambda album, *_: album.store.decisions.people.rename("Ann", "Anna"),
    "merge people": lambda album, *_: album.store.decisions.people.merge("Ann", "Bob"),
    "merge people the other way": lambda album, *_: album.store.decisions.people.merge("Bob", "Ann"),
    "remove a person": lambda album, *_: album.store.decisions.people.remove("Ann"),
    "set a threshold": lambda album, *_: album.store.decisions.people.set_threshold("Ann", 0.4),
    "add a reference": lambda album, ann, *_: album.register(album.members(ann)[-1], "Ann"),
    "add a reference of somebody new": lambda album, _ann, unnamed, _: album.register(album.members(unnamed)[0], "Zoe"),
    "import references": lambda album, *_: album.import_references("Zoe", 3),
}


@pytest.mark.parametrize("what", ACTS)
def test_undoing_restores_everything_exactly(album: Album, what: str) -> None:
    clusters = household(album)
    before = album.rows()
    ACTS[what](album, *clusters)
    assert album.rows() != before
    undone = album.store.decisions.undo()
    assert album.rows() == before
    last = album.store.decisions.log.events()[0]
    assert (last.id, last.kind, last.by) == (undone.id, undone.kind, "person")
    assert last.undone_at is not None


@st.composite
def decisions(draw: st.DrawFn) -> list[tuple[str, int, int, int]]:
    """Things to decide: what, a cluster, another cluster or person, and a number that says which faces."""
    kinds = (
        *("name", "merge", "split", "refuse", "tell apart", "take out", "place", "gather", "ignore", "not a face"),
        *("rename person", "merge people", "remove person", "set threshold", "add reference", "import references"),
    )
    number = st.integers(0, 9)
    return draw(st.lists(st.tuples(st.sampled_from(kinds), number, number, st.integers(1, 63)), min_size=3, max_size=9))


def decide(album: Album, what: str, one: int, other: int, which: int) -> None:
    """Decide something on what there is, if it can be."""
    rows, people = album.store.clusters.all(), ("Ann", "Bob", "Cleo")
    if not rows:
        return
    cluster, second = rows[one % len(rows)].id, rows[other % len(rows)].id
    person, log = people[other % len(people)], album.store.decisions
    someone = people[one % len(people)]
    members, free = album.members(cluster), album.free_faces()
    chosen = [face for number, face in enumerate(members) if which >> (number % 6) & 1]
    acts: dict[str, Callable[[], object]] = {
        "name": lambda: log.clusters.name(cluster, person, references=chosen),
        "merge": lambda: log.clusters.merge(cluster, second),
        "split": lambda: log.clusters.split(cluster, chosen),
        "refuse": lambda: log.clusters.refuse(cluster, person),
        "tell apart": lambda: log.clusters.tell_apart(cluster, second),
        "take out": lambda: log.faces.take_out(cluster, chosen),
        "place": lambda: log.faces.place(second, chosen),
        "gather": lambda: log.faces.gather(chosen),
        "ignore": lambda: log.clusters.ignore(cluster),
        "not a face": lambda: log.faces.not_a_face(chosen[:1]),
        "rename person": lambda: log.people.rename(someone, person),
        "merge people": lambda: log.people.merge(someone, person),
        "remove person": lambda: log.people.remove(person),
        "set threshold": lambda: log.people.set_threshold(person, which / 100),
        "add reference": lambda: album.add_reference(free[which % len(free)], person) if free else None,
        "import references": lambda: album.import_references(person, which),
    }
    acts[what]()


def test_a_removed_person_does_not_get_a_reference_back_that_is_in_the_cluster_of_somebody_else(album: Album) -> None:
    anns, bobs = album.clusters(5, 4)
    face = album.members(bobs)[0]
    decisions = album.store.decisions
    decisions.clusters.name(anns, "Ann", references=album.members(anns)[:1])
    decisions.clusters.name(bobs, "Bob", references=[face])
    decisions.people.remove("Bob")
    removal = decisions.log.events()[0]
    decisions.faces.place(anns, [face])
    assert "builds on it" in refusal_of(lambda: decisions.undo(removal.id))
    decisions.undo()
    decisions.undo(removal.id)
    assert loose_ends(album) == []


@given(wanted=decisions())
@settings(deadline=None, max_examples=40)
def test_undoing_everything_in_turn_goes_back_through_every_state_and_gives_no_id_again(
    wanted: list[tuple[str, int, int, int]],
) -> None:
    with TemporaryDirectory() as folder, Album.at(Path(folder)) as album:
        album.clusters(5, 4, 3)
        album.faces(9, 2)
        states = [album.rows()]
        ids: set[int] = set()
        for what in wanted:
            try:
                decide(album, *what)
            except UsageError:
                assert album.rows() == states[-1]
            else:
                states += [album.rows()] if album.rows() != states[-1] else []
            ids.update(row[0] for row in states[-1]["clusters"])
        for state in states[-2::-1]:
            album.store.decisions.undo()
            assert album.rows() == state
        assert refusal_of(album.store.decisions.undo) == "There is nothing to undo."
        _, fresh = album.store.decisions.faces.gather(album.faces(9, 1))
        assert fresh > max(ids, default=0)


@given(wanted=decisions(), random=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=30)
def test_undoing_everything_in_any_order_that_is_allowed_leaves_the_store_as_before(
    wanted: list[tuple[str, int, int, int]], random: Random
) -> None:
    with TemporaryDirectory() as folder, Album.at(Path(folder)) as album:
        album.clusters(5, 4, 3)
        album.faces(9, 2)
        before = essence(album.rows())
        for what in wanted:
            with suppress(UsageError):
                decide(album, *what)
        while left := [event.id for event in album.store.decisions.log.events() if event.undone_at is None]:
            builders = {one.event.id: one.builder for one in album.store.decisions.history()}
            event = random.choice(left)
            if builders[event] is None:
                try:
                    album.store.decisions.undo(event)
                except UsageError as error:  # a name was given to a new person after its person had been removed
                    assume("somebody else is called" not in str(error))
                    raise
                assert loose_ends(album) == []
            else:
                assert f"event {builders[event]} (" in refusal_of(lambda event=event: album.store.decisions.undo(event))  # type: ignore[misc]
        assert essence(album.rows()) == before


def essence(rows: Rows) -> Rows:
    """Return rows without the mark that a person has looked at a cluster, and without people: both may stay behind."""
    clusters = [(*row[:2], *row[3:]) for row in rows["clusters"]]
    return {**rows, "clusters": clusters, "people": []}


def grouped_somehow(album: Album, random: Random) -> None:
    """Let the program group faces in any way, as if it knew an older state."""
    clusters = [row[0] for row in album.rows()["clusters"]]
    faces = random.sample(range(1, 15), k=6)
    album.apply(
        joined={random.choice(clusters): faces[:2]},
        fresh=[faces[2:4]],
        absorbed=dict([random.sample(clusters, k=2)]) if random.random() < 0.5 else {},
    )


def loose_ends(album: Album) -> list[str]:
    """What must never be: each query gives what is wrong."""
    queries = {
        "a face in a cluster that is a part of another": "SELECT face_id FROM cluster_faces JOIN clusters "
        "ON clusters.id = cluster_id WHERE absorbed_by IS NOT NULL",
        "a face in a cluster that is none": "SELECT face_id FROM cluster_faces JOIN no_faces USING (face_id)",
        "a refusal of a cluster that is a part of another, or not firm": "SELECT refusals.id FROM refusals "
        "JOIN clusters ON clusters.id IN (cluster_id, other_id) WHERE absorbed_by IS NOT NULL OR NOT kept",
        "a face that a person put into a cluster that is not firm": "SELECT face_id FROM cluster_faces "
        "JOIN clusters ON clusters.id = cluster_id WHERE by = 'person' AND NOT kept",
        "a face in a cluster that it was taken out of": "SELECT face_id FROM cluster_faces "
        "JOIN refusals USING (face_id) WHERE other_id = cluster_faces.cluster_id",
        "a cluster that is a person who was refused for it": "SELECT refusals.id FROM refusals "
        "JOIN clusters ON clusters.id = cluster_id WHERE clusters.person_id = refusals.person_id",
        "two people in one": "SELECT a.id FROM refusals JOIN clusters AS a ON a.id = cluster_id "
        "JOIN clusters AS b ON b.id = other_id WHERE a.person_id = b.person_id",
        "a reference of somebody else than the cluster": "SELECT face_references.id FROM face_references "
        "JOIN cluster_faces USING (face_id) JOIN clusters ON clusters.id = cluster_id "
        "WHERE clusters.person_id != face_references.person_id",
    }
    found = [wrong for wrong, query in queries.items() if album.store._db.conn.execute(query).fetchall()]
    return found + album.store._db.conn.execute("PRAGMA foreign_key_check").fetchall()


@given(wanted=decisions(), random=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_whatever_persons_and_the_program_do_and_undo_nothing_is_left_at_loose_ends(
    wanted: list[tuple[str, int, int, int]], random: Random
) -> None:
    with TemporaryDirectory() as folder, Album.at(Path(folder)) as album:
        album.clusters(5, 4, 3)
        album.faces(9, 2)
        made_at: dict[int, str] = {}
        for what in wanted:
            firm = {row[0] for row in album.rows()["clusters"] if row[2]}
            homes = {row[0]: row[1] for row in album.rows()["cluster_faces"] if row[1] in firm}
            grouped_somehow(album, random)
            assert homes.items() <= {row[0]: row[1] for row in album.rows()["cluster_faces"]}.items()
            events = [event.id for event in album.store.decisions.log.events()]
            with suppress(UsageError):
                decide(album, *what)
            with suppress(UsageError):
                album.store.decisions.undo(random.choice([*events, 1]))
            assert loose_ends(album) == []
            now = {row[0]: row[5] for row in album.rows()["clusters"]}
            assert all(made_at.get(cluster, at) == at for cluster, at in now.items())
            made_at.update(now)
        while left := [event for event in album.store.decisions.log.events() if event.undone_at is None]:
            album.store.decisions.undo(left[0].id)
            assert loose_ends(album) == []
        assert (album.rows()["refusals"], album.rows()["no_faces"], album.rows()["face_references"]) == ([], [], [])


def test_a_cluster_that_was_undone_never_gives_its_id_to_another(album: Album) -> None:
    (cluster,) = album.clusters(4)
    _, fresh = album.store.decisions.clusters.split(cluster, album.members(cluster)[:2])
    album.store.decisions.undo()
    assert album.clusters(2) == [fresh + 1]
    assert refusal_of(lambda: album.store.clusters.find(fresh)).startswith(f"There is no cluster {fresh};")


def test_undoing_needs_an_event_that_was_not_undone(album: Album) -> None:
    undo = album.store.decisions.undo
    assert refusal_of(undo) == "There is nothing to undo."
    assert refusal_of(lambda: undo(7)) == "There is no event 7; `familiar undo --list` shows all events."
    (cluster,) = album.clusters(2)
    event = album.store.decisions.clusters.ignore(cluster)
    undo(event)
    assert (
        refusal_of(lambda: undo(event)) == f"Event {event} (cluster {cluster} (2 faces) is ignored) was undone already."
    )
    assert refusal_of(undo) == "There is nothing to undo."


def built_upon(first: int, first_summary: str, then: int, then_summary: str) -> str:
    return (
        f"Event {first} ({first_summary}) can't be undone yet: event {then} ({then_summary}) builds on it; "
        f"`familiar clusters undo {then}` first."
    )


def merged_then_refused(album: Album) -> None:
    small, large = album.clusters(2, 2)
    album.store.decisions.faces.place(large, album.faces(9, 1))  # it is firm already
    add_person(album.store, "Ann")
    album.store.decisions.clusters.merge(small, large)
    album.store.decisions.clusters.refuse(large, "Ann")


def split_then_named(album: Album) -> None:
    (cluster,) = album.clusters(4)
    _, fresh = album.store.decisions.clusters.split(cluster, album.members(cluster)[:2])
    name(album, fresh, "Ann")


def split_then_told_apart(album: Album) -> None:
    cluster, other = album.clusters(4, 2)
    _, fresh = album.store.decisions.clusters.split(cluster, album.members(cluster)[:2])
    album.store.decisions.clusters.tell_apart(other, fresh)


def gathered_then_moved_on(album: Album) -> None:
    (cluster,) = album.clusters(2)
    _, fresh = album.store.decisions.faces.gather(album.faces(9, 2))
    (joined,) = album.faces(9, 1)
    album.apply(joined={fresh: [joined]})
    album.store.decisions.faces.place(cluster, [joined])


def taken_out_then_merged(album: Album) -> None:
    cluster, other = album.clusters(4, 2)
    album.store.decisions.faces.place(cluster, album.faces(9, 1))  # it is firm already
    album.store.decisions.faces.take_out(cluster, album.members(cluster)[:1])
    album.store.decisions.clusters.merge(cluster, other)


def said_to_be_none_then_absorbed(album: Album) -> None:
    cluster, other = album.clusters(3, 5)
    album.store.decisions.faces.not_a_face(album.members(cluster)[:1])
    album.apply(absorbed={cluster: other})


def absorbed_twice(album: Album) -> None:
    small, middle, large = album.clusters(2, 3, 5)
    album.store.decisions.faces.not_a_face(album.members(small))  # nothing of it is left to be moved
    album.apply(absorbed={small: middle})
    album.apply(absorbed={middle: large})


def split_then_named_otherwise(album: Album) -> None:
    (cluster,) = album.clusters(4)
    name(album, cluster, "Ann", album.members(cluster))
    album.store.decisions.clusters.split(cluster, album.members(cluster)[:2])
    name(album, cluster, "Bob")


def named_twice(album: Album) -> None:
    (cluster,) = album.clusters(3)
    name(album, cluster, "Ann", album.members(cluster))
    name(album, cluster, "Bob", album.members(cluster))


def placed_twice(album: Album) -> None:
    one, other = album.clusters(3, 3)
    faces = album.faces(9, 1)
    album.store.decisions.faces.place(one, faces)
    album.store.decisions.faces.place(other, faces)


@pytest.mark.parametrize(
    "act",
    [
        merged_then_refused,
        split_then_named,
        split_then_told_apart,
        gathered_then_moved_on,
        taken_out_then_merged,
        said_to_be_none_then_absorbed,
        split_then_named_otherwise,
        absorbed_twice,
        named_twice,
        placed_twice,
    ],
)
def test_an_event_is_not_undone_while_a_later_one_builds_on_it(album: Album, act: Callable[[Album], None]) -> None:
    act(album)
    then, first, *_ = album.store.decisions.log.events()
    before = album.rows()
    assert refusal_of(lambda: album.store.decisions.undo(first.id)) == built_upon(
        first.id, first.summary, then.id, then.summary
    )
    assert album.rows() == before
    album.store.decisions.undo(then.id)
    album.store.decisions.undo(first.id)


def test_events_that_have_nothing_to_do_with_each_other_are_undone_in_any_order(album: Album) -> None:
    one, other = album.clusters(2, 2)
    before = album.rows()
    first, second = name(album, one, "Ann"), name(album, other, "Bob")
    album.store.decisions.undo(first)
    assert [row.name for row in album.store.clusters.all()] == [None, "Bob"]
    album.store.decisions.undo(second)
    assert album.rows() == before


def test_a_face_that_was_taken_out_comes_back_when_the_name_that_its_cluster_got_since_is_undone(album: Album) -> None:
    (cluster,) = album.clusters(3)
    face = album.members(cluster)[0]
    event = album.store.decisions.faces.take_out(cluster, [face])
    later = name(album, cluster, "Ann")
    assert f"event {later} (cluster {cluster} (2 faces) is Ann) builds on it" in refusal_of(
        lambda: album.store.decisions.undo(event)
    )
    album.store.decisions.undo(later)
    album.store.decisions.undo(event)
    assert album.home(face) == cluster
    assert album.refused(face) == frozenset()


def test_faces_that_the_program_put_into_an_undone_cluster_are_free_again(album: Album) -> None:
    event, fresh = album.store.decisions.faces.gather(album.faces(9, 2))
    (late,) = album.faces(9, 1)
    album.apply(joined={fresh: [late]})
    album.store.decisions.undo(event)
    assert album.home(late) is None
    assert album.store.clusters.all() == []


def test_a_face_that_was_taken_out_comes_back_from_where_the_program_put_it(album: Album) -> None:
    (cluster,) = album.clusters(4)
    face = album.members(cluster)[0]
    event = album.store.decisions.faces.take_out(cluster, [face])
    album.cluster([face, *album.faces(9, 1)])
    album.store.decisions.undo(event)
    assert album.home(face) == cluster


def test_what_the_program_joined_is_taken_apart_for_good(album: Album) -> None:
    small, large = album.clusters(2, 3)
    before = album.rows()
    album.apply(absorbed={small: large})
    (absorbed,) = album.store.decisions.log.events()
    assert (absorbed.by, absorbed.summary) == ("program", f"cluster {small} became a part of cluster {large}")
    assert refusal_of(album.store.decisions.undo) == "There is nothing to undo."
    album.store.decisions.undo(absorbed.id)
    assert album.rows()["cluster_faces"] == before["cluster_faces"]
    assert album.apply(absorbed={small: large}).absorbed == 0
    assert album.apply(absorbed={large: small}).absorbed == 0
    assert album.store.decisions.log.events()[0].summary == f"clusters {small} and {large} are two people"
    album.store.decisions.undo()
    assert album.rows() == before
    assert album.apply(absorbed={small: large}).absorbed == 1


def test_what_was_told_apart_by_an_undo_is_undone_after_a_merge_that_took_it_over_and_leaves_nothing(
    album: Album,
) -> None:
    small, middle, large = album.clusters(2, 3, 4)
    album.store.decisions.clusters.tell_apart(middle, large)
    album.apply(absorbed={small: middle})
    absorption = album.store.decisions.log.events()[0]
    album.store.decisions.undo(absorption.id)
    apart = album.store.decisions.log.events()[0]
    merge = album.store.decisions.clusters.merge(middle, large)
    assert f"event {merge} (" in refusal_of(lambda: album.store.decisions.undo(apart.id))
    album.store.decisions.undo(merge)
    album.store.decisions.undo(apart.id)
    album.store.decisions.undo()
    assert album.rows()["refusals"] == []


def test_a_cluster_can_be_undone_though_what_the_program_joined_to_it_was_taken_apart(album: Album) -> None:
    (cluster,) = album.clusters(2)
    before = album.rows()
    event, fresh = album.store.decisions.faces.gather(album.faces(9, 2))
    album.apply(absorbed={cluster: fresh})
    album.store.decisions.undo(event + 1)
    album.store.decisions.undo(event)
    assert album.rows()["refusals"] == []
    album.store.decisions.undo()
    assert album.rows() == before


def test_undoing_an_earlier_refusal_leaves_a_cluster_firm_of_which_more_was_decided(album: Album) -> None:
    cluster, other = album.clusters(2, 5)
    add_person(album.store, "Ann")
    event = album.store.decisions.clusters.refuse(cluster, "Ann")
    album.store.decisions.faces.place(cluster, album.faces(9, 1))
    album.store.decisions.undo(event)
    assert album.apply(absorbed={cluster: other}).absorbed == 0


def test_a_cluster_is_firm_again_when_a_face_comes_back_that_a_person_had_put_there(album: Album) -> None:
    cluster, other = album.clusters(3, 5)
    add_person(album.store, "Ann")
    refused = album.store.decisions.clusters.refuse(cluster, "Ann")
    album.store.decisions.faces.place(cluster, face := album.faces(9, 1))
    moved = album.store.decisions.faces.place(other, face)
    album.store.decisions.undo(refused)
    album.store.decisions.undo(moved)
    assert album.apply(absorbed={cluster: other}).absorbed == 0


def test_a_new_person_goes_with_the_event_that_brought_them_unless_something_is_theirs(album: Album) -> None:
    one, other = album.clusters(2, 2)
    event = name(album, one, "Ann")
    album.store.decisions.undo()
    assert album.store.people.all() == []
    event = name(album, one, "Ann")
    second = album.store.decisions.clusters.refuse(other, "Ann")
    album.store.decisions.undo(event)
    assert [person.name for person in album.store.people.all()] == ["Ann"]
    assert album.refused(album.members(other)[0]) == {"Ann"}
    album.store.decisions.undo(second)


def test_a_person_whom_a_later_event_would_give_back_is_not_forgotten(album: Album) -> None:
    one, other = album.clusters(2, 2)
    first = name(album, one, "Ann")
    name(album, other, "Ann")
    name(album, other, "Bob")
    album.store.decisions.undo(first)
    album.store.decisions.undo()
    assert row_of(album, other).name == "Ann"


def removed_without_an_event(album: Album, person: str) -> int:
    """Remove a person as older versions did; return their id."""
    ((person_id,),) = album.store._db.conn.execute("SELECT id FROM people WHERE name = ?", (person,)).fetchall()
    album.store._db.conn.execute("DELETE FROM people WHERE id = ?", (person_id,))
    return int(person_id)


def test_undoing_never_gives_a_cluster_to_somebody_who_came_later(album: Album) -> None:
    (cluster,) = album.clusters(2)
    add_person(album.store, "Bob")
    name(album, cluster, "Ann", album.members(cluster))
    name(album, cluster, "Bob")
    number = removed_without_an_event(album, "Ann")
    album.store._db.conn.execute(
        "INSERT INTO people (id, name, key, added_at) VALUES (?, 'Zoe', 'zoe', '2026-06-01')", (number,)
    )
    album.store.decisions.undo()
    assert row_of(album, cluster).name is None
    assert [person.references for person in album.store.people.all()] == [0, 0]


def test_a_name_that_was_refused_since_does_not_come_back(album: Album) -> None:
    (cluster,) = album.clusters(2)
    name(album, cluster, "Ann")
    event = name(album, cluster, "Bob")
    album.store.decisions.clusters.refuse(cluster, "Ann")
    before = album.rows()
    assert refusal_of(lambda: album.store.decisions.undo(event)) == (
        f"Event {event} (cluster {cluster} (2 faces) is Bob, not Ann) can't be undone: "
        f"cluster {cluster} was refused for 'Ann' since."
    )
    assert album.rows() == before


def test_a_face_that_was_refused_since_does_not_come_back(album: Album) -> None:
    cluster, other = album.clusters(3, 3)
    face = album.members(other)[0]
    album.store.decisions.faces.take_out(other, [face])
    album.apply(joined={cluster: [face]})
    event, fresh = album.store.decisions.clusters.split(cluster, [face])
    album.store.decisions.clusters.merge(other, cluster)
    assert refusal_of(lambda: album.store.decisions.undo(event)) == (
        f"Event {event} (1 face of cluster {cluster} became cluster {fresh}) can't be undone: "
        f"face {face} was refused for cluster {cluster} since."
    )
    assert album.members(fresh) == [face]


@pytest.mark.parametrize("how", ["removed", "merged"])
def test_a_name_can_be_undone_after_an_older_version_removed_or_merged_its_person(album: Album, how: str) -> None:
    (cluster,) = album.clusters(2)
    bob = add_person(album.store, "Bob")
    before = album.rows()
    event = name(album, cluster, "Ann")
    if how == "merged":
        album.store._db.conn.execute("UPDATE clusters SET person_id = ?", (bob,))
    removed_without_an_event(album, "Ann")
    album.store.decisions.undo(event)
    assert album.rows() == before


def put_reference(album: Album, number: int, face: int, person: str) -> None:
    """Register a face without an event, as older versions did, under a number that may have been another one's."""
    album.store._db.conn.execute(
        "INSERT INTO face_references (id, person_id, face_id, embedding, engine, added_at) "
        "SELECT ?, people.id, faces.id, embedding, engine, '2026-06-01' FROM faces, people "
        "WHERE faces.id = ? AND people.name = ?",
        (number, face, person),
    )


def test_a_reference_that_was_registered_again_meanwhile_stays_as_it_is(album: Album) -> None:
    (cluster,) = album.clusters(2)
    add_person(album.store, "Bob")
    face = album.members(cluster)[0]
    name(album, cluster, "Ann", [face])
    album.store.decisions.faces.take_out(cluster, [face])
    put_reference(album, 7, face, "Bob")
    album.store.decisions.undo()
    assert album.owner(face) == "Bob"


def test_a_reference_comes_back_beside_another_that_has_its_number_now(album: Album) -> None:
    (cluster,) = album.clusters(3)
    first, second, _ = album.members(cluster)
    name(album, cluster, "Ann", [first])
    album.store.decisions.faces.take_out(cluster, [first])
    put_reference(album, 1, second, "Ann")
    album.store.decisions.undo()
    assert [album.owner(face) for face in (first, second)] == ["Ann", "Ann"]


def test_undoing_a_name_leaves_a_reference_that_has_the_number_of_a_removed_one(album: Album) -> None:
    (cluster,) = album.clusters(2)
    (other,) = album.faces(9, 1)
    add_person(album.store, "Bob")
    name(album, cluster, "Ann", [album.members(cluster)[0]])
    album.store._db.conn.execute("DELETE FROM face_references")
    put_reference(album, 1, other, "Bob")
    album.store.decisions.undo()
    assert album.owner(other) == "Bob"


def test_a_reference_comes_back_as_its_face_was_encoded_meanwhile(album: Album) -> None:
    (cluster,) = album.clusters(2)
    faces = album.members(cluster)
    name(album, cluster, "Ann", faces)
    album.store.decisions.faces.take_out(cluster, faces[:1])
    new = [embedding(7), embedding(8)]
    album.store.embeddings.renew(faces, np.stack(new), "new")
    album.store.decisions.undo()
    (known,) = album.store.people.known("new")
    assert sorted(known.references[:, 0]) == sorted(float(one[0]) for one in new)


def test_a_face_that_is_gone_does_not_come_back(album: Album) -> None:
    (cluster,) = album.clusters(3)
    first, second, _ = album.members(cluster)
    album.store.decisions.faces.take_out(cluster, [first, second])
    album.store._db.conn.execute("DELETE FROM faces WHERE id = ?", (first,))
    album.store.decisions.undo()
    assert second in album.members(cluster)
    assert first not in album.members(cluster)


def test_decisions_of_two_processes_come_one_after_the_other(album: Album) -> None:
    (cluster,) = album.clusters(4)
    with Store(album.store.path, now=album.store.now) as other:
        other.decisions.clusters.name(cluster, "Ann", references=[])
        assert refusal_of(lambda: name(album, cluster, "Ann")) == f"Cluster {cluster} is 'Ann' already."
        album.store.decisions.clusters.split(cluster, album.members(cluster)[:1])
        assert other.clusters.find(cluster).faces == 3


def test_the_log_has_the_newest_first_and_no_more_than_wanted(album: Album) -> None:
    (cluster,) = album.clusters(2)
    for number in range(3):
        name(album, cluster, f"Ann {number}")
    assert [event.summary for event in album.store.decisions.log.events(limit=2)] == [
        f"cluster {cluster} (2 faces) is Ann 2, not Ann 1",
        f"cluster {cluster} (2 faces) is Ann 1, not Ann 0",
    ]
    assert len(album.store.decisions.log.events()) == 3
