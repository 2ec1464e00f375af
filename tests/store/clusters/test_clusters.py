from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from familiar.errors import UsageError
from familiar.identity.clustering.grouping import group
from familiar.settings import ClusteringSettings
from familiar.store.clusters.rounds import GroupingResult
from familiar.store.clusters.suggestions import Suggestion
from familiar.store.references import FaceToRegister
from familiar.store.store import Store
from support.album import MODEL, Album, embedding
from support.people import add_person


def to_group(album: Album, **changes: float) -> dict[int, int]:
    """The faces that are to be grouped, and the cluster of each."""
    wanted = {"min_size": 0, "min_quality": 0.0, "same_photo": False} | changes
    faces = album.store.rounds.to_group(
        MODEL,
        min_size=int(wanted["min_size"]),
        min_quality=wanted["min_quality"],
        same_photo=bool(wanted["same_photo"]),
    )
    return dict(zip(faces.ids.tolist(), faces.clusters.tolist(), strict=True))


def apart(album: Album, *, same_photo: bool = False) -> set[frozenset[int]]:
    faces = album.store.rounds.to_group(MODEL, min_size=0, same_photo=same_photo)
    return {frozenset(pair) for pair in faces.apart}


def firm(album: Album) -> frozenset[int]:
    return album.store.rounds.to_group(MODEL, min_size=0, same_photo=False).firm


def test_a_round_is_written_down(album: Album) -> None:
    ann, bob, free = album.faces(1, 3), album.faces(2, 2), album.faces(3, 2)
    assert album.apply(fresh=[ann, bob]) == GroupingResult(joined=0, fresh=2, grouped=5, absorbed=0)
    first, second = album.home(ann[0]), album.home(bob[0])
    assert first is not None
    assert second is not None
    assert album.apply(joined={first: free}) == GroupingResult(joined=2, fresh=0, grouped=0, absorbed=0)
    assert album.apply(absorbed={second: first}) == GroupingResult(joined=0, fresh=0, grouped=0, absorbed=1)
    (row,) = album.store.clusters.all()
    assert (row.id, row.kind, row.name, row.faces, row.photos, row.recognised) == (first, "unnamed", None, 7, 7, 0)
    assert [event.kind for event in album.store.decisions.log.events()] == ["absorb"]


def test_what_the_last_round_was_based_on_is_remembered(album: Album) -> None:
    assert album.store.rounds.last() is None
    album.apply()
    last = album.store.rounds.last()
    assert last is not None
    assert last[1] == "as the test wants it"


def test_the_basis_changes_with_faces_and_with_decisions_but_not_by_itself(album: Album) -> None:
    bases = [album.store.rounds.basis(MODEL)]
    cluster = album.cluster(album.faces(1, 3))
    bases.append(album.store.rounds.basis(MODEL))
    album.store.decisions.clusters.name(cluster, "Ann", references=[])
    bases.append(album.store.rounds.basis(MODEL))
    album.store.decisions.undo()
    bases.append(album.store.rounds.basis(MODEL))
    assert len(set(bases)) == 4
    album.apply()
    assert album.store.rounds.basis(MODEL) == bases[-1]


def test_a_cluster_is_found_by_its_id_and_one_that_was_absorbed_by_its_old_one(album: Album) -> None:
    small, large = album.clusters(2, 3)
    album.apply(absorbed={small: large})
    assert album.store.clusters.find(large).faces == 5
    assert album.store.clusters.find(small) == album.store.clusters.find(large)
    assert album.store.clusters.live(small) == large


def test_a_cluster_that_never_was_is_not_found(album: Album) -> None:
    with pytest.raises(UsageError) as caught:
        album.store.clusters.find(7)
    assert str(caught.value) == "There is no cluster 7; `familiar clusters list` shows them."


def test_a_cluster_without_faces_is_not_found_and_its_id_is_not_given_again(album: Album) -> None:
    (cluster,) = album.clusters(2)
    album.store.decisions.faces.not_a_face(album.members(cluster))
    with pytest.raises(UsageError) as caught:
        album.store.clusters.find(cluster)
    assert str(caught.value) == f"Cluster {cluster} has no faces any more."
    assert album.store.clusters.all() == []
    assert album.clusters(2) == [cluster + 1]


def test_clusters_come_the_largest_first_and_their_faces_the_most_typical_first(album: Album) -> None:
    small, large = album.clusters(2, 3)
    assert [row.id for row in album.store.clusters.all()] == [large, small]
    album.store.decisions.faces.place(small, [late := album.faces(1, 1)[0]])
    faces = album.store.clusters.faces(small)
    assert [face.distance for face in faces] == [0.2, 0.2, None]
    assert (faces[-1].id, faces[-1].by) == (late, "person")


def test_faces_that_matching_knows_are_counted_in_clusters_without_a_name(album: Album) -> None:
    one, other = album.clusters(3, 3)
    add_person(album.store, "Ann")
    for cluster in (one, other):
        album.match(album.members(cluster)[0], "Ann")
    album.store.decisions.clusters.name(other, "Ann", references=[])
    assert {row.id: row.recognised for row in album.store.clusters.all()} == {one: 1, other: 0}
    assert [face.match for face in album.store.clusters.faces(one)] == ["Ann", None, None]


def test_faces_are_given_with_their_quality(album: Album) -> None:
    one, other = album.photo(embedding(1))[0], album.photo(embedding(1, 1))[0]
    cluster = album.cluster([one, other])
    album.rate({one: 0.25})
    ids, embeddings, qualities = album.store.clusters.embeddings(cluster, MODEL)
    assert ids == [one, other]
    assert np.array_equal(embeddings, [embedding(1), embedding(1, 1)])
    assert qualities == [0.25, 1]  # unknown is good enough
    assert album.store.clusters.embeddings(cluster, "another model")[0] == [one, other]  # they will be encoded again


def test_faces_that_somebody_is_known_to_be_and_those_that_are_none_are_not_grouped(album: Album) -> None:
    free, matched, registered, none = album.faces(1, 4)
    album.register(registered, "Ann")
    album.match(matched, "Ann")
    album.store.decisions.faces.not_a_face([none])
    assert to_group(album) == {free: 0}


def test_small_faces_and_those_of_other_models_are_not_grouped(album: Album) -> None:
    large = album.faces(1, 1)
    album.photo(embedding(2), size=30)
    album.photo(embedding(3), model="another")
    assert to_group(album, min_size=40) == {large[0]: 0}


def test_faces_of_poor_quality_are_not_grouped_and_those_that_nobody_has_rated_are(album: Album) -> None:
    poor, good, unknown = album.faces(1, 3)
    album.rate({poor: 0.19, good: 0.2})
    assert to_group(album, min_quality=0.2) == {good: 0, unknown: 0}
    assert to_group(album).keys() == {poor, good, unknown}


def test_a_face_of_a_cluster_stays_in_it_when_it_turns_out_to_be_of_poor_quality(album: Album) -> None:
    (cluster,) = album.clusters(2)
    faces = album.members(cluster)
    album.rate(dict.fromkeys(faces, 0.0))
    assert to_group(album, min_quality=1.0) == dict.fromkeys(faces, cluster)


def test_faces_of_clusters_stay_in_them_whoever_matches_them_and_however_small_they_are(album: Album) -> None:
    (cluster,) = album.clusters(2)
    faces = album.members(cluster)
    add_person(album.store, "Ann")
    album.match(faces[0], "Ann")
    assert to_group(album, min_size=500) == dict.fromkeys(faces, cluster)


def test_two_faces_of_one_photo_are_apart_unless_it_is_wanted_otherwise(album: Album) -> None:
    one, two, three = album.photo(*(embedding(person) for person in (1, 2, 3)))
    album.faces(4, 2)
    assert apart(album) == {frozenset(pair) for pair in ((one, two), (one, three), (two, three))}
    assert apart(album, same_photo=True) == set()


def test_two_faces_of_a_video_are_apart_if_it_shows_them_at_the_same_time(album: Album) -> None:
    looks = [embedding(1, look) for look in range(3)]
    first, second, third = album.photo(*looks, kind="video", times=[(0.0, 1.0), (1.0, 2.0), (3.0,)])
    assert apart(album) == {frozenset((first, second))}
    assert third


def test_clusters_that_were_told_apart_are_apart(album: Album) -> None:
    one, other, _ = album.clusters(2, 2, 2)
    album.store.decisions.clusters.tell_apart(one, other)
    (pair,) = apart(album)
    assert {to_group(album)[face] for face in pair} == {one, other}


def test_the_first_face_of_a_cluster_may_be_of_another_model_than_those_that_are_grouped(album: Album) -> None:
    strange = album.photo(embedding(9), model="another")
    one, other = album.clusters(2, 2)
    album.store.decisions.faces.place(one, strange)
    album.store.decisions.clusters.tell_apart(one, other)
    (pair,) = apart(album)
    assert {to_group(album)[face] for face in pair} == {one, other}


def test_a_face_that_was_taken_out_is_apart_from_the_cluster_and_from_all_clusters_of_its_person(album: Album) -> None:
    one, other, third = album.clusters(3, 2, 2)
    for cluster in (one, other):
        album.store.decisions.clusters.name(cluster, "Ann", references=[])
    face = album.members(one)[0]
    album.store.decisions.faces.take_out(one, [face])
    homes = to_group(album)
    assert {frozenset(homes[face] for face in pair) for pair in apart(album)} == {
        frozenset((0, one)),
        frozenset((0, other)),
    }
    assert all(face in pair for pair in apart(album))
    assert third not in {homes[face] for pair in apart(album) for face in pair}


def test_a_cluster_that_is_not_one_of_a_person_is_apart_from_the_others_too(album: Album) -> None:
    one, other, stranger = album.clusters(2, 2, 2)
    album.store.decisions.clusters.tell_apart(stranger, one)
    for cluster in (one, other):
        album.store.decisions.clusters.name(cluster, "Ann", references=[])
    homes = to_group(album)
    assert {frozenset(homes[face] for face in pair) for pair in apart(album)} == {
        frozenset((stranger, one)),
        frozenset((stranger, other)),
    }


def decided(album: Album, what: str, cluster: int, other: int) -> None:
    """Decide something about a cluster."""
    decisions, face = album.store.decisions, album.members(cluster)[0]
    add_person(album.store, "Bob")
    ways: dict[str, Callable[[], object]] = {
        "name": lambda: decisions.clusters.name(cluster, "Ann", references=[]),
        "refuse": lambda: decisions.clusters.refuse(cluster, "Bob"),
        "tell apart": lambda: decisions.clusters.tell_apart(cluster, other),
        "take out": lambda: decisions.faces.take_out(cluster, [face]),
        "place": lambda: decisions.faces.place(cluster, [album.members(other)[0]]),
        "merge": lambda: decisions.clusters.merge(other, cluster),
        "split": lambda: decisions.clusters.split(cluster, [face]),
        "ignore": lambda: decisions.clusters.ignore(cluster),
    }
    ways[what]()


@pytest.mark.parametrize("what", ["name", "refuse", "tell apart", "take out", "place", "merge", "split", "ignore"])
def test_a_cluster_that_a_person_has_decided_on_is_firm_and_never_absorbed(album: Album, what: str) -> None:
    cluster, other, third = album.clusters(3, 3, 9)
    assert firm(album) == frozenset()
    decided(album, what, cluster, other)
    assert cluster in firm(album)
    before = album.members(cluster)
    assert album.apply(absorbed={cluster: third}).absorbed == 0
    assert album.members(cluster) == before


def test_a_named_cluster_takes_in_faces_and_matching_is_told(album: Album) -> None:
    (cluster,) = album.clusters(2)
    album.store.decisions.clusters.name(cluster, "Ann", references=[])
    version = album.store.people.version
    (face,) = album.faces(100, 1)
    album.apply(joined={cluster: [face]})
    assert album.home(face) == cluster
    assert album.store.people.version > version


def another(album: Album) -> Store:
    """Another process's connection to the store."""
    return Store(album.store.path, now=album.store.now)


def named_meanwhile(other: Store, face: int) -> None:
    _, cluster = other.decisions.faces.gather([face])
    other.decisions.clusters.name(cluster, "Ann", references=[face])


def registered_meanwhile(other: Store, face: int) -> None:
    other.references.register([FaceToRegister(person="Ann", face_id=face, origin=Path("/photos/a.jpg"))])


def matched_meanwhile(other: Store, face: int) -> None:
    add_person(other, "Ann")
    other._db.conn.execute("INSERT INTO matches SELECT ?, id, 0.1, 0, 1 FROM people", (face,))


def removed_meanwhile(other: Store, face: int) -> None:
    other._db.conn.execute("DELETE FROM faces WHERE id = ?", (face,))


def said_to_be_none_meanwhile(other: Store, face: int) -> None:
    other.decisions.faces.not_a_face([face])


@pytest.mark.parametrize(
    "meanwhile",
    [named_meanwhile, registered_meanwhile, matched_meanwhile, removed_meanwhile, said_to_be_none_meanwhile],
)
@pytest.mark.parametrize("into", ["an old cluster", "a new one"])
def test_a_face_that_was_decided_on_meanwhile_stays_as_decided(
    album: Album, meanwhile: Callable[[Store, int], None], into: str
) -> None:
    (cluster,) = album.clusters(2)
    face, *rest = album.faces(5, 3)
    with another(album) as other:
        meanwhile(other, face)
        home = other.clusters.face(face)
    if into == "a new one":
        assert album.apply(fresh=[[face, *rest]]).grouped == 2
    else:
        assert album.apply(joined={cluster: [face, *rest]}).joined == 2
    assert album.store.clusters.face(face) == home
    assert {album.home(one) for one in rest} == {cluster if into == "an old cluster" else album.home(rest[0])}


def test_of_a_new_cluster_with_only_one_face_left_nothing_is_made(album: Album) -> None:
    one, two = album.faces(5, 2)
    with another(album) as other:
        other.decisions.faces.not_a_face([one])
    assert album.apply(fresh=[[one, two]]) == GroupingResult(joined=0, fresh=0, grouped=0, absorbed=0)
    assert album.home(two) is None


def test_nothing_joins_a_cluster_that_was_absorbed_meanwhile(album: Album) -> None:
    small, large = album.clusters(2, 3)
    face, *_ = free = album.faces(100, 1)
    with another(album) as other:
        other.decisions.clusters.merge(small, large)
    assert album.apply(joined={small: free}, absorbed={large: small}) == GroupingResult(
        joined=0, fresh=0, grouped=0, absorbed=0
    )
    assert album.home(face) is None
    assert album.store.clusters.live(small) == large


def test_clusters_that_were_told_apart_meanwhile_stay_apart(album: Album) -> None:
    small, large = album.clusters(2, 3)
    with another(album) as other:
        other.decisions.clusters.tell_apart(large, small)
    assert album.apply(absorbed={small: large}).absorbed == 0


def test_a_face_that_was_taken_out_meanwhile_does_not_come_back(album: Album) -> None:
    (cluster,) = album.clusters(3)
    (face,) = album.faces(100, 1)
    with another(album) as other:
        other.decisions.faces.place(cluster, [face])
        other.decisions.faces.take_out(cluster, [face])
    assert album.apply(joined={cluster: [face]}).joined == 0
    assert album.home(face) is None


def test_a_face_that_was_taken_out_does_not_come_back_with_the_cluster_that_it_is_in_now(album: Album) -> None:
    (cluster,) = album.clusters(4)
    face = album.members(cluster)[0]
    album.store.decisions.faces.take_out(cluster, [face])
    small = album.cluster([face, *album.faces(100, 1)])
    assert album.apply(absorbed={small: cluster}).absorbed == 0


def test_a_face_does_not_come_to_somebody_in_its_own_photo_who_was_put_there_meanwhile(album: Album) -> None:
    (cluster,) = album.clusters(3)
    face, neighbour = album.photo(embedding(100, 50), embedding(200))
    for same_photo in (False, True):
        with another(album) as other:
            other.decisions.faces.place(cluster, [neighbour])
        assert album.apply(joined={cluster: [face]}, same_photo=same_photo).joined == int(same_photo)


def test_two_clusters_with_faces_in_one_photo_are_not_joined_even_if_they_were_to_be(album: Album) -> None:
    one, other = album.photo(embedding(1), embedding(2))
    small, large = album.cluster([one, *album.faces(1, 1)]), album.cluster([other, *album.faces(2, 2)])
    assert album.apply(absorbed={small: large}).absorbed == 0
    assert album.apply(absorbed={small: large}, same_photo=True).absorbed == 1


def test_no_two_faces_of_one_photo_come_together_when_real_grouping_finds_them_alike(album: Album) -> None:
    pairs = [album.photo(embedding(1, 2 * look), embedding(1, 2 * look + 1)) for look in range(4)]
    for _ in range(2):
        faces = album.store.rounds.to_group(MODEL, min_size=0, same_photo=False)
        album.store.rounds.apply(group(faces, ClusteringSettings()), MODEL, basis="")
    homes = [{album.home(face) for face in pair} for pair in pairs]
    assert len(album.store.clusters.all()) > 0
    assert all(len(home) == 2 for home in homes)


def test_nobody_has_decided_on_anything_at_first(album: Album) -> None:
    faces = album.faces(1, 2)
    for ids in ([], faces):
        verdicts = album.store.clusters.verdicts(ids)
        assert (verdicts.named, verdicts.refused) == ({}, {})


def test_the_faces_of_a_named_cluster_are_that_person_and_nobody_else_is(album: Album) -> None:
    free = album.faces(9, 1)
    (cluster,) = album.clusters(2)
    album.store.decisions.clusters.name(cluster, "Ann", references=[])
    verdicts = album.store.clusters.verdicts([*free, *album.members(cluster)])
    assert verdicts.named == {1: "Ann", 2: "Ann"}
    assert verdicts.refused == {}
    ids = [free[0], album.members(cluster)[1]]
    assert album.store.clusters.verdicts(ids).named == {1: "Ann"}


def test_a_refusal_holds_for_all_faces_of_a_cluster_and_for_those_that_come_later(album: Album) -> None:
    cluster, other = album.clusters(2, 2)
    add_person(album.store, "Ann")
    album.store.decisions.clusters.refuse(cluster, "Ann")
    (face,) = album.faces(100, 1)
    album.apply(joined={cluster: [face]})
    assert {album.refused(one) for one in album.members(cluster)} == {frozenset({"Ann"})}
    assert {album.refused(one) for one in album.members(other)} == {frozenset()}


@pytest.mark.parametrize("by", ["person", "program"])
def test_a_refusal_holds_after_clusters_became_one(album: Album, by: str) -> None:
    cluster, other = album.clusters(2, 3)
    add_person(album.store, "Ann")
    album.store.decisions.clusters.refuse(cluster, "Ann")
    if by == "person":
        album.store.decisions.clusters.merge(cluster, other)
    else:
        album.apply(absorbed={other: cluster})
    (row,) = album.store.clusters.all()
    assert row.faces == 5
    assert {album.refused(face) for face in album.members(row.id)} == {frozenset({"Ann"})}
    with pytest.raises(UsageError, match=f"Cluster {row.id} was refused for 'Ann' before"):
        album.store.decisions.clusters.name(row.id, "Ann", references=[])


def test_a_cluster_that_is_not_another_one_is_not_its_person_either(album: Album) -> None:
    cluster, ann, later = album.clusters(2, 2, 1 + 1)
    album.store.decisions.clusters.tell_apart(cluster, ann)
    album.store.decisions.clusters.tell_apart(later, cluster)
    album.store.decisions.clusters.name(ann, "Ann", references=[])
    album.store.decisions.clusters.name(later, "Bob", references=[])
    assert {album.refused(face) for face in album.members(cluster)} == {frozenset({"Ann", "Bob"})}
    assert {album.refused(face) for face in album.members(ann)} == {frozenset()}


def test_a_face_that_was_taken_out_is_not_the_person_whose_the_cluster_becomes(album: Album) -> None:
    (cluster,) = album.clusters(3)
    face = album.members(cluster)[0]
    album.store.decisions.faces.take_out(cluster, [face])
    album.store.decisions.clusters.name(cluster, "Ann", references=[])
    assert album.refused(face) == {"Ann"}


def suggested(album: Album) -> list[Suggestion]:
    return album.store.suggestions.all(threshold=0.7)


def test_a_cluster_most_of_which_lies_near_a_person_is_suggested_as_that_person(album: Album) -> None:
    cluster, _ = album.clusters(3, 3)
    add_person(album.store, "Ann")
    for face in album.members(cluster)[:2]:
        album.match(face, "Ann", distance=0.65, accepted=False)
    (found,) = suggested(album)
    assert (found.cluster, found.faces, found.person, found.other) == (cluster, 3, "Ann", None)
    assert found.distance == pytest.approx(0.65)
    assert album.store.suggestions.all(threshold=0.6) == []


def test_what_is_about_nothing_but_junk_is_suggested_last(album: Album) -> None:
    junk, good = album.clusters(3, 3)
    add_person(album.store, "Ann")
    for cluster, distance in ((junk, 0.5), (good, 0.6)):
        for face in album.members(cluster):
            album.match(face, "Ann", distance=distance, accepted=False)
    album.rate(dict.fromkeys(album.members(junk), 0.1))
    assert [one.cluster for one in suggested(album)] == [good, junk]


def test_junk_is_shown_last_in_a_cluster(album: Album) -> None:
    (cluster,) = album.clusters(3)
    faces = album.members(cluster)
    album.rate({faces[0]: 0.1, faces[1]: 0.5})
    assert [face.id for face in album.store.clusters.faces(cluster)] == [faces[1], faces[2], faces[0]]


def test_a_person_who_is_elsewhere_in_the_photo_is_not_suggested(album: Album) -> None:
    face, ann = album.photo(embedding(1), embedding(2))
    cluster = album.cluster([face, *album.faces(1, 1)])
    add_person(album.store, "Ann")
    for one in album.members(cluster):
        album.match(one, "Ann", distance=0.65, accepted=False)
    assert [one.person for one in suggested(album)] == ["Ann"]
    album.match(ann, "Ann")
    assert suggested(album) == []


@pytest.mark.parametrize("what", ["refuse", "tell apart", "tell apart the other way", "name", "ignore"])
def test_what_was_decided_is_not_suggested_again(album: Album, what: str) -> None:
    cluster, ann = album.clusters(3, 2)
    album.store.decisions.clusters.name(ann, "Ann", references=[])
    for face in album.members(cluster):
        album.match(face, "Ann", distance=0.65, accepted=False)
    album.apply(alike=[(album.members(cluster)[0], album.members(ann)[0], 0.5)])
    assert [(one.person, one.other) for one in suggested(album)] == [(None, ann), ("Ann", None)]
    decisions = album.store.decisions
    ways: dict[str, Callable[[], object]] = {
        "refuse": lambda: decisions.clusters.refuse(cluster, "Ann"),
        "tell apart": lambda: decisions.clusters.tell_apart(cluster, ann),
        "tell apart the other way": lambda: decisions.clusters.tell_apart(ann, cluster),
        "name": lambda: decisions.clusters.name(cluster, "Ann", references=[]),
        "ignore": lambda: decisions.clusters.ignore(cluster),
    }
    ways[what]()
    assert suggested(album) == []


def test_two_clusters_are_suggested_once_by_what_is_nearest_and_the_best_come_first(album: Album) -> None:
    one, two, three = album.clusters(2, 3, 4)
    first, second, third = (album.members(cluster) for cluster in (one, two, three))
    free = album.faces(9, 1)
    album.apply(
        alike=[
            (first[0], third[0], 0.53),
            (second[0], first[0], 0.51),
            (first[1], second[1], 0.52),
            (first[0], free[0], 0.5),
            (third[0], third[1], 0.4),
        ]
    )
    assert [(found.cluster, found.other, found.faces, found.distance) for found in suggested(album)] == [
        (two, one, 3, 0.51),
        (one, three, 2, 0.53),
    ]
    album.apply()
    assert suggested(album) == []


def test_two_named_clusters_are_not_suggested_as_one(album: Album) -> None:
    one, two = album.clusters(2, 2)
    album.apply(alike=[(album.members(one)[0], album.members(two)[0], 0.5)])
    album.store.decisions.clusters.name(one, "Ann", references=[])
    assert len(suggested(album)) == 1
    album.store.decisions.clusters.name(two, "Bob", references=[])
    assert suggested(album) == []


def test_clusters_are_counted_by_kind(album: Album) -> None:
    named, ignored, *_ = album.clusters(2, 2, 2, 2)
    album.store.decisions.clusters.name(named, "Ann", references=[])
    album.store.decisions.clusters.ignore(ignored)
    assert album.store.clusters.counts() == {"unnamed": 2, "named": 1, "ignored": 1}
