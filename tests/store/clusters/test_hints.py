"""Names on Flickr as hints at who the faces without a name are."""

from collections.abc import Sequence

import pytest

from familiar.model import Tag
from familiar.store.clusters.suggestions import Suggestion
from support.album import ANN, BOB, EVE, Album, embedding


@pytest.fixture
def people(album: Album) -> Album:
    """An album with Ann Lee and Bob as registered people, of whom it has no photo."""
    for name in ("Ann Lee", "Bob"):
        album.import_references(name, 1)
    return album


def on_flickr(album: Album, faces: Sequence[int], tags: str) -> str:
    """Let the photo of some faces be on Flickr with tags in their cleaned form; return its id there."""
    id_ = f"f{faces[0]}"
    album.store._db.conn.execute(
        "INSERT INTO flickr_photos (id, secret, media, state, updated, uploaded, walk, photo_id, tags) "
        "VALUES (?, 's', 'photo', 'done', 0, 0, 1, (SELECT photo_id FROM faces WHERE id = ?), ?)",
        (id_, faces[0], tags),
    )
    return id_


def asked(album: Album) -> list[Suggestion]:
    return album.store.suggestions.all(threshold=0.7)


def names(album: Album) -> list[tuple[int | None, str | None]]:
    """Return the faces that are in no cluster, with whom they may be."""
    return [(one.face, one.person) for one in asked(album)]


@pytest.mark.parametrize("tags", ["annlee", "holiday people:name=annlee", "annlee people:name=annlee"])
def test_one_face_and_one_name_are_a_clear_question(people: Album, tags: str) -> None:
    (face,) = people.photo(embedding(ANN))
    on_flickr(people, [face], tags)
    assert asked(people) == [
        Suggestion(
            cluster=None, face=face, faces=1, person="Ann Lee", other=None, distance=None, named=1, is_clear=True
        )
    ]


def test_a_face_in_a_cluster_asks_about_the_cluster(people: Album) -> None:
    (cluster,) = people.clusters(3)
    for face in people.members(cluster)[:2]:
        on_flickr(people, [face], "annlee")
    assert asked(people) == [
        Suggestion(cluster=cluster, faces=3, person="Ann Lee", other=None, distance=None, named=2, is_clear=True)
    ]


@pytest.mark.parametrize("tags", ["", "holiday", "ann", "annlee2", "people:friend=annlee", "lee ann"])
def test_other_tags_ask_nothing(people: Album, tags: str) -> None:
    on_flickr(people, people.photo(embedding(ANN)), tags)
    assert asked(people) == []


def test_tags_of_familiar_are_no_hints(people: Album) -> None:
    id_ = on_flickr(people, people.photo(embedding(ANN)), "annlee")
    people.store.flickr_tags.adopt(id_, Tag(text="Ann Lee", rule="names"))
    assert asked(people) == []


def test_two_faces_and_one_name_ask_about_each_and_three_about_none(people: Album) -> None:
    faces = people.photo(embedding(ANN), embedding(EVE))
    on_flickr(people, faces, "annlee")
    on_flickr(people, people.photo(*(embedding(person) for person in (50, 51, 52))), "bob")
    assert names(people) == [(face, "Ann Lee") for face in faces]
    assert not any(one.is_clear for one in asked(people))


def test_photos_of_a_cluster_make_a_name_likely_together(people: Album) -> None:
    faces = [people.photo(*(embedding(person, look) for person in (50, 51 + look, 61 + look))) for look in range(2)]
    cluster = people.cluster([of_photo[0] for of_photo in faces])
    on_flickr(people, faces[0], "bob")
    assert asked(people) == []
    on_flickr(people, faces[1], "bob")
    assert [(one.cluster, one.person, one.named, one.is_clear) for one in asked(people)] == [(cluster, "Bob", 2, False)]


def test_who_is_known_in_a_photo_takes_their_name_and_their_face_away(people: Album) -> None:
    ann, other = people.photo(embedding(ANN), embedding(BOB))
    people.match(ann, "Ann Lee")
    on_flickr(people, [ann, other], "annlee bob")
    (found,) = asked(people)
    assert (found.face, found.person, found.is_clear) == (other, "Bob", True)


def test_poor_and_ignored_faces_do_not_count_and_raise_no_question(people: Album) -> None:
    (ignored,) = people.clusters(2)
    faces = people.photo(embedding(ANN), embedding(BOB), embedding(100, 9))
    people.apply(joined={ignored: faces[2:]})
    people.store.decisions.clusters.ignore(ignored)
    people.rate({faces[1]: 0.1})
    on_flickr(people, faces, "annlee")
    (found,) = asked(people)
    assert (found.face, found.is_clear) == (faces[0], True)


def test_what_was_refused_is_not_asked_again_and_a_named_cluster_not_at_all(people: Album) -> None:
    (face,) = people.photo(embedding(ANN))
    cluster, named = people.clusters(2, 2)
    for each in (face, people.members(cluster)[0], people.members(named)[0]):
        on_flickr(people, [each], "annlee")
    assert len(asked(people)) == 3
    people.store.decisions.faces.refuse([face], "Ann Lee")
    people.store.decisions.clusters.refuse(cluster, "Ann Lee")
    people.store.decisions.clusters.name(named, "Bob", references=[])
    assert asked(people) == []


def test_clear_names_come_first_and_distances_stand_beside_them(people: Album) -> None:
    near, clear = people.clusters(3, 2)
    for face in people.members(near):
        people.match(face, "Bob", distance=0.5, accepted=False)
    for face in people.members(clear):
        people.match(face, "Ann Lee", distance=0.69, accepted=False)
    on_flickr(people, people.members(clear)[:1], "annlee")
    assert [(one.cluster, one.person, one.named) for one in asked(people)] == [(clear, "Ann Lee", 1), (near, "Bob", 0)]
    assert [one.distance for one in asked(people)] == [pytest.approx(0.69), pytest.approx(0.5)]


def test_a_tag_that_is_the_name_of_two_people_names_nobody(people: Album) -> None:
    people.import_references("ANNLEE", 1)
    on_flickr(people, people.photo(embedding(ANN)), "annlee")
    assert asked(people) == []


def test_a_photo_that_is_gone_from_flickr_hints_at_nobody(people: Album) -> None:
    on_flickr(people, people.photo(embedding(ANN)), "annlee")
    people.store.flickr_listing.forget_unmet(2)
    assert asked(people) == []
