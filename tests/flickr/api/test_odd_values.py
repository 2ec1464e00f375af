"""Answers of Flickr with values that no column and no date has room for."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from familiar.flickr.api import albums, answers, listing, wordings
from familiar.flickr.api.errors import PassingError
from familiar.flickr.api.listing import read_page, read_sizes
from familiar.store.store import Store
from support.flickr_entry import ENTRY
from support.stores import put_store

ODD: tuple[Any, ...] = (
    None, True, False, [], {}, [1], [[]], {"a": 1}, {"_content": None}, {"_content": []}, {"_content": {"a": "b"}}, "",
    " ", "\n", "a\nb", "\ud800", "a\ud800b", "\0", "x" * 100_000, "<![x y>", "\u202e", "-", "1e5", "٣", "１", "0000",
    "9" * 5000, 0, -1, 1.5, 1e308, float("inf"), float("nan"), 2**70,
)  # fmt: skip
ALBUM = {
    "id": "7",
    "title": {"_content": "Sea"},
    "date_update": "5",
    "photos": 3,
    "videos": "0",
    "count_photos": 3,
    "has_requested_photos": ["1"],
}


def page_with(**odd: Any) -> dict[str, Any]:
    plain = {"id": "1", "secret": "a", "lastupdate": "1500000000", "url_o": "https://example.org/1_o.jpg"}
    return {"photos": {"pages": 1, "total": 2, "photo": [plain, plain | {"id": "2"} | odd]}}


@pytest.mark.parametrize("odd", [2**70, "9" * 30, "9" * 5000, -1, float("inf"), float("nan"), [], {}])
def test_an_entry_with_a_number_that_can_not_be_right_is_left_out_and_counted(odd: Any) -> None:
    for key in ("lastupdate", "dateupload", "width_o"):
        page = read_page(page_with(**{key: odd}))
        assert ([entry.id for entry in page.photos], page.odd) == (["1"], 1)


@pytest.mark.parametrize("address", ["https://example.org/\ud800.jpg", "https://[example/1.jpg"])
def test_an_entry_with_an_address_that_can_not_be_sent_is_left_out_and_counted(address: str) -> None:
    assert read_page(page_with(url_o=address)).odd == 1


@pytest.mark.parametrize("total", [float("inf"), "9" * 30, -1])
def test_a_page_with_a_total_that_can_not_be_right_is_asked_for_again(total: Any) -> None:
    answer = page_with()
    answer["photos"]["total"] = total
    with pytest.raises(PassingError, match="no listing"):
        read_page(answer)


def test_sizes_that_can_not_be_right_are_asked_for_again() -> None:
    with pytest.raises(PassingError, match="no sizes"):
        read_sizes({"sizes": {"size": [{"source": "https://example.org/1.jpg", "width": float("inf")}]}}, "photo")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(put_store(tmp_path)) as store:
        yield store


@pytest.mark.parametrize("field", ENTRY)
def test_an_odd_value_of_any_field_of_a_photo_is_left_out_or_can_be_stored(store: Store, field: str) -> None:
    for odd in ODD:
        page = read_page({"photos": {"pages": 1, "total": 1, "photo": [ENTRY | {field: odd}]}})
        store.flickr_listing.note([(photo, None) for photo in page.photos], walk=1, videos=True)
        assert len(page.photos) + page.odd == 1
    store.flickr.waiting(newest=True, limit=99)


@pytest.mark.parametrize("field", ALBUM)
def test_an_odd_value_of_any_field_of_an_album_is_left_out_or_can_be_stored(store: Store, field: str) -> None:
    for odd in ODD:
        page = albums.read_albums({"photosets": {"photoset": [ALBUM | {field: odd}]}})
        store.flickr_albums.note(page.albums, is_news=True)
        for album in page.albums:
            store.flickr_albums.place(album.id, album.asked or (), is_news=True)
        assert len(page.albums) + page.odd == 1
    store.flickr_albums.all()


TAG = {"id": "9", "raw": "Ann", "_content": "ann", "author": "1@N00"}
SIZE = {"source": "https://f.example/1.jpg", "label": "Large", "width": 1, "height": "2", "media": "photo"}


def _in_a_tag(name: str) -> Callable[[Any], Any]:
    return lambda odd: {"photo": {"tags": {"tag": [TAG | {name: odd}]}}}


def _in_a_size(name: str) -> Callable[[Any], Any]:
    return lambda odd: {"sizes": {"size": [SIZE | {name: odd}]}}


def _read_photo_sizes(answer: dict[str, Any]) -> object:
    return listing.best_sizes(read_sizes(answer, "photo"), 2048)


ANSWERS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "listing": (read_page, lambda odd: {"photos": odd}),
    "pages": (read_page, lambda odd: {"photos": {"pages": odd, "total": 1, "photo": []}}),
    "entries": (read_page, lambda odd: {"photos": {"pages": 1, "total": 1, "photo": odd}}),
    "entry": (read_page, lambda odd: {"photos": {"pages": 1, "total": 1, "photo": [odd]}}),
    "albums": (albums.read_albums, lambda odd: {"photosets": odd}),
    "pages of albums": (albums.read_albums, lambda odd: {"photosets": {"photoset": [], "pages": odd}}),
    "album": (albums.read_albums, lambda odd: {"photosets": {"photoset": [odd]}}),
    "photos of an album": (albums.read_album_photos, lambda odd: {"photoset": {"photo": odd}}),
    "photo of an album": (albums.read_album_photos, lambda odd: {"photoset": {"photo": [{"id": odd}], "total": odd}}),
    "tags": (answers.read_tags, lambda odd: {"photo": {"tags": odd}}),
    **{f"{name} of a tag": (answers.read_tags, _in_a_tag(name)) for name in TAG},
    "people": (answers.read_people, lambda odd: {"people": {"person": odd}}),
    "person": (answers.read_people, lambda odd: {"people": {"person": [{"username": odd, "realname": odd}]}}),
    "secret": (listing.read_secret, lambda odd: {"photo": {"secret": odd}}),
    "video": (listing.is_processed, lambda odd: {"photo": {"video": odd}}),
    "state": (listing.is_processed, lambda odd: {"photo": {"video": {"ready": odd}}}),
    **{f"{name} of a size": (_read_photo_sizes, _in_a_size(name)) for name in SIZE},
    "streams": (listing.read_streams, lambda odd: {"streams": {"stream": odd}}),
    "stream": (listing.read_streams, lambda odd: {"streams": {"stream": [{"type": odd, "_content": odd}]}}),
    "raw tags": (wordings.read_raw_tags, lambda odd: {"who": {"tags": {"tag": [{"clean": odd, "raw": odd}]}}}),
    "licences": (wordings.read_licenses, lambda odd: {"licenses": {"license": odd}}),
    "licence": (wordings.read_licenses, lambda odd: {"licenses": {"license": [{"id": odd, "name": odd, "url": odd}]}}),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_an_odd_value_anywhere_in_an_answer_is_read_or_asked_for_again(what: str) -> None:
    read, answer = ANSWERS[what]
    for odd in ODD:
        with suppress(PassingError):
            read(answer(odd))
