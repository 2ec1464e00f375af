"""How tags were written and what licences are called: asked for with few calls, and done without where it must be."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from familiar.flickr.api.errors import PassingError
from familiar.flickr.api.wordings import read_licenses, read_raw_tags
from familiar.photo_details import License
from support.flickr_bench import FlickrBench
from support.flickr_server.server import FlickrServer

TAGS, LICENSES = "tags.getListUserRaw", "photos.licenses.getInfo"


@pytest.fixture
def bench(tmp_path: Path, flickr: FlickrServer) -> Iterator[FlickrBench]:
    with FlickrBench.at(tmp_path, flickr) as found:
        yield found


def asked(bench: FlickrBench) -> list[str]:
    """Return what one more look asks for beside listings."""
    bench.flickr.record.clear()
    bench.look(captions=True)
    return [name for name in bench.asked() if name not in {"people.getPhotos", "photos.recentlyUpdated"}]


def said(bench: FlickrBench, photo: str) -> tuple[tuple[str, ...], str | None]:
    """Return the tags and the licence in the caption of a photo on Flickr."""
    photo_id = bench.store.photos.set_aside(f"{int(photo):064}", "none")
    bench.store._db.conn.execute("UPDATE flickr_photos SET photo_id = ? WHERE id = ?", (photo_id, photo))
    caption = bench.store.flickr_captions.of([photo_id])[photo_id]
    return caption.tags, None if caption.license is None else caption.license.name


def test_the_wordings_of_all_tags_and_licences_cost_a_call_each_and_a_look_without_news_none(
    bench: FlickrBench, astronaut: Path
) -> None:
    photos = bench.flickr.account.add_photos([astronaut], 1200)
    for photo in photos:
        bench.flickr.account.add_tags(photo, ["Sea Side", "people:name=Jane Doe"])
    photos[0].license = "11"
    assert asked(bench) == [TAGS, LICENSES]
    assert said(bench, photos[0].id) == (("Sea Side", "people:name=Jane Doe"), "CC BY 4.0")
    assert said(bench, photos[1].id) == (("Sea Side", "people:name=Jane Doe"), "All Rights Reserved")
    bench.flickr.account.tag_by_hand(photos[2].id, "Sea Side")
    assert asked(bench) == []
    bench.flickr.account.tag_by_hand(photos[2].id, "New One")
    assert asked(bench) == [TAGS]
    assert said(bench, photos[2].id)[0] == ("New One", "Sea Side", "people:name=Jane Doe")


def test_without_captions_no_wording_is_asked_for(bench: FlickrBench, astronaut: Path) -> None:
    bench.flickr.account.add_photo(astronaut, tags=["Sea Side"])
    bench.look()
    assert bench.asked() == ["people.getPhotos"]


def test_where_wordings_can_not_be_had_the_listing_goes_on_and_they_come_with_the_next_one(
    bench: FlickrBench, astronaut: Path
) -> None:
    photo = bench.flickr.account.add_photo(astronaut, tags=["Sea Side"], license="4")
    for method in (TAGS, LICENSES):
        bench.flickr.faults.next("503", method=f"flickr.{method}", times=6)
    bench.look(captions=True)
    assert said(bench, photo.id) == (("seaside",), None)
    bench.look(captions=True)
    assert said(bench, photo.id) == (("Sea Side",), "CC BY 2.0")


def test_a_licence_that_flickr_does_not_name_is_none_and_costs_one_call_a_look(
    bench: FlickrBench, astronaut: Path
) -> None:
    photo = bench.flickr.account.add_photo(astronaut, license="99")
    assert asked(bench) == [LICENSES]
    assert said(bench, photo.id) == ((), None)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([{"clean": "seaside", "raw": [{"_content": "Sea Side"}, {"_content": "seaside"}]}], {"seaside": "Sea Side"}),
        ([{"clean": "seaside", "raw": ["Sea Side"]}], {"seaside": "Sea Side"}),
        ([{"clean": "seaside", "raw": "Sea Side"}], {"seaside": "Sea Side"}),
        ([{"clean": "seaside", "raw": []}, {"raw": "x"}, None, {"clean": "a", "raw": {"_content": "A"}}], {"a": "A"}),
        ([], {}),
    ],
)
def test_raw_tags_come_in_many_forms(tags: list[Any], expected: dict[str, str]) -> None:
    assert read_raw_tags({"who": {"tags": {"tag": tags}}}) == expected


def test_licences_are_read_by_their_numbers_and_odd_ones_left_out() -> None:
    found = read_licenses(
        {"licenses": {"license": [{"id": 4, "name": "CC BY", "url": "u"}, {"id": "5"}, None, {"name": "x"}]}}
    )
    assert found == {"4": License(name="CC BY", url="u")}


@pytest.mark.parametrize("answer", [{}, {"who": None}, {"who": {"tags": 5}}, {"licenses": {"license": None}}])
def test_answers_without_wordings_are_told_apart_from_empty_ones(answer: dict[str, Any]) -> None:
    with pytest.raises(PassingError, match="no tags"):
        read_raw_tags(answer)
    with pytest.raises(PassingError, match="no licences"):
        read_licenses(answer)
