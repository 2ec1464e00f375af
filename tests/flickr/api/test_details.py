"""What a listing tells of a photo in its owner's words."""

from datetime import datetime
from typing import Any

import pytest

from familiar.flickr.api.details import plain_text, read_details
from familiar.photo_details import Granularity, Place


@pytest.mark.parametrize(
    ("taken", "number", "moment", "granularity"),
    [
        ("2004-05-06 07:08:09", "0", datetime(2004, 5, 6, 7, 8, 9), "second"),
        ("2004-05-06 07:08:09", 0, datetime(2004, 5, 6, 7, 8, 9), "second"),
        ("2004-05-01 00:00:00", 4, datetime(2004, 5, 1), "month"),
        ("2004-05-17 12:00:00", "4", datetime(2004, 5, 1), "month"),
        ("1975-01-01 00:00:00", "6", datetime(1975, 1, 1), "year"),
        ("1839-01-01 00:00:00", "8", datetime(1839, 1, 1), "circa"),
        ("1975-00-00 00:00:00", "0", datetime(1975, 1, 1), "year"),
        ("1975-03-00", "0", datetime(1975, 3, 1), "month"),
        ("2004-05-06 07:08:09", "odd", datetime(2004, 5, 6, 7, 8, 9), "second"),
        ("2004-05-06 07:08:09", "5", datetime(2004, 5, 1), "month"),
    ],
)
def test_a_date_is_as_exact_as_flickr_says(taken: str, number: Any, moment: datetime, granularity: Granularity) -> None:
    found = read_details({"datetaken": taken, "datetakengranularity": number, "datetakenunknown": "0"}).taken
    assert found is not None
    assert (found.moment, found.granularity) == (moment, granularity)


@pytest.mark.parametrize(
    "said",
    [
        {"datetaken": "2026-05-06 07:08:09", "datetakenunknown": "1"},
        {"datetaken": "2026-05-06 07:08:09", "datetakenunknown": 1},
        {"datetaken": "0000-00-00 00:00:00"},
        {"datetaken": "1234-05-06 07:08:09"},
        {"datetaken": "2004-13-06 07:08:09"},
        {"datetaken": "yesterday"},
        {"datetaken": None},
        {},
    ],
)
def test_a_date_that_nobody_knows_is_none(said: dict[str, Any]) -> None:
    assert read_details(said).taken is None


@pytest.mark.parametrize(
    ("said", "place"),
    [
        (
            {"latitude": "48.858300", "longitude": "2.294500", "accuracy": "16"},
            Place(latitude=48.8583, longitude=2.2945),
        ),
        ({"latitude": -90, "longitude": 180, "accuracy": 3}, Place(latitude=-90, longitude=180)),
        ({"latitude": 0, "longitude": 0, "accuracy": 11}, Place(latitude=0, longitude=0)),
        ({"latitude": 0, "longitude": 0, "accuracy": 0}, None),
        ({"latitude": "0", "longitude": "0"}, None),
        ({"latitude": 90.1, "longitude": 0, "accuracy": 16}, None),
        ({"latitude": 12, "longitude": "-180.5", "accuracy": 16}, None),
        ({"latitude": float("nan"), "longitude": 1, "accuracy": 16}, None),
        ({"latitude": "north", "longitude": "east"}, None),
        ({"latitude": 12}, None),
        ({}, None),
    ],
)
def test_a_place_out_of_range_is_none(said: dict[str, Any], place: Place | None) -> None:
    assert read_details(said).place == place


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("one\ntwo", "one\ntwo"),
        ("<b>bold</b> &amp; <i>thin</i> &quot;quoted&quot; 1 &lt; 2", 'bold & thin "quoted" 1 < 2'),
        ("first<br />second<p>third</p>fourth", "first\nsecond\nthird\nfourth"),
        (
            'see <a href="https://example.org/a?b=1&amp;c=2" rel="nofollow">this</a>.',
            "see this (https://example.org/a?b=1&c=2).",
        ),
        ('<a href="https://example.org">https://example.org</a>', "https://example.org"),
        ('<a href="javascript:alert(1)">odd</a>', "odd"),
        ("<b>never closed", "never closed"),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("<![x y>of <!-- not seen -->a program<![", "of a program<!["),
        ("I <3 &lt;b&gt; & <b, <a href=https://example.org/>that</a >", "I <3 <b> & <b, that (https://example.org/)"),
        ("<a " * 20_000, ("<a " * 20_000).strip()),
        ("<a href='" * 9_000, "<a href='" * 9_000),
    ],
    ids=lambda text: text[:40],
)
def test_of_a_description_with_markup_the_text_is_kept(markup: str, text: str) -> None:
    assert plain_text(markup) == text


def test_texts_come_alone_or_as_content_and_without_what_can_not_be_stored() -> None:
    details = read_details({"title": " A \ud800\0title ", "description": {"_content": "<i>x</i>"}, "license": 4})
    assert (details.title, details.description, details.license) == ("A ?title", "x", "4")
    assert read_details({"title": None, "description": [], "license": "CC; drop"}) == read_details({})
