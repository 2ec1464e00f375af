from pathlib import Path

import numpy as np
import pytest

from familiar.embedding_models import calibration_of
from familiar.errors import UsageError
from familiar.identity.gallery import Gallery
from familiar.identity.matching import match
from familiar.model import Embeddings
from familiar.settings import MatchingSettings
from familiar.store.references import FaceToRegister, Registered
from support.album import MODEL, Album, embedding

FILE = Path("/data/ann.npy")


def looks(person: int, *numbers: int) -> Embeddings:
    return np.stack([embedding(person, number) for number in numbers])


def take_in(album: Album, name: str, embeddings: Embeddings, model: str = MODEL) -> tuple[str, int]:
    return album.store.references.take_in(name, embeddings, origins=[FILE] * len(embeddings), engine=model)


def counts(album: Album) -> dict[str, int]:
    return {person.name: person.references for person in album.store.people.all()}


def wanted(person: str, face: int) -> FaceToRegister:
    return FaceToRegister(person=person, face_id=face, origin=Path("/photos/a.jpg"))


def test_many_faces_are_registered_at_once_and_it_is_told_whose_each_was(album: Album) -> None:
    one, two, three = album.faces(1, 3)
    album.register(three, "Bob")
    found = album.store.references.register([wanted("Ann", one), wanted("Ann", two), wanted("Ann", three)])
    assert found == [*[Registered(added=True, owner="Ann")] * 2, Registered(added=False, owner="Bob")]
    assert counts(album) == {"Ann": 2, "Bob": 1}


def test_people_have_changed_only_when_a_face_was_registered(album: Album) -> None:
    (face,) = album.faces(1, 1)
    versions = [album.store.people.version]
    for name in ("Ann", "ann"):
        album.store.references.register([wanted(name, face)])
        versions.append(album.store.people.version)
    assert versions[0] < versions[1] == versions[2]


def test_a_face_that_is_gone_makes_nobody_known(album: Album) -> None:
    assert album.store.references.register([wanted("Ann", 99)]) == [Registered(added=False, owner=None)]
    assert counts(album) == {}


def test_embeddings_without_faces_are_taken_in_once(album: Album) -> None:
    assert take_in(album, "Ann", looks(1, 1, 2, 1)) == ("Ann", 2)
    version = album.store.people.version
    assert take_in(album, "ANN", looks(1, 2, 1)) == ("Ann", 0)
    assert album.store.people.version == version
    assert take_in(album, "ann", looks(1, 2, 3)) == ("Ann", 1)
    found, origins = album.store.references.of(album.store.people.find("Ann").id, MODEL)
    assert (found == looks(1, 1, 2, 3)).all()
    assert origins == [FILE] * 3


def test_what_a_person_was_registered_by_with_a_photo_is_not_taken_in_again(album: Album) -> None:
    (face,) = album.photo(embedding(1, 5))
    album.register(face, "Ann")
    assert take_in(album, "Ann", looks(1, 5, 6)) == ("Ann", 1)


def test_references_of_somebody_else_are_refused_and_nothing_is_taken_in(album: Album) -> None:
    take_in(album, "Ann", looks(1, 1, 2))
    with pytest.raises(UsageError, match="'Ann' has some of these references already, so they can't be those of 'Bob'"):
        take_in(album, "Bob", looks(1, 3, 2))
    assert counts(album) == {"Ann": 2}


def test_a_person_with_imported_references_alone_is_matched(album: Album) -> None:
    take_in(album, "Ann", looks(1, 1, 2, 3))
    gallery = Gallery.of(album.store.people.known(MODEL), calibration_of(MODEL))
    (found,) = match(looks(1, 9), gallery, MatchingSettings())
    assert found is not None
    assert (found.person, found.accepted) == ("Ann", True)


def test_imported_references_go_with_their_person(album: Album) -> None:
    take_in(album, "Ann", looks(1, 1, 2))
    take_in(album, "Bob", looks(2, 1))
    album.register(album.photo(embedding(2, 7))[0], "Bob")
    album.store.decisions.people.rename("Bob", "Robert")
    album.store.decisions.people.merge("Ann", "Robert")
    assert counts(album) == {"Robert": 4}
    shown = album.store.people.references(album.store.people.find("Robert").id)
    assert [reference.face_id is None for reference in shown] == [True, True, True, False]
    album.store.decisions.people.remove("Robert")
    assert album.rows()["face_references"] == []


def test_imported_references_are_never_encoded_again_and_are_told_of(album: Album) -> None:
    take_in(album, "Ann", looks(1, 1, 2))
    (face,) = album.photo(embedding(1, 5))
    album.register(face, "Ann")
    (outdated,) = album.store.people.outdated("new")
    assert album.store.people.origins_of(outdated) == [Path("/photos/a.jpg")]
    album.store.embeddings.renew([face], looks(1, 6), "new")
    assert album.store.people.left_behind("new") == [("Ann", 2)]
    assert album.store.references.engines_of(album.store.people.find("Ann").id) == {"new": 1, MODEL: 3}
    assert take_in(album, "Ann", looks(1, 1), model="new") == ("Ann", 1)


def test_clusters_heed_people_of_imported_references(album: Album) -> None:
    take_in(album, "Ann", looks(1, 1, 2))
    cluster = album.cluster(album.faces(3, 2))
    event = album.store.decisions.clusters.name(cluster, "Ann", references=album.members(cluster))
    assert counts(album) == {"Ann": 4}
    album.store.decisions.undo(event)
    assert counts(album) == {"Ann": 2}
    album.store.decisions.clusters.refuse(cluster, "Ann")
    assert album.refused(album.members(cluster)[0]) == {"Ann"}
    assert counts(album) == {"Ann": 2}
