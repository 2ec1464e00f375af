"""Lists of albums in all forms."""

from typing import Any

import pytest

from familiar.flickr.api.albums import read_album_photos, read_albums
from familiar.flickr.api.errors import PassingError

PLAIN = {"id": "721", "title": {"_content": "Sea"}, "date_update": "1500000000", "photos": 2, "videos": "1"}


def albums_with(*entries: Any, **whole: Any) -> dict[str, Any]:
    return {"photosets": {"page": 1, "pages": 1, "photoset": list(entries)} | whole}


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        (["1", "2"], {"1", "2"}),
        ([1, 2], {"1", "2"}),
        ([], set()),
        ("1,2", {"1", "2"}),
        ([{"id": "1"}, {"_content": 2}], {"1", "2"}),
        ({"photo": [{"id": "1"}]}, {"1"}),
        ([None, "../1", {"odd": 1}], set()),
        (None, None),
        (5, None),
    ],
)
def test_the_photos_that_were_asked_about_come_in_many_forms(told: Any, asked: set[str] | None) -> None:
    (album,) = read_albums(albums_with(PLAIN | {"has_requested_photos": told})).albums
    assert album.asked == asked


def test_an_album_is_read_from_texts_and_numbers_and_an_odd_one_is_left_out() -> None:
    page = read_albums(
        albums_with(
            PLAIN,
            {"id": 722, "title": "Sky", "count_photos": "4"},
            PLAIN | {"id": "723", "photos": "9" * 30},
            PLAIN | {"id": "../724"},
            PLAIN | {"id": "725", "photos": -1, "videos": 0},
            {"title": "no id"},
            None,
            pages="3",
        )
    )
    assert [(album.id, album.title, album.updated, album.photos) for album in page.albums] == [
        ("721", "Sea", 1_500_000_000, 3), ("722", "Sky", 0, 4),
    ]  # fmt: skip
    assert (page.pages, page.odd) == (3, 5)


def test_an_account_without_albums_has_none() -> None:
    assert read_albums({"photosets": {"cancreate": 1, "total": 0}}).albums == ()


@pytest.mark.parametrize("photosets", [None, 5, {"photoset": 5}, {"pages": "x"}])
def test_an_answer_without_albums_is_asked_for_again(photosets: Any) -> None:
    with pytest.raises(PassingError, match="no albums"):
        read_albums({"photosets": photosets})


def test_the_photos_of_an_album_are_read_by_their_ids() -> None:
    answer = {"photoset": {"pages": "2", "photo": [{"id": "1"}, {"id": 2}, {"id": "../3"}]}}
    found = read_album_photos(answer)
    assert (found.pages, found.total, found.ids) == (2, None, ("1", "2"))
    assert read_album_photos({"photoset": {"total": "7", "photo": []}}).total == 7
    with pytest.raises(PassingError, match="no photos of an album"):
        read_album_photos({"photoset": {"photo": [{}]}})
