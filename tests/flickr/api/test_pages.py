from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from familiar.flickr.api.pages import Order, PageCursor, after_page

PER_PAGE = 3


class Shelf:
    """Photos by their numbers, the newest first, on pages of three."""

    def __init__(self, count: int) -> None:
        self.photos = list(range(count, 0, -1))
        self.calls = 0

    def page(self, number: int) -> list[int]:
        self.calls += 1
        return self.photos[(number - 1) * PER_PAGE : number * PER_PAGE]

    @property
    def pages(self) -> int:
        return -(-len(self.photos) // PER_PAGE)

    def upload(self) -> None:
        self.photos.insert(0, max(self.photos, default=0) + 1)

    def delete(self, index: int) -> None:
        if self.photos:
            del self.photos[index % len(self.photos)]


def walk_through(shelf: Shelf, order: Order, between: Callable[[int], None]) -> list[int]:
    """Walk to the end, and return the photos in the order in which they were met."""
    walk, met = PageCursor(order=order), list[int]()
    while not walk.ended:
        found = shelf.page(walk.page)
        is_sizing = order == "oldest" and not walk.sized
        fresh = [] if is_sizing else [photo for photo in found if photo not in met]
        met += fresh
        total, pages = len(shelf.photos), shelf.pages
        walk = after_page(walk, pages=pages, total=total, found=len(found), fresh=len(fresh), per_page=PER_PAGE)
        between(shelf.calls)
        assert shelf.calls < 500, "it does not end"
    return met


@pytest.mark.parametrize("count", [0, 1, 3, 4, 30])
def test_each_page_of_an_unchanged_listing_is_asked_for_once(count: int) -> None:
    newest, oldest = Shelf(count), Shelf(count)
    assert walk_through(newest, "newest", lambda _: None) == list(range(count, 0, -1))
    assert newest.calls == max(newest.pages, 1)
    met = walk_through(oldest, "oldest", lambda _: None)
    assert [met[start] for start in range(0, len(met), PER_PAGE)] == sorted(
        met[start] for start in range(0, len(met), PER_PAGE)
    )
    assert sorted(met) == list(range(1, count + 1))
    assert oldest.calls == max(oldest.pages, 1) + 1


@settings(max_examples=200)
@given(
    st.integers(0, 30),
    st.sampled_from(["newest", "oldest"]),
    st.dictionaries(st.integers(1, 12), st.integers(1, 4)),
    st.randoms(use_true_random=False),
)
def test_no_photo_is_missed_that_was_there_all_the_time_while_others_are_deleted(
    count: int, order: Order, deletions: dict[int, int], random: object
) -> None:
    shelf = Shelf(count)

    def between(call: int) -> None:
        for _ in range(deletions.get(call, 0)):
            shelf.delete(random.randrange(10**6))  # type: ignore[attr-defined]  # hypothesis gives random.Random

    met = walk_through(shelf, order, between)
    assert set(shelf.photos) <= set(met)
    assert len(met) == len(set(met))


@settings(max_examples=200)
@given(
    st.integers(0, 30), st.sampled_from(["newest", "oldest"]), st.dictionaries(st.integers(1, 12), st.integers(1, 4))
)
def test_no_photo_is_missed_that_was_there_all_the_time_while_others_are_uploaded(
    count: int, order: Order, uploads: dict[int, int]
) -> None:
    shelf = Shelf(count)
    before = set(shelf.photos)

    def between(call: int) -> None:
        for _ in range(uploads.get(call, 0)):
            shelf.upload()

    assert before <= set(walk_through(shelf, order, between))


def test_a_listing_that_repeats_its_last_page_for_ever_ends() -> None:
    walk, calls = PageCursor(order="newest"), 0
    while not walk.ended:
        calls += 1
        fresh = PER_PAGE if calls <= 4 else 0
        walk = after_page(walk, pages=1000, total=3000, found=PER_PAGE, fresh=fresh, per_page=PER_PAGE)
    assert (calls, walk.repeats) == (5, True)
