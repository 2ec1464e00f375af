"""Albums: listed with few calls, followed, and what they are good for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from familiar.flickr.api.errors import PassingError
from familiar.store.flickr.albums import albums_of
from support.flickr_bench import FlickrBench
from support.flickr_server.server import FlickrServer

DAY = 86400


@pytest.fixture
def bench(tmp_path: Path, flickr: FlickrServer) -> Iterator[FlickrBench]:
    with FlickrBench.at(tmp_path, flickr, albums="all") as found:
        yield found


def choose(bench: FlickrBench, *albums: str) -> None:
    bench.settings = bench.settings.model_copy(update={"albums": albums})


def titles(bench: FlickrBench, photo: str) -> list[str]:
    """Return the titles of the albums of a photo."""
    rows = albums_of(bench.store._db, [photo])
    return [album.title for album in rows.get(photo, ())]


def asked_again(bench: FlickrBench) -> list[str]:
    """Return what one more look asks for."""
    bench.flickr.record.clear()
    bench.look()
    return bench.asked()


def test_ten_thousand_photos_in_two_hundred_albums_are_listed_with_60_calls_at_most_and_polled_with_two(
    bench: FlickrBench, astronaut: Path
) -> None:
    photos = [photo.id for photo in bench.flickr.account.add_photos([astronaut], 10_000)]
    for number in range(200):
        bench.flickr.account.add_album(f"Album {number:03}", photos[number * 45 : number * 45 + 70])
    bench.look()
    assert len(bench.asked()) <= 60
    assert len(bench.listed()) == 10_000
    assert titles(bench, photos[50]) == ["Album 000", "Album 001"]
    assert asked_again(bench) == ["photos.recentlyUpdated", "photosets.getList"]


def test_without_the_setting_nothing_is_asked_about_albums(bench: FlickrBench, astronaut: Path) -> None:
    bench.settings = bench.settings.model_copy(update={"albums": None})
    bench.flickr.account.add_album("Sea", [bench.flickr.account.add_photo(astronaut).id])
    bench.look()
    assert bench.asked() == ["people.getPhotos"]
    assert bench.store.flickr_albums.all() == []


def test_changes_of_albums_are_followed_with_few_calls(bench: FlickrBench, astronaut: Path) -> None:
    account = bench.flickr.account
    first, second, third = (account.add_photo(astronaut, uploaded=1e9 + number).id for number in range(3))
    sea, sky = account.add_album("Sea", [first]), account.add_album("Sky", [second])
    bench.look()
    account.edit_album(sea.id, add=[second])
    assert asked_again(bench) == ["photos.recentlyUpdated", "photosets.getList", "photosets.getPhotos"]
    assert titles(bench, second) == ["Sea", "Sky"]
    assert bench.log.of("flickr.albums_changed") == [{"account": "flickr", "albums": 1, "photos": 1}]
    account.edit_album(sky.id, add=[third], remove=[second])
    assert asked_again(bench)[2:] == ["photosets.getPhotos"]
    assert (titles(bench, second), titles(bench, third)) == (["Sea"], ["Sky"])
    account.edit_album(sky.id, title="Clouds")
    account.delete_album(sea.id)
    bench.look()
    assert (titles(bench, first), titles(bench, third)) == ([], ["Clouds"])
    assert asked_again(bench) == ["photos.recentlyUpdated", "photosets.getList"]


def test_a_new_photo_in_an_album_costs_no_call_of_its_own(bench: FlickrBench, astronaut: Path) -> None:
    account = bench.flickr.account
    album = account.add_album("Sea", [account.add_photo(astronaut, uploaded=1e9).id])
    bench.look()
    new = account.add_photo(astronaut).id
    account.edit_album(album.id, add=[new])
    assert asked_again(bench) == ["photos.recentlyUpdated", "photosets.getList"]
    assert titles(bench, new) == ["Sea"]
    assert bench.log.of("flickr.albums_changed") == [{"account": "flickr", "albums": 0, "photos": 1}]


def test_albums_are_listed_one_by_one_where_the_list_does_not_tell_their_photos(
    bench: FlickrBench, astronaut: Path
) -> None:
    bench.flickr.quirks.ignores_photo_ids = True
    photos = [photo.id for photo in bench.flickr.account.add_photos([astronaut], 3)]
    bench.flickr.account.add_album("Sea", photos[:2])
    bench.look()
    assert bench.asked() == ["people.getPhotos", "photosets.getList", "photosets.getPhotos"]
    assert [titles(bench, photo) for photo in photos] == [["Sea"], ["Sea"], []]
    assert asked_again(bench) == ["photos.recentlyUpdated", "photosets.getList"]


@pytest.mark.parametrize(
    ("albums", "expected"),
    [
        (["Sea"], [0, 1]),
        (["s*"], [0, 1, 2]),
        (["none"], [3]),
        (["Sky", "none"], [1, 2, 3]),
        (["any"], [0, 1, 2]),
        (["all"], [0, 1, 2, 3]),
        (["72157700000000014"], [1, 2]),
        (["Sun"], []),
    ],
)
def test_only_photos_of_the_chosen_albums_are_fetched(
    bench: FlickrBench, astronaut: Path, albums: list[str], expected: list[int]
) -> None:
    choose(bench, *albums)
    photos = [bench.flickr.account.add_photo(astronaut, uploaded=1e9 + number).id for number in range(4)]
    bench.flickr.account.add_album("Sea", photos[:2])
    bench.flickr.account.add_album("Sky", photos[1:3])
    bench.look()
    assert bench.listed(newest=False) == [photos[number] for number in expected]
    assert bench.log.of("flickr.no_album") == ([{"account": "flickr", "album": "Sun"}] if albums == ["Sun"] else [])


def test_a_daemon_warns_once_of_an_album_that_does_not_exist(bench: FlickrBench, astronaut: Path) -> None:
    choose(bench, "Sun")
    bench.flickr.account.add_photo(astronaut)
    bench.settings = bench.settings.model_copy(update={"full_every": 1e-9})
    bench.look(times=2)
    assert bench.asked().count("people.getPhotos") == 2
    assert len(bench.log.of("flickr.no_album")) == 1


def test_photos_follow_the_chosen_albums_and_another_choice(bench: FlickrBench, astronaut: Path) -> None:
    account = bench.flickr.account
    choose(bench, "Sea")
    first, second, third = (account.add_photo(astronaut, uploaded=1e9 + number).id for number in range(3))
    sea = account.add_album("Sea", [first])
    bench.look()
    account.edit_album(sea.id, add=[second], remove=[first])
    bench.look()
    assert bench.listed() == [second]
    choose(bench, "none")
    bench.look()
    assert bench.listed() == [third, first]
    bench.settings = bench.settings.model_copy(update={"albums": None})
    bench.look()
    assert bench.listed() == [third, second, first]


def test_albums_that_are_asked_for_later_are_listed_with_all_photos(bench: FlickrBench, astronaut: Path) -> None:
    photo = bench.flickr.account.add_photo(astronaut, uploaded=1e9).id
    bench.flickr.account.add_album("Sea", [photo])
    bench.settings = bench.settings.model_copy(update={"albums": None})
    bench.look()
    choose(bench, "all")
    assert asked_again(bench) == ["people.getPhotos", "photosets.getList"]
    assert titles(bench, photo) == ["Sea"]


def test_albums_of_one_title_and_with_signs_are_different_albums(bench: FlickrBench, astronaut: Path) -> None:
    photos = [bench.flickr.account.add_photo(astronaut, uploaded=1e9 + number).id for number in range(3)]
    for title, photo in zip(["A/B 🎉", "A/B 🎉", "A_B"], photos, strict=True):
        bench.flickr.account.add_album(title, [photo])
    choose(bench, "a/b 🎉")
    bench.look()
    assert bench.listed(newest=False) == photos[:2]


@pytest.mark.parametrize("days", [0, 8])
def test_albums_that_a_list_lacks_by_mistake_are_kept_and_that_costs_one_call(
    bench: FlickrBench, astronaut: Path, days: int
) -> None:
    photos = [photo.id for photo in bench.flickr.account.add_photos([astronaut], 3)]
    for photo in photos:
        bench.flickr.account.add_album("Sea", [photo])
    bench.look()
    bench.later(days * DAY)
    answer = {"photosets": {"page": 1, "pages": 0, "total": 0, "photoset": []}, "stat": "ok"}
    bench.flickr.faults.next(f"text:{json.dumps(answer)}", method="flickr.photosets.getList")
    assert asked_again(bench)[1:] == ["photosets.getList", "photosets.getPhotos"]
    assert [titles(bench, photo) for photo in photos] == [["Sea"]] * 3
    bench.flickr.account.albums.clear()
    bench.look()
    assert [titles(bench, photo) for photo in photos] == [[]] * 3


def make_done(bench: FlickrBench) -> None:
    """Let the rules have decided on all photos."""
    photo_id = bench.store.photos.set_aside("0" * 64, "none")
    bench.store._db.conn.execute("UPDATE flickr_photos SET state = 'done', photo_id = ?", (photo_id,))


def news(bench: FlickrBench) -> list[str]:
    """Return the photos on which rules are to decide again."""
    return [photo.id for photo in bench.store.flickr.to_decide_again(limit=99)]


@pytest.mark.parametrize("days", [0, 8])
def test_a_photo_that_is_deleted_keeps_its_albums_and_one_that_only_leaves_them_is_news(
    bench: FlickrBench, astronaut: Path, days: int
) -> None:
    account = bench.flickr.account
    photos = [account.add_photo(astronaut, uploaded=1e9 + number).id for number in range(3)]
    sea, _ = account.add_album("Sea", photos), account.add_album("Sky", photos[:1])
    bench.look()
    make_done(bench)
    account.delete_photo(photos[0])
    account.edit_album(sea.id, remove=photos[1:2])
    bench.later(days * DAY)
    looks = [] if days else ["photos.getInfo"] * 2
    assert sorted(asked_again(bench)[2:]) == sorted([*looks, *["photosets.getPhotos"] * 2])
    assert news(bench) == photos[1:2]
    assert [titles(bench, photo) for photo in photos] == [["Sea", "Sky"], [], ["Sea"]]
    assert bench.store.flickr.counts()["gone"] == 1
    assert len(asked_again(bench)) == 2


@pytest.mark.parametrize("number", [2, 30])
def test_the_photos_of_an_album_that_is_deleted_with_some_of_them_are_looked_for(
    bench: FlickrBench, astronaut: Path, number: int
) -> None:
    account = bench.flickr.account
    photos = [account.add_photo(astronaut, uploaded=1e9 + one).id for one in range(number)]
    album = account.add_album("Sea", photos)
    bench.look()
    make_done(bench)
    account.delete_photo(photos[0])
    account.delete_album(album.id)
    bench.look()
    if number > 20:
        assert news(bench) == []
        assert "people.getPhotos" in asked_again(bench)
    assert sorted(news(bench)) == sorted(photos[1:])
    assert [titles(bench, photo) for photo in photos[:2]] == [["Sea"], []]
    assert asked_again(bench) == ["photos.recentlyUpdated", "photosets.getList"]
    assert bench.store.flickr_albums.all() == []


def test_albums_that_are_asked_for_no_more_are_forgotten_and_that_is_no_news(
    bench: FlickrBench, astronaut: Path
) -> None:
    photo = bench.flickr.account.add_photo(astronaut).id
    bench.flickr.account.add_album("Sea", [photo])
    bench.look()
    make_done(bench)
    bench.settings = bench.settings.model_copy(update={"albums": None})
    bench.look()
    assert (titles(bench, photo), news(bench)) == ([], [])


@pytest.mark.parametrize(
    "answer",
    [
        {"photosets": {"pages": 1, "total": 2, "photoset": [{"id": "5", "title": "Other", "photos": 0}]}},
        {"photosets": {"pages": 1, "photoset": [{"id": "5", "title": "Other", "photos": 0}]}},
        {"photosets": {"pages": 1, "total": 2, "photoset": [{"id": "5", "title": "Other", "photos": 0}, {"odd": 1}]}},
        {"photosets": {"pages": 1, "total": 0}},
    ],
)
def test_an_album_that_is_missing_in_a_list_that_is_not_whole_is_not_gone(
    bench: FlickrBench, astronaut: Path, answer: dict[str, Any]
) -> None:
    photo = bench.flickr.account.add_photo(astronaut).id
    bench.flickr.account.add_album("Sea", [photo])
    bench.look()
    bench.flickr.faults.next(f"text:{json.dumps(answer | {'stat': 'ok'})}", method="flickr.photosets.getList")
    bench.look()
    assert titles(bench, photo) == ["Sea"]


def test_an_album_whose_photos_are_not_told_whole_keeps_those_that_are_known_and_is_asked_for_again(
    bench: FlickrBench, astronaut: Path
) -> None:
    photos = [photo.id for photo in bench.flickr.account.add_photos([astronaut], 3)]
    album = bench.flickr.account.add_album("Sea", photos[:2])
    bench.look()
    bench.flickr.account.edit_album(album.id, add=photos[2:], remove=photos[:1])
    answer = {"photoset": {"pages": 1, "total": "2", "photo": []}, "stat": "ok"}
    bench.flickr.faults.next(f"text:{json.dumps(answer)}", method="flickr.photosets.getPhotos")
    bench.look()
    assert [titles(bench, photo) for photo in photos[:2]] == [["Sea"], ["Sea"]]
    bench.look()
    assert [titles(bench, photo) for photo in photos] == [[], ["Sea"], ["Sea"]]


@pytest.mark.parametrize("days", [0, 8])
def test_an_album_that_can_never_be_listed_holds_up_nothing_and_keeps_what_is_known(
    bench: FlickrBench, astronaut: Path, days: int
) -> None:
    photos = [photo.id for photo in bench.flickr.account.add_photos([astronaut], 3)]
    sea, sky = (bench.flickr.account.add_album(title, photos[:1]) for title in ("Sea", "Sky"))
    bench.look()
    bench.flickr.quirks.broken = (sea.id,)
    bench.flickr.account.edit_album(sea.id, remove=photos[:1], add=photos[1:2])
    bench.flickr.account.edit_album(sky.id, remove=photos[:1], add=photos[1:2])
    bench.later(days * DAY)
    for _ in range(2):
        bench.look()
    assert [titles(bench, photo) for photo in photos] == [["Sea"], ["Sea", "Sky"], []]
    assert bench.store.flickr_facts.get("walk") is None
    assert {each["album"] for each in bench.log.of("flickr.album_failed")} == {sea.id}
    new = bench.flickr.account.add_photo(astronaut, uploaded=bench.store.now().timestamp())
    bench.look()
    assert new.id in bench.listed()
    bench.flickr.quirks.broken = ()
    bench.look()
    assert [titles(bench, photo) for photo in photos] == [[], ["Sea", "Sky"], []]


@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_photo_that_can_never_be_looked_for_holds_up_only_the_album_that_it_has_left(
    bench: FlickrBench, astronaut: Path, is_deleted: bool
) -> None:
    photos = [bench.flickr.account.add_photo(astronaut, uploaded=1e9).id for _ in range(2)]
    sea, sky = (bench.flickr.account.add_album(title, photos) for title in ("Sea", "Sky"))
    bench.look()
    bench.store._db.conn.execute("UPDATE flickr_photos SET state = 'done'")
    bench.flickr.quirks.broken = (photos[0],)
    bench.flickr.account.edit_album(sea.id, remove=photos[:1])
    bench.flickr.account.edit_album(sky.id, remove=photos[1:])
    if is_deleted:
        bench.flickr.account.delete_album(sea.id)
    bench.look()
    assert [titles(bench, photo) for photo in photos] == [["Sea", "Sky"], ["Sea"]]
    bench.flickr.quirks.broken = ()
    bench.look()
    assert [titles(bench, photo) for photo in photos] == [["Sky"], [] if is_deleted else ["Sea"]]


@pytest.mark.parametrize("is_away", [True, False])
def test_where_no_album_can_be_listed_the_look_ends_unless_flickr_answers_otherwise(
    bench: FlickrBench, astronaut: Path, is_away: bool
) -> None:
    photo = bench.flickr.account.add_photo(astronaut).id
    albums = [bench.flickr.account.add_album(title, [photo]).id for title in "abcde"]
    bench.flickr.quirks.ignores_photo_ids = True
    bench.flickr.quirks.broken = tuple(albums)
    if is_away:
        bench.flickr.faults.next("503", method="flickr.photosets.getList", after=1, times=99)
        with pytest.raises(PassingError, match="HTTP 503"):
            bench.look()
    else:
        bench.look()
    assert len(bench.log.of("flickr.album_failed")) == (3 if is_away else 5)


def test_an_album_whose_pages_repeat_themselves_has_ended(bench: FlickrBench, astronaut: Path) -> None:
    bench.flickr.quirks.ignores_photo_ids = True
    photo = bench.flickr.account.add_photo(astronaut).id
    bench.flickr.account.add_album("Sea", [photo])
    answer = {"photoset": {"pages": 10**9, "total": 1, "photo": [{"id": photo}]}, "stat": "ok"}
    bench.flickr.faults.next(f"text:{json.dumps(answer)}", method="flickr.photosets.getPhotos", times=5)
    bench.look()
    assert bench.asked().count("photosets.getPhotos") == 2
    assert titles(bench, photo) == ["Sea"]


@pytest.mark.parametrize("vanish", [True, False])
def test_an_album_that_vanishes_or_changes_while_it_is_listed_leaves_nothing_behind(
    bench: FlickrBench, astronaut: Path, vanish: bool
) -> None:
    account = bench.flickr.account
    bench.flickr.quirks.ignores_photo_ids = True
    photos = [photo.id for photo in account.add_photos([astronaut], 3)]
    album = account.add_album("Sea", photos)

    def meddle() -> None:
        if vanish:
            account.delete_album(album.id)
        else:
            account.edit_album(album.id, remove=photos[1:])

    bench.flickr.meanwhile("flickr.photosets.getList", after=1, do=meddle)
    bench.look()
    bench.look()
    assert titles(bench, photos[0]) == ([] if vanish else ["Sea"])
    assert titles(bench, photos[2]) == []
    assert len(bench.listed()) == 3


def test_an_album_of_ten_thousand_photos_is_known_and_followed(bench: FlickrBench, astronaut: Path) -> None:
    photos = [photo.id for photo in bench.flickr.account.add_photos([astronaut], 10_000)]
    album = bench.flickr.account.add_album("All", photos)
    bench.look()
    assert len(bench.asked()) <= 41
    bench.flickr.account.edit_album(album.id, remove=photos[:1])
    assert len(asked_again(bench)) <= 23
    assert (titles(bench, photos[0]), titles(bench, photos[-1])) == ([], ["All"])


@pytest.mark.parametrize("fault", ["error:201", "html", "half", "503"])
def test_a_list_of_albums_outlives_each_fault(bench: FlickrBench, astronaut: Path, fault: str) -> None:
    photo = bench.flickr.account.add_photo(astronaut).id
    bench.flickr.account.add_album("Sea", [photo])
    bench.flickr.faults.next(fault, method="flickr.photosets.getList")
    bench.look()
    assert titles(bench, photo) == ["Sea"]


def test_a_listing_that_is_broken_off_continues_with_its_albums(bench: FlickrBench, astronaut: Path) -> None:
    photos = [photo.id for photo in bench.flickr.account.add_photos([astronaut], 1200)]
    bench.flickr.account.add_album("All", photos)
    bench.flickr.faults.next("503", method="flickr.photosets.getList", times=6, after=1)
    with pytest.raises(Exception, match="HTTP 503"):
        bench.look()
    assert len(bench.listed()) == 500
    assert asked_again(bench) == ["people.getPhotos", "photosets.getList"] * 2
    assert all(titles(bench, photo) == ["All"] for photo in photos[::100])
