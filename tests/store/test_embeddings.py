"""Embeddings of several models for one face."""

import numpy as np
import pytest

from familiar.model import Embeddings
from familiar.store.models import ModelCounts
from support.album import MODEL, Album, embedding


def looks(*numbers: int, size: int = 128) -> Embeddings:
    return np.stack([embedding(7, number)[:size] for number in numbers])


def stacked(album: Album, model: str) -> dict[int, float]:
    """The faces that a model has encoded, each with the first of its numbers."""
    return {
        int(face): float(numbers[0])
        for part in album.store.faces.all(model)
        for face, numbers in zip(part.ids, part.embeddings, strict=True)
    }


def test_the_embedding_that_a_face_had_is_kept_when_it_gets_one_of_another_model(album: Album) -> None:
    faces = album.faces(1, 3)
    album.register(faces[0], "Ann")
    before, version = stacked(album, MODEL), album.store.people.version
    album.store.embeddings.renew(faces[:2], looks(1, 2), "new")
    assert stacked(album, MODEL) == before
    assert stacked(album, "new") == dict(zip(faces[:2], looks(1, 2)[:, 0].tolist(), strict=True))
    assert album.store.people.version > version
    assert album.store.models.counts() == {
        "new": ModelCounts(faces=2, references=1),
        MODEL: ModelCounts(faces=1, kept_faces=2),
    }


def test_what_was_kept_is_restored_as_it_was_and_the_other_one_is_kept(album: Album) -> None:
    faces = album.faces(1, 2)
    before = stacked(album, MODEL)
    album.store.embeddings.renew(faces, looks(1, 2), "new")
    assert album.store.embeddings.kept(MODEL, limit=9) == faces[::-1]
    album.store.embeddings.restore(faces, MODEL)
    assert stacked(album, MODEL) == before
    assert album.store.embeddings.kept("new", limit=9) == faces[::-1]
    assert album.store.photos.count_outdated(MODEL) == 0


def test_a_face_has_the_quality_that_it_was_given_with_its_last_embedding(album: Album) -> None:
    faces = album.faces(1, 2)
    album.store.embeddings.renew(faces, looks(1, 2), "new", [0.25, 0.5])
    album.store.embeddings.renew(faces[:1], looks(3), "newer")
    album.store.embeddings.restore(faces[1:], MODEL)
    assert [album.store.photos.load(photo).faces[0].quality for photo in (1, 2)] == [0.25, 0.5]


def test_to_encode_twice_is_to_encode_once(album: Album) -> None:
    (face,) = album.faces(1, 1)
    for look in (1, 2):
        album.store.embeddings.renew([face], looks(look), "new")
    assert album.store.models.counts() == {"new": ModelCounts(faces=1), MODEL: ModelCounts(kept_faces=1)}
    assert stacked(album, "new") == {face: pytest.approx(float(looks(2)[0, 0]))}


def test_a_model_that_is_not_in_use_encodes_what_it_has_not_encoded(album: Album) -> None:
    one, two = album.faces(1, 2)
    assert album.store.embeddings.missing("other") == [2, 1]
    album.store.embeddings.keep([one], looks(1), "other")
    album.store.embeddings.keep([two], looks(2), MODEL)  # the one in use stays
    assert album.store.embeddings.missing("other") == [2]
    assert album.store.embeddings.missing("other", [1]) == []
    assert album.store.embeddings.count_missing("other") == 1
    assert album.store.embeddings.to_encode(1, "other") is None
    wanted = album.store.embeddings.to_encode(2, "other")
    assert wanted is not None
    assert (wanted.photo, wanted.hash, wanted.ids) == (2, f"{2:064}", [two])
    assert stacked(album, "other").keys() == {one}
    assert stacked(album, MODEL)[two] != pytest.approx(float(looks(2)[0, 0]))


def test_embeddings_of_a_face_that_is_gone_go_with_it(album: Album) -> None:
    (face,) = album.faces(1, 1)
    album.store.embeddings.keep([face], looks(1), "other")
    album.store._db.conn.execute("DELETE FROM faces WHERE id = ?", (face,))
    album.store.embeddings.keep([face], looks(1), "other")
    assert album.store._db.conn.execute("SELECT * FROM face_embeddings").fetchall() == []


def test_embeddings_may_have_any_dimension_and_are_never_mixed(album: Album) -> None:
    faces = album.faces(1, 2)
    album.store.embeddings.renew(faces[:1], looks(1, size=64), "small")
    (part,) = album.store.faces.all("small")
    assert part.embeddings.shape == (1, 64)
    (part,) = album.store.faces.all(MODEL)
    assert part.embeddings.shape == (2, 128)


def test_faces_of_a_quality_are_given_for_each_model_and_those_whose_quality_is_unknown(album: Album) -> None:
    low, high, unknown = album.faces(1, 3)
    for quality, face in ((0.2, low), (0.5, high), (None, unknown)):
        album.store._db.conn.execute("UPDATE faces SET quality = ? WHERE id = ?", (quality, face))
    album.store.embeddings.keep([low, high, unknown], looks(1, 2, 3), "other")
    faces = album.store.faces
    for model in (MODEL, "other"):
        for parts in (faces.all(model, min_quality=0.5), faces.of_photos(model, [1, 2, 3], min_quality=0.5)):
            assert [face for part in parts for face in part.ids] == [high, unknown]
        assert [len(part) for part in faces.all(model)] == [3]


def test_a_person_is_known_to_each_model_that_has_encoded_a_reference(album: Album) -> None:
    (face,) = album.faces(1, 1)
    album.register(face, "Ann")
    album.store.references.take_in("Bob", looks(3), origins=[None], engine="other")
    album.store.embeddings.renew([face], looks(1), "new")
    names = {model: [one.name for one in album.store.people.known(model)] for model in (MODEL, "new", "other")}
    assert names == {MODEL: ["Ann"], "new": ["Ann"], "other": ["Bob"]}
    assert album.store.people.unmatched("new") == {"Bob": ("other",)}
    assert album.store.people.unmatched("other") == {"Ann": ("new", MODEL)}
    assert album.store.references.without_face("new") == 1
    assert album.store.references.photos(album.store.people.find("Ann").id) == [1]


def test_the_model_in_use_and_the_daemon_that_carries_it_are_remembered(album: Album) -> None:
    models = album.store.models
    before = models.in_use
    models.use("new")
    models.carry("new", 17)
    assert (before, models.in_use) == (None, "new")
    assert [models.is_carried("new", 17), models.is_carried("new", 18), models.is_carried("old", 17)] == [
        True,
        False,
        False,
    ]
