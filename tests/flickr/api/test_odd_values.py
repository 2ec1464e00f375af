"""Answers of Flickr with values that no column and no date has room for."""

from typing import Any

import pytest

from familiar.flickr.api.errors import PassingError
from familiar.flickr.api.listing import read_page, read_sizes


def page_with(**odd: Any) -> dict[str, Any]:
    plain = {"id": "1", "secret": "a", "lastupdate": "1500000000", "url_o": "https://example.org/1_o.jpg"}
    return {"photos": {"pages": 1, "total": 2, "photo": [plain, plain | {"id": "2"} | odd]}}


@pytest.mark.parametrize("odd", [2**70, "9" * 30, "9" * 5000, -1, float("inf"), float("nan"), [], {}])
def test_an_entry_with_a_number_that_can_not_be_right_is_left_out_and_counted(odd: Any) -> None:
    for key in ("lastupdate", "dateupload", "width_o"):
        page = read_page(page_with(**{key: odd}))
        assert ([entry.id for entry in page.photos], page.odd) == (["1"], 1)


def test_an_entry_with_an_address_that_can_not_be_sent_is_left_out_and_counted() -> None:
    assert read_page(page_with(url_o="https://example.org/\ud800.jpg")).odd == 1


@pytest.mark.parametrize("total", [float("inf"), "9" * 30, -1])
def test_a_page_with_a_total_that_can_not_be_right_is_asked_for_again(total: Any) -> None:
    answer = page_with()
    answer["photos"]["total"] = total
    with pytest.raises(PassingError, match="no listing"):
        read_page(answer)


def test_sizes_that_can_not_be_right_are_asked_for_again() -> None:
    with pytest.raises(PassingError, match="no sizes"):
        read_sizes({"sizes": {"size": [{"source": "https://example.org/1.jpg", "width": float("inf")}]}}, "photo")
