"""Listing an account into the store."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from familiar.flickr.api.errors import LoginLostError, PassingError
from support.flickr_bench import FlickrBench
from support.flickr_server.server import FlickrServer

DAY = 86400


@pytest.fixture
def bench(tmp_path: Path, flickr: FlickrServer) -> Iterator[FlickrBench]:
    with FlickrBench.at(tmp_path, flickr) as found:
        yield found


def test_ten_thousand_photos_are_listed_with_25_calls_at_most_and_polled_with_one(
    bench: FlickrBench, astronaut: Path
) -> None:
    photos = bench.flickr.account.add_photos([astronaut], 10_000)
    bench.look()
    assert len(bench.asked()) <= 25
    assert len(bench.listed()) == 10_000
    assert bench.listed()[0] == photos[-1].id
    assert bench.listed(newest=False)[0] == photos[0].id
    bench.flickr.record.clear()
    bench.look()
    assert bench.asked() == ["photos.recentlyUpdated"]
    (whole,) = bench.log.of("flickr.listed")
    assert (whole["photos"], whole["whole"]) == (10_000, True)


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_an_account_without_photos_is_listed_with_one_call(tmp_path: Path, flickr: FlickrServer, order: str) -> None:
    with FlickrBench.at(tmp_path, flickr, order=order) as bench:
        bench.look()
        assert (bench.asked(), bench.listed()) == (["people.getPhotos"], [])


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_nothing_is_missed_and_nothing_listed_twice_while_pages_shift(
    tmp_path: Path, flickr: FlickrServer, astronaut: Path, order: str
) -> None:
    photos = flickr.account.add_photos([astronaut], 1600)
    first, last = photos[-1].id, photos[0].id
    flickr.meanwhile("flickr.people.getPhotos", after=2, do=lambda: flickr.account.delete_photo(first))
    flickr.meanwhile("flickr.people.getPhotos", after=3, do=lambda: flickr.account.add_photo(astronaut))
    with FlickrBench.at(tmp_path, flickr, order=order) as bench:
        bench.look()
        bench.look()
        assert {photo.id for photo in flickr.account.own_photos()} <= set(bench.listed())
        assert last in bench.listed()
        assert len(bench.asked()) <= 10


def test_restricted_photos_are_listed_and_do_not_seem_to_be_gone_when_they_are_restricted_later(
    bench: FlickrBench, astronaut: Path
) -> None:
    safe, restricted = (bench.flickr.account.add_photo(astronaut, safety=safety) for safety in (1, 3))
    bench.look()
    assert set(bench.listed()) == {safe.id, restricted.id}
    bench.flickr.account.edit_photo(safe.id, safety=2)
    bench.later(8 * 86400)
    bench.look()
    assert (bench.store.flickr.counts()["listed"], bench.store.flickr.counts()["gone"]) == (2, 0)


def test_a_listing_that_is_broken_off_goes_on_where_it_was(bench: FlickrBench, astronaut: Path) -> None:
    bench.flickr.account.add_photos([astronaut], 2000)
    bench.flickr.meanwhile("flickr.people.getPhotos", after=2, do=bench.flickr.logins.revoke)
    with pytest.raises(LoginLostError, match="log in again"):
        bench.look()
    assert len(bench.listed()) == 1000
    bench.flickr.record.clear()
    bench.look()
    assert len(bench.listed()) == 2000
    assert [entry.parameters["page"] for entry in bench.flickr.record.calls()] == ["3", "4"]


def test_changes_are_found_and_tags_do_not_cause_another_download(
    bench: FlickrBench, astronaut: Path, obama: Path
) -> None:
    old, other = (bench.flickr.account.add_photo(astronaut, uploaded=1e9) for _ in range(2))
    bench.look()
    before = {photo.id: photo.secret for photo in bench.store.flickr.waiting(newest=True, limit=9)}
    bench.flickr.account.tag_by_hand(other.id, "a tag")
    bench.flickr.account.replace_photo(old.id, obama)
    new = bench.flickr.account.add_photo(obama, is_public=False)
    bench.look()
    after = {photo.id: photo.secret for photo in bench.store.flickr.waiting(newest=True, limit=9)}
    assert set(after) == {old.id, other.id, new.id}
    assert after[other.id] == before[other.id]
    assert after[old.id] != before[old.id]
    assert bench.log.of("flickr.changed") == [{"account": "flickr", "new": 1, "changed": 2}]


def test_what_was_deleted_is_found_by_the_next_whole_listing(bench: FlickrBench, astronaut: Path) -> None:
    photo, _ = (bench.flickr.account.add_photo(astronaut) for _ in range(2))
    bench.look()
    bench.flickr.account.delete_photo(photo.id)
    bench.look()
    assert bench.store.flickr.counts()["gone"] == 0
    bench.later(8 * DAY)
    bench.look()
    assert bench.store.flickr.counts()["gone"] == 1


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_a_total_that_is_a_little_too_high_costs_no_calls_and_hides_no_deletion(
    tmp_path: Path, flickr: FlickrServer, astronaut: Path, order: str
) -> None:
    flickr.quirks.uncounted = 5
    photos = flickr.account.add_photos([astronaut], 1200)
    with FlickrBench.at(tmp_path, flickr, order=order) as bench:
        bench.look()
        assert len(bench.asked()) == 3 + (order == "oldest")
        flickr.account.delete_photo(photos[7].id)
        for gone in (0, 1):
            bench.later(8 * DAY)
            bench.look()
            assert bench.store.flickr.counts()["gone"] == gone


def test_a_listing_that_shows_far_fewer_photos_than_it_counts_is_not_whole(bench: FlickrBench, astronaut: Path) -> None:
    photos = bench.flickr.account.add_photos([astronaut], 40)
    bench.look()
    bench.flickr.quirks.uncounted = 20
    for photo in photos[:20]:
        bench.flickr.account.delete_photo(photo.id)
    bench.later(8 * DAY)
    bench.look()
    assert bench.store.flickr.counts()["gone"] == 0
    assert bench.log.of("flickr.listed")[-1]["whole"] is False


def test_an_account_that_is_empty_of_a_sudden_loses_nothing(bench: FlickrBench, astronaut: Path) -> None:
    bench.flickr.account.add_photos([astronaut], 3)
    bench.look()
    bench.flickr.account.photos.clear()
    bench.later(8 * DAY)
    bench.look()
    assert bench.store.flickr.counts()["gone"] == 0
    assert bench.log.of("flickr.listed")[-1]["whole"] is False
    assert bench.log.of("flickr.empty") == [{"account": "flickr", "known": 3}]


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_an_account_that_is_empty_in_the_middle_of_a_listing_loses_nothing(
    tmp_path: Path, flickr: FlickrServer, astronaut: Path, order: str
) -> None:
    flickr.account.add_photos([astronaut], 1200)
    with FlickrBench.at(tmp_path, flickr, order=order) as bench:
        bench.look()
        flickr.meanwhile("flickr.people.getPhotos", after=2, do=flickr.account.photos.clear)
        bench.later(8 * DAY)
        bench.look()
        assert bench.store.flickr.counts()["gone"] == 0


def test_videos_are_left_unless_they_are_wanted(tmp_path: Path, flickr: FlickrServer, astronaut: Path) -> None:
    flickr.account.add_photo(astronaut, video=astronaut)
    with FlickrBench.at(tmp_path, flickr) as bench:
        bench.look()
        assert bench.store.flickr.counts()["left"] == 1
    with FlickrBench.at(tmp_path, flickr, videos=True) as bench:
        bench.later(8 * DAY)
        bench.look()
        (video,) = bench.store.flickr.waiting(newest=True, limit=9)
        assert (video.media, video.url) == ("video", None)


@pytest.mark.parametrize("fault", ["429", "503", "error:105", "hang", "html", "half", "reset"])
def test_a_listing_outlives_each_fault(bench: FlickrBench, astronaut: Path, fault: str) -> None:
    bench.flickr.account.add_photos([astronaut], 3)
    bench.fail_next(fault)
    bench.look()
    assert len(bench.listed()) == 3
    assert [event["what"] for event in bench.log.of("flickr.retried")] == ["api"]


def test_a_wait_that_flickr_asks_for_is_told_once(bench: FlickrBench) -> None:
    bench.store.flickr_calls.pause("api", 10.3)
    with suppress(TimeoutError):
        bench.look(within=0.5)
    (wait,) = bench.log.of("flickr.waiting")
    assert wait["reason"].startswith("Flickr asks to wait until ")
    assert bench.asked() == []


def test_a_flickr_that_fails_for_long_is_given_up_for_now(bench: FlickrBench) -> None:
    bench.flickr.faults.next("503", times=99)
    with pytest.raises(PassingError, match="HTTP 503"):
        bench.look()
    assert len(bench.flickr.record.entries) == 6


def test_everything_is_listed_again_where_a_clock_that_ran_ahead_said_when_that_was(
    bench: FlickrBench, astronaut: Path
) -> None:
    bench.flickr.account.add_photos([astronaut], 3)
    bench.later(700 * DAY)
    bench.look()
    bench.later(-700 * DAY)
    bench.flickr.account.add_photos([astronaut], 1)
    bench.flickr.record.clear()
    bench.look()
    assert bench.asked() == ["people.getPhotos"]
    assert len(bench.listed()) == 4
    bench.flickr.record.clear()
    bench.look()
    assert bench.asked() == ["photos.recentlyUpdated"]


def test_a_photo_that_could_not_be_fetched_while_the_clock_ran_ahead_is_tried_when_it_is_right(
    bench: FlickrBench, astronaut: Path
) -> None:
    bench.flickr.account.add_photos([astronaut], 1)
    bench.look()
    (photo,) = bench.store.flickr.waiting(newest=True, limit=9)
    bench.later(700 * DAY)
    bench.store.flickr.put_off(photo, reason="no", seconds=3600)
    assert bench.listed() == []
    bench.later(-700 * DAY)
    assert bench.listed() == [photo.id]
