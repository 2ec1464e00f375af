"""Answers that lack a field: what they do not tell is no reason to do without the rest."""

from pathlib import Path
from typing import Any

import pytest

from familiar.flickr.api.albums import read_albums
from familiar.flickr.api.answers import find_tag, read_tags
from familiar.flickr.api.errors import PassingError
from familiar.flickr.api.listing import best_size, is_processed, read_secret, read_sizes
from support.flickr_server import listing
from support.flickr_server.account import Photo
from support.flickr_server.server import FlickrServer

FIELDS_OF_INFO = (
    "id", "secret", "server", "farm", "dateuploaded", "isfavorite", "license", "safety_level", "rotation", "owner",
    "originalsecret", "originalformat", "title", "description", "visibility", "dates", "permissions", "views",
    "editability", "comments", "notes", "people", "tags", "urls", "media", "video",
)  # fmt: skip


@pytest.fixture
def video(flickr: FlickrServer, obama: Path) -> Photo:
    return flickr.account.add_photo(obama, video=obama, tags=["Jane Doe"], is_processed=False)


@pytest.mark.parametrize("field", FIELDS_OF_INFO)
def test_the_information_on_a_photo_may_lack_any_field_that_is_not_asked_for(
    flickr: FlickrServer, video: Photo, field: str
) -> None:
    photo = listing.info(video, user=flickr.account.user)
    assert set(photo) == set(FIELDS_OF_INFO)
    answer = {"photo": {name: value for name, value in photo.items() if name != field}}
    assert is_processed(answer) == (field == "video")
    for read, needed in ((read_tags, "tags"), (read_secret, "secret")):
        if field == needed:
            with pytest.raises(PassingError, match="invalid answer: no "):
                read(answer)
        else:
            assert read(answer)


@pytest.mark.parametrize("field", ["id", "author", "authorname", "raw", "_content", "machine_tag"])
def test_a_tag_that_lacks_a_field_is_found(flickr: FlickrServer, video: Photo, field: str) -> None:
    answer = {"photo": listing.info(video, user=flickr.account.user)}
    (told,) = answer["photo"]["tags"]["tag"]
    assert told.pop(field, None) is not None
    assert find_tag(read_tags(answer), "jane-doe") is not None


@pytest.mark.parametrize(
    ("state", "processed"),
    [
        ({"ready": 1}, True),
        ({"failed": "1"}, True),
        ({"ready": "1", "failed": 0, "pending": 0}, True),
        ({"failed": 0, "pending": 0}, True),
        ({}, True),
        ({"pending": 1}, False),
        ({"ready": 0}, False),
        ({"ready": 0, "failed": 0}, False),
        ({"failed": 0, "pending": "1"}, False),
    ],
)
def test_a_video_is_waited_for_only_if_flickr_says_that_it_is_not_ready(state: dict[str, Any], processed: bool) -> None:
    assert is_processed({"photo": {"video": state}}) == processed


@pytest.mark.parametrize("field", ["label", "width", "height", "url", "media"])
def test_a_film_is_found_among_sizes_that_lack_a_field(flickr: FlickrServer, video: Photo, field: str) -> None:
    video.is_processed = True
    sizes = listing.sizes(video, flickr.url, unknown=False)
    found = read_sizes({"sizes": {"size": [_without(size, field) for size in sizes]}}, "video")
    chosen = best_size(found, 2048)
    assert chosen is not None
    assert "/play/" in chosen.url


@pytest.mark.parametrize(
    "field", ["title", "description", "date_create", "date_update", "photos", "videos", "count_photos", "primary"]
)
def test_an_album_that_lacks_a_field_is_an_album(flickr: FlickrServer, video: Photo, field: str) -> None:
    found = flickr.account.add_album("Sea", [video.id])
    told = listing.album(found, photos=flickr.account.photos, asked={video.id}, user=flickr.account.user)
    page = read_albums({"photosets": {"photoset": [_without(told, field)]}})
    assert page.odd == 0
    (album,) = page.albums
    assert album.id == found.id
    assert album.asked == frozenset({video.id})


def _without(told: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != field}
