"""familiar flickr adopt: tags that familiar added before its state was lost."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.flickr_server.account import Photo
from support.flickr_server.control import Control
from support.flickr_server.household import configure, log_in
from support.flickr_server.remote import Login
from support.flickr_server.server import FlickrServer
from support.household import Household


@pytest.fixture
def flickr() -> Iterator[FlickrServer]:
    with FlickrServer() as server:
        yield server


def start_anew(household: Household, flickr: FlickrServer) -> None:
    """Log in and fetch the photos, as with a state folder that was lost."""
    shutil.rmtree(household.state, ignore_errors=True)
    login = Login(url=flickr.url, **Control(flickr).grant())
    log_in(household, login)
    configure(household, login)
    household.ask("flickr", "sync")


@pytest.fixture
def photo(household: Household, flickr: FlickrServer, meadow: Path) -> Photo:
    """A photo with a tag that familiar has added and forgotten, and with three others."""
    household.rule({"name": "seen", "then": [{"tag": tag} for tag in ("Seen here", "by hand", "of a friend")]})
    found = flickr.account.add_photo(meadow, tags=["By Hand", "of a friend", "holiday"])
    found.tags[1] = replace(found.tags[1], author="2@N00")
    flickr.account.add_photo(meadow)
    start_anew(household, flickr)
    household.ask("flickr", "push")
    start_anew(household, flickr)
    household.ask("flickr", "push")
    return found


def remove_rule_tags(household: Household, flickr: FlickrServer, photo: Photo) -> list[str]:
    """Send what is left to do when the rule gives no tags any more; return the tags of the photo."""
    household.rule({"name": "seen", "when": {"faces": 9}, "then": [{"tag": "Seen here"}]})
    household.ask("flickr", "push")
    return [tag.raw for tag in photo.tags]


def test_adopted_tags_are_those_of_the_account_as_rules_write_them_and_go_when_no_rule_gives_them(
    household: Household, flickr: FlickrServer, photo: Photo
) -> None:
    flickr.record.clear()
    plan = household.ask("flickr", "adopt", "--dry-run").stdout.splitlines()
    assert len(plan) == 6
    assert plan[1].split() == [photo.id, "Seen", "here", "seen"]
    assert plan[-1] == "Nothing was changed."
    assert household.ask("flickr", "adopt", "--yes").stdout.splitlines()[-1] == "4 tags adopted."
    assert household.ask("flickr", "adopt", "--yes").stdout == "There is no tag to adopt.\n"
    assert [entry.name for entry in flickr.record.calls()] == ["flickr.photos.getInfo"] * 5
    assert remove_rule_tags(household, flickr, photo) == ["By Hand", "of a friend", "holiday"]


def test_without_a_yes_nothing_is_adopted_and_tags_stay(
    household: Household, flickr: FlickrServer, photo: Photo
) -> None:
    assert household.json("flickr", "adopt")["adopted"] is None
    shown = household.ask("flickr", "adopt").stdout.splitlines()
    assert shown[-1] == "Nothing was changed; --yes adopts 4 tags."
    assert "Seen here" in remove_rule_tags(household, flickr, photo)


def test_a_tag_that_a_person_undid_is_not_adopted(household: Household, flickr: FlickrServer, meadow: Path) -> None:
    household.rule({"name": "seen", "then": [{"tag": "Seen here"}]})
    flickr.account.add_photo(meadow)
    start_anew(household, flickr)
    household.ask("flickr", "push")
    household.ask("undo", "--last")
    assert household.json("flickr", "adopt", "--yes") == {"tags": [], "failures": {}, "adopted": None}


def test_a_photo_that_can_never_be_asked_about_holds_up_no_others_and_is_named(
    household: Household, flickr: FlickrServer, photo: Photo
) -> None:
    (broken,) = flickr.account.photos.keys() - {photo.id}
    flickr.quirks.broken = (broken,)
    result = household.ask("flickr", "adopt", "--yes", check=False)
    assert result.returncode == 1
    assert result.stderr.startswith(f"failed for now: {broken}: ")
    assert result.stdout.splitlines()[-1] == "1 tag adopted."
    flickr.quirks.broken = ()
    assert household.ask("flickr", "adopt", "--yes").stdout.splitlines()[-1] == "3 tags adopted."
