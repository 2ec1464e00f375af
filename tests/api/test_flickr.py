"""`Library.flickr`: a login, photos and tags, against a server of the tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from familiar import Library
from familiar.errors import UsageError
from familiar.flickr.api.credentials import Key
from familiar.flickr.api.errors import NoLoginError
from support.flickr_server.account import Account
from support.flickr_server.control import Control
from support.flickr_server.household import configure, log_in
from support.flickr_server.remote import Login
from support.flickr_server.server import FlickrServer
from support.household import Household
from support.log import CheckedLog


@pytest.fixture
def flickr() -> Iterator[FlickrServer]:
    with FlickrServer() as server:
        yield server


@pytest.fixture
def account(household: Household, flickr: FlickrServer) -> Account:
    """The account that the household is logged in to."""
    login = Login(url=flickr.url, **Control(flickr).grant())
    log_in(household, login)
    configure(household, login)
    return flickr.account


@pytest.fixture
def opened(household: Household, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.setenv("CACHE_DIRECTORY", household.whole_environment()["CACHE_DIRECTORY"])
    with household.library() as library:
        yield library


def test_a_caller_logs_in_by_an_address_and_a_number(
    household: Household, flickr: FlickrServer, opened: Library
) -> None:
    household.configure({"flickr": {"endpoint": flickr.url}})
    with pytest.raises(UsageError, match="No API key is stored; create one at flickr.com/services/apps/create"):
        opened.flickr.begin_login()
    assert not household.state.exists()
    attempt = opened.flickr.begin_login(perms="read", key=Key(key=flickr.logins.key, secret=flickr.logins.secret))
    login = attempt.complete(flickr.verifier(attempt.address))
    assert (login.username, login.perms, login.may_write) == ("Ana María", "read", False)
    status = opened.flickr.status()
    assert (status.username, status.perms, status.calls.last_hour, status.listed_at) == ("Ana María", "read", 2, None)
    assert opened.flickr.key() == Key(key=flickr.logins.key, secret=flickr.logins.secret)


def test_photos_come_down_and_tags_go_up(household: Household, account: Account, opened: Library, meadow: Path) -> None:
    household.rule({"name": "empty", "when": {"faces": 0}, "then": [{"tag": "nobody"}]})
    photo = account.add_photo(meadow)
    result = opened.flickr.sync()
    assert (result.handled, result.photos, result.tags["to_add"], result.is_complete) == (1, 1, 1, True)
    (change,) = opened.flickr.tag_changes()
    assert (change.photo, change.would, change.tag, change.rule) == (photo.id, "add", "nobody", "empty")
    pushed = opened.flickr.push()
    assert (pushed.added, pushed.is_complete, pushed.refusals) == (1, True, ())
    assert [tag.raw for tag in photo.tags] == ["nobody"]
    status = opened.flickr.status()
    assert (status.photos["done"], status.tags["added"], status.waits) == (1, 1, ())
    assert status.listed_at is not None
    assert status.listed_at.tzinfo is not None


def test_a_push_matches_again_at_once_when_the_threshold_has_changed(
    household: Household, account: Account, opened: Library, obama: Path, obama2: Path
) -> None:
    household.rule({"name": "names", "when": {"person": "any"}, "then": [{"tag": "{person}"}]})
    photo = account.add_photo(obama2)
    opened.people.add("Barack Obama", [obama])
    opened.flickr.sync()
    assert opened.flickr.push().added == 1
    wary = household.base / "wary.yaml"
    wary.write_text(
        household.config.read_text().replace("{", '{"matching": {"threshold": 0.01}, "wait_for_daemon": 0, ', 1)
    )
    os.link(household.rules, wary.with_name("rules.yaml"))
    with Library.open(household.state, config=wary) as library:
        assert library.flickr.push().removed == 1
    assert photo.tags == []


def test_tags_follow_a_decision_about_people_and_its_undo(
    household: Household, flickr: FlickrServer, opened: Library, obama: Path, obama2: Path
) -> None:
    login = Login(url=flickr.url, **Control(flickr).grant())
    log_in(household, login)
    configure(household, login)
    household.rule({"name": "names", "when": {"person": "any"}, "then": [{"tag": "{person}"}]})
    photo = flickr.account.add_photo(obama2)
    opened.people.add("Barack", [obama])
    opened.flickr.sync()
    found = []
    for decide in (
        lambda: opened.people.rename("Barack", "Barack Obama"),
        opened.people.undo,
        lambda: opened.people.remove("Barack"),
        opened.people.undo,
    ):
        decide()
        opened.flickr.push()
        found.append([tag.raw for tag in photo.tags])
    assert found == [["Barack Obama"], ["Barack"], [], ["Barack"]]


def test_a_tag_follows_what_flickr_says_of_its_photo_and_is_no_reason_for_itself(
    household: Household, account: Account, opened: Library, meadow: Path
) -> None:
    when = {"visibility": "private", "media": "photo", "tags": "holiday", "not": {"tags": "for us"}}
    household.rule({"name": "ours", "when": when, "then": [{"tag": "for us"}]})
    photo = account.add_photo(meadow, is_public=False, tags=["Holiday"])
    found = []
    for is_public in (False, False, True):
        account.set_public(photo.id, is_public)
        opened.flickr.sync()
        opened.flickr.push()
        found.append([tag.raw for tag in photo.tags])
    assert found == [["Holiday", "for us"], ["Holiday", "for us"], ["Holiday"]]


def test_a_tag_is_adopted_once_and_the_log_says_so(
    household: Household, account: Account, opened: Library, meadow: Path
) -> None:
    household.rule({"name": "empty", "when": {"faces": 0}, "then": [{"tag": "nobody"}]})
    photo = account.add_photo(meadow, tags=["nobody"])
    opened.flickr.sync()
    tags = opened.flickr.adoptable_tags()
    assert [(tag.photo, tag.tag, tag.rule) for tag in tags.tags] == [(photo.id, "nobody", "empty")]
    log = CheckedLog()
    with Library.open(household.state, config=household.config, log=log) as library:
        assert [library.flickr.adopt(tags.tags) for _ in range(2)] == [1, 0]
    assert log.of("flickr.tag_adopted") == [{"photo": photo.id, "tag": "nobody"}]


def test_without_a_login_nothing_is_made(household: Household, opened: Library) -> None:
    with pytest.raises(NoLoginError, match="Not logged in to Flickr; use familiar flickr login"):
        opened.flickr.sync()
    assert not household.state.exists()
