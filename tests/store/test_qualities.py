"""Rating faces that have no quality yet."""

import json

from familiar.identity.quality import quality
from support.album import MODEL, Album, embedding


def qualities(album: Album) -> dict[int, float | None]:
    return dict(album.store._db.conn.execute("SELECT id, quality FROM faces"))


def test_faces_without_a_quality_get_that_which_they_would_have_without_their_photo(album: Album) -> None:
    first, second, rated = album.faces(1, 3)
    marks = [(60, 21), (46, 22), (12, 21), (26, 22), (35, 50)]
    album.store._db.conn.execute("UPDATE faces SET landmarks = ?, score = 0.8 WHERE id = ?", (json.dumps(marks), first))
    album.rate({rated: 0.5})
    assert album.store.qualities.rate() == 2
    found = qualities(album)
    faces = {photo: album.store.photos.load(photo).faces[0] for photo in (1, 2)}
    assert found == {
        **{faces[photo].id: quality(faces[photo], width=99, height=99, length=None) for photo in (1, 2)},
        rated: 0.5,
    }
    assert found[first] != found[second]
    assert album.store.qualities.rate() == 0
    assert qualities(album) == found


def test_many_faces_are_rated_in_short_transactions(album: Album) -> None:
    for _ in range(3):
        album.photo(*[embedding(1)] * 1000)
    assert [album.store.qualities.rate() for _ in range(3)] == [2000, 1000, 0]
    assert None not in qualities(album).values()


def test_to_rate_all_is_to_leave_none(album: Album) -> None:
    album.faces(1, 3)
    album.photo(embedding(2), model=f"not {MODEL}")
    album.store.qualities.rate_all()
    assert None not in qualities(album).values()
