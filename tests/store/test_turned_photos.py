"""Photos that are looked at again, turned otherwise."""

from dataclasses import replace

import numpy as np

from familiar.model import Box, Face
from support.album import ANN, BOB, MODEL, Album, embedding


def moved(face: Face, by: int, person: int) -> Face:
    box = face.box
    return replace(
        face,
        id=None,
        box=Box(left=box.left + by, top=box.top, right=box.right + by, bottom=box.bottom),
        embedding=embedding(person),
        quality=0.5,
    )


def test_known_faces_keep_their_numbers_new_ones_are_added_and_none_is_removed(album: Album) -> None:
    first, second = album.photo(embedding(ANN, 1), embedding(BOB, 1))
    album.store.decisions.faces.not_a_face([second])
    album.register(first, "Ann")
    photo = album.store.photos.load(1)
    (face,) = photo.faces
    version = album.store.people.version
    fresh = replace(photo, turn=6, engine=MODEL, faces=(moved(face, 2, ANN), moved(face, 60, BOB)))
    album.store.turned_photos.record(1, fresh)
    found = album.store.photos.load(1)
    assert (found.turn, [one.box.left for one in found.faces]) == (6, [2, 60])
    assert found.faces[0].id == first
    assert [one.id for one in album.store.photos.faces_of(1)][:2] == [first, second]
    assert np.array_equal(found.faces[0].embedding, embedding(ANN))
    references, _ = album.store.references.of(1, MODEL)
    assert np.array_equal(references[0], embedding(ANN))
    assert album.store.people.version > version


def test_a_photo_in_which_nobody_is_found_any_more_keeps_its_faces(album: Album) -> None:
    (face,) = album.photo(embedding(ANN))
    album.store.turned_photos.record(1, replace(album.store.photos.load(1), turn=3, faces=()))
    assert [one.id for one in album.store.photos.load(1).faces] == [face]
    assert album.store.photos.turn_of(1) == 3
