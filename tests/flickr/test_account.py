"""A daemon that lives with an account, whole: the real process against the server."""

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from support.flickr_server.control import Control
from support.flickr_server.household import configure, log_in
from support.flickr_server.remote import Login
from support.flickr_server.server import FlickrServer
from support.household import Household


@pytest.fixture
def home(household: Household, flickr: FlickrServer) -> Household:
    """A household that is logged in, and fetches small pictures."""
    login = Login(url=flickr.url, **Control(flickr).grant())
    log_in(household, login)
    configure(household, login, max_size=320)
    return household


@pytest.fixture
def album(flickr: FlickrServer, meadow_jpeg: Path) -> list[str]:
    return [photo.id for photo in flickr.account.add_photos([meadow_jpeg], 6)]


@pytest.fixture(scope="session")
def meadow_jpeg(tmp_path_factory: pytest.TempPathFactory, meadow: Path) -> Path:
    """The picture without a face, as a JPEG of 256 × 256 pixels."""
    from PIL import Image  # noqa: PLC0415

    path = tmp_path_factory.mktemp("jpeg") / "meadow.jpg"
    with Image.open(meadow) as picture:
        picture.save(path)
    return path


@pytest.fixture(scope="session")
def obama_small(tmp_path_factory: pytest.TempPathFactory, obama: Path) -> Path:
    from PIL import Image  # noqa: PLC0415

    path = tmp_path_factory.mktemp("jpeg") / "obama.jpg"
    with Image.open(obama) as picture:
        picture.resize((200, 250)).save(path)
    return path


def tags_of(flickr: FlickrServer) -> list[list[str]]:
    return [[tag.raw for tag in photo.tags] for photo in flickr.account.own_photos()]


def wait_until(truth: Callable[[], bool], *, within: float = 120) -> None:
    end = time.monotonic() + within
    while not truth():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


def test_an_account_comes_down_once_and_each_tag_goes_up_once(
    home: Household, flickr: FlickrServer, album: list[str]
) -> None:
    flickr.account.drops_symbols = True
    there = ["Seen here", "people:name=Jane Doe", "the Duke, John", "Ana 🌷"]
    tags = [*there[:2], 'the "Duke", John', "Ana 🌷", "🌷"]
    home.rule({"name": "all", "then": [{"copy": f"{home.out}/"}, *({"tag": tag} for tag in tags)]})
    flickr.faults.next("lost", method="flickr.photos.addTags")
    for _ in range(2):
        with home.running() as daemon:
            daemon.wait_for("flickr.connected")
            wait_until(lambda: len(flickr.record.tags_sent) == 6 * len(tags))
            time.sleep(0.5)
    assert tags_of(flickr) == [there] * 6
    assert len(home.tree(home.out)) == 6
    assert sorted(flickr.record.downloads().values()) == [1] * 6
    assert {count for (_, clean), count in flickr.record.tags_sent.items() if clean} == {1}
    assert Counter(entry.name for entry in flickr.record.calls())["flickr.people.getPhotos"] == 1
    assert flickr.record.violations == []


def test_a_daemon_follows_corrected_dates_and_albums_once_although_it_is_killed_meanwhile(
    home: Household, flickr: FlickrServer, album: list[str]
) -> None:
    login = Login(url=flickr.url, **Control(flickr).grant())
    configure(home, login, max_size=320, albums="all", every=0.02)
    home.rule({"name": "all", "then": [{"copy": f"{home.out}/{{album}}/{{taken:%Y}}/{{id}}{{suffix}}"}]})
    for number, photo in enumerate(album):
        flickr.account.edit_photo(photo, taken=f"19{70 + number}-01-01 00:00:00", granularity=6)
    sea = flickr.account.add_album("Sea", album[:1])
    before = {
        f"out/{'Sea' if not number else 'no album'}/{1970 + number}/{one}.jpg" for number, one in enumerate(album)
    }
    after = {f"out/no album/1839/{album[5]}.jpg", f"out/Sea/1971/{album[1]}.jpg"}
    with home.running() as daemon:
        wait_until(lambda: set(home.tree(home.out)) == before)
        wait_until(lambda: home.json("flickr", "status")["photos"]["done"] == 6)
        flickr.account.edit_photo(album[5], taken="1839-01-01 00:00:00", granularity=8)
        flickr.account.edit_album(sea.id, add=[album[1]])
        daemon.wait_for("flickr.albums_changed")
        daemon.process.kill()
    with home.running():
        wait_until(lambda: set(home.tree(home.out)) == before | after)
        time.sleep(2)
    assert set(home.tree(home.out)) == before | after
    assert flickr.record.violations == []


def test_a_photo_that_is_replaced_before_it_is_fetched_comes_down_as_it_is_now(
    home: Household, flickr: FlickrServer, album: list[str], obama_small: Path
) -> None:
    replace = partial(flickr.account.replace_photo, album[0], obama_small)
    flickr.meanwhile("flickr.people.getPhotos", after=1, do=replace)
    home.rule({"name": "all", "then": [{"copy": f"{home.out}/"}, {"tag": "Seen here"}]})
    for _ in range(2):
        with home.running() as daemon:
            wait_until(lambda: tags_of(flickr) == [["Seen here"]] * 6)
            time.sleep(0.5)
            assert daemon.events("flickr.refused") == []
    assert len(home.tree(home.out)) == 6
    photo = flickr.account.photos[album[0]]
    assert [count for path, count in flickr.record.downloads().items() if path.startswith(f"/65535/{photo.id}")] == [1]
    names = [path.name for path in (home.state / "flickr" / "photos").iterdir() if path.name.startswith(photo.id)]
    assert [name.partition(".")[0] for name in names] == [f"{photo.id}_{photo.secret}"]


def test_a_photo_that_is_deleted_before_it_is_fetched_holds_nothing_up(
    home: Household, flickr: FlickrServer, album: list[str]
) -> None:
    flickr.meanwhile("flickr.people.getPhotos", after=1, do=partial(flickr.account.delete_photo, album[0]))
    home.rule({"name": "all", "then": [{"tag": "Seen here"}]})
    with home.running() as daemon:
        wait_until(lambda: tags_of(flickr) == [["Seen here"]] * 5)
        daemon.wait_for("flickr.gone", photo=album[0])
    assert (
        home.json("flickr", "status")["photos"] | {"done": 5, "gone": 1, "listed": 0}
        == home.json("flickr", "status")["photos"]
    )


def test_a_lost_login_stops_flickr_alone_until_there_is_a_new_one(
    home: Household, flickr: FlickrServer, album: list[str], obama: Path
) -> None:
    home.configure(json.loads(home.config.read_text()) | {"folders": [str(home.inbox)]})
    flickr.logins.revoke()
    with home.running() as daemon:
        assert "familiar flickr login" in daemon.wait_for("flickr.stopped")["error"]
        shutil.copy(obama, home.inbox)
        daemon.wait_for("photo.seen")
        assert "log in again" in home.json("flickr", "status")["trouble"]
        log_in(home, Login(url=flickr.url, **Control(flickr).grant()))
        daemon.wait_for("flickr.listed")


def test_no_call_exceeds_the_budget_of_an_hour_although_the_daemon_restarts(
    home: Household, flickr: FlickrServer, album: list[str]
) -> None:
    flickr.quirks.hourly_limit = 10
    configure(home, Login(url=flickr.url, **Control(flickr).grant()), max_size=320, calls_per_hour=10, reserve=5)
    home.rule({"name": "all", "then": [{"tag": "Seen here"}]})
    for _ in range(2):
        with home.running() as daemon:
            daemon.wait_for("flickr.waiting")
    assert len(flickr.record.calls()) == 10
    assert flickr.record.violations == []


def test_a_photo_that_is_also_in_a_folder_is_one_photo(home: Household, flickr: FlickrServer, obama: Path) -> None:
    configure(home, Login(url=flickr.url, **Control(flickr).grant()), max_size=None)
    home.configure(json.loads(home.config.read_text()) | {"folders": [str(home.inbox)]})
    shutil.copy(obama, home.inbox)
    flickr.account.add_photo(obama)
    home.rule({"name": "all", "then": [{"tag": "Seen here"}]})
    with home.running() as daemon:
        daemon.wait_for("flickr.tag_added")
    assert home.json("status")["photos"]["seen"] == 1


def test_an_account_is_handled_once_though_everything_fails_and_the_daemon_is_killed(
    home: Household, flickr: FlickrServer, meadow_jpeg: Path
) -> None:
    flickr.account.add_photos([meadow_jpeg], 20)
    home.rule({"name": "all", "then": [{"copy": f"{home.out}/"}, {"tag": "Seen here"}]})
    flickr.faults.hang_seconds = 3
    flickr.faults.at_random(0.1, seed=3)
    flickr.faults.at_random(0.1, seed=4, room="image")
    for event, count in (("flickr.fetched", 3), ("flickr.tag_added", 2), ("flickr.tag_added", 5)):
        with home.running() as daemon:
            daemon.wait_for(event, count=count, within=60)
            daemon.process.kill()
            daemon.process.wait()
    with home.running():
        wait_until(lambda: tags_of(flickr) == [["Seen here"]] * 20, within=150)
    assert len(home.tree(home.out)) == 20
    assert set(flickr.record.tags_added.values()) == {1}
    assert sum(flickr.record.downloads().values()) <= 20 + 3 * 4
    assert flickr.record.violations == []


def test_changes_on_later_pages_are_met_though_a_look_was_killed_after_the_first(
    home: Household, flickr: FlickrServer, meadow_jpeg: Path
) -> None:
    configure(home, Login(url=flickr.url, **Control(flickr).grant()), downloads_per_hour=10)
    with home.running() as daemon:
        daemon.wait_for("flickr.listed")
    flickr.account.add_photos([meadow_jpeg], 1100)
    for photo in flickr.account.photos.values():
        photo.updated = int(flickr.clock())
    with home.running() as daemon:
        flickr.meanwhile("flickr.photos.recentlyUpdated", after=2, do=daemon.process.kill)
        daemon.process.wait(20)
    with home.running() as daemon:
        daemon.wait_for("flickr.connected")
        wait_until(lambda: sum(home.json("flickr", "status")["photos"].values()) == 1100)
