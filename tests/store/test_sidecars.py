"""What sidecars say of faces, against what persons decided here."""

import pytest

from familiar.errors import UsageError
from familiar.identity.people import MOST_REFERENCES
from familiar.model import Area, Match, Region, SidecarContent
from support.album import Album, embedding
from support.people import add_person


def names_of(album: Album, *faces: int) -> list[str | None]:
    verdicts = album.store.clusters.verdicts(sorted(faces))
    return [verdicts.named.get(number) for number, _ in enumerate(sorted(faces))]


def test_faces_are_confirmed_registered_and_given_back(album: Album) -> None:
    ann, bob = album.photo(embedding(1), embedding(2))
    before = album.rows()
    event = album.store.decisions.confirmations.confirm({ann: "Ann", bob: "Bob"}, source="a.xmp")
    assert names_of(album, ann, bob) == ["Ann", "Bob"]
    assert [person.references for person in album.store.people.all()] == [1, 1]
    (entry,) = album.store.decisions.log.events()
    assert (entry.id, entry.summary) == (event, "2 faces confirmed as Ann, Bob by a.xmp")
    album.store.decisions.undo()
    assert album.rows() == before


def test_a_face_comes_into_the_cluster_of_its_person_unless_another_of_its_photo_is_there(album: Album) -> None:
    one, twin = album.photo(embedding(1), embedding(1, 1))
    (other,) = album.photo(embedding(1, 2))
    for face in (one, other, twin):
        album.store.decisions.confirmations.confirm({face: "Ann"}, source="a.xmp")
    clusters = album.store.clusters.all()
    assert sorted((row.faces, row.name) for row in clusters) == [(1, "Ann"), (2, "Ann")]


def test_what_is_confirmed_already_is_no_event(album: Album) -> None:
    (face,) = album.photo(embedding(1))
    assert album.store.decisions.confirmations.confirm({face: "Ann"}, source="a.xmp") is not None
    assert album.store.decisions.confirmations.confirm({face: "ann"}, source="b.xmp") is None
    assert album.store.decisions.confirmations.objection(face, "ANN") is None


def test_a_person_with_enough_references_gets_no_more_and_a_small_face_is_none(album: Album) -> None:
    for look in range(MOST_REFERENCES + 2):
        (face,) = album.photo(embedding(1, look))
        album.store.decisions.confirmations.confirm({face: "Ann"}, source="a.xmp")
    (small,) = album.photo(embedding(2), size=30)
    album.store.decisions.confirmations.confirm({small: "Bob"}, source="a.xmp")
    assert [person.references for person in album.store.people.all()] == [MOST_REFERENCES, 0]


def test_a_face_of_poor_quality_is_confirmed_and_is_no_reference(album: Album) -> None:
    (poor,), (good,) = album.photo(embedding(1)), album.photo(embedding(1, 1))
    album.rate({poor: 0.1, good: 0.9})
    for face in (poor, good):
        album.store.decisions.confirmations.confirm({face: "Ann"}, source="a.xmp")
    assert album.home(poor) == album.home(good)
    assert (album.owner(poor), album.owner(good)) == (None, "Ann")


def test_what_a_person_decided_here_goes_before_a_sidecar(album: Album) -> None:
    decisions = album.store.decisions
    named, apart, ignored = (album.photo(embedding(person))[0] for person in (1, 2, 3))
    decisions.confirmations.confirm({named: "Ann"}, source="a.xmp")
    assert decisions.confirmations.objection(named, "Bob") == "it is known to be 'Ann'"
    _, cluster = decisions.faces.gather([apart])
    decisions.clusters.refuse(cluster, "Ann")
    assert decisions.confirmations.objection(apart, "Ann") == "that was refused before"
    assert decisions.confirmations.objection(apart, "Bob") is None
    _, cluster = decisions.faces.gather([ignored])
    decisions.clusters.ignore(cluster)
    assert decisions.confirmations.objection(ignored, "Bob") == "its cluster is ignored"


def test_a_face_that_was_taken_out_of_a_persons_cluster_does_not_come_back(album: Album) -> None:
    first, second = (album.photo(embedding(1, look))[0] for look in (1, 2))
    for face in (first, second):
        album.store.decisions.confirmations.confirm({face: "Ann"}, source="a.xmp")
    (cluster,) = album.store.clusters.all()
    album.store.decisions.faces.take_out(cluster.id, [second])
    assert album.store.decisions.confirmations.objection(second, "Ann") == "that was refused before"


def test_a_name_that_can_not_be_used_confirms_nothing(album: Album) -> None:
    (face,) = album.photo(embedding(1))
    before = album.rows()
    with pytest.raises(UsageError, match="is reserved"):
        album.store.decisions.confirmations.confirm({face: "unknown"}, source="a.xmp")
    assert album.rows() == before


def test_a_sidecar_should_say_who_is_recognised_and_where(album: Album) -> None:
    add_person(album.store, "Ann")
    faces = album.photo(embedding(1), embedding(2))
    video = album.photo(embedding(1), kind="video")
    album.photo(embedding(3))
    match = Match(person="Ann", distance=0.1)
    album.store.photos.save_matches([faces[0], *video], [match, match])
    album.store.photos.save_matches(faces[1:], [Match(person="Ann", distance=0.9, accepted=False)])
    assert album.store.sidecars.to_look_at(after=0, limit=9, captions=False) == [1, 2]
    photo, clip, nobody = album.store.sidecars.sidecar_contents([1, 2, 3], captions=False)
    place = Area(x=4 / 99, y=5 / 99, width=8 / 99, height=8 / 99)
    region = Region(name="Ann", area=place)
    assert photo.sidecar_content == SidecarContent(names=("Ann",), regions=(region,), width=99, height=99)
    assert clip.sidecar_content == SidecarContent(names=("Ann",))
    assert nobody.sidecar_content == SidecarContent()
