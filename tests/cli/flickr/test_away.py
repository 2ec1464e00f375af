"""Commands end in about a minute where Flickr does not answer, or not whole; with the time limits that users have."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.flickr_server.control import Control
from support.flickr_server.household import configure, log_in
from support.flickr_server.remote import Login
from support.flickr_server.server import FlickrServer
from support.household import Household

pytestmark = pytest.mark.long

PHOTOS = 6
MOST = 75.0
"""Seconds: about a minute, and what a busy machine takes to start."""


@pytest.fixture
def flickr() -> Iterator[FlickrServer]:
    with FlickrServer() as server:
        server.faults.hang_seconds = 3600
        yield server


@pytest.fixture
def login(household: Household, flickr: FlickrServer) -> Login:
    login = Login(url=flickr.url, **Control(flickr).grant())
    log_in(household, login)
    household.rule({"name": "all", "then": [{"tag": "seen"}]})
    return login


@pytest.mark.parametrize("fault", ["drip", "hang", "503", "error:201"])
def test_a_push_without_a_whole_answer_ends_with_1_in_about_a_minute_and_loses_nothing(
    household: Household, flickr: FlickrServer, login: Login, meadow: Path, fault: str
) -> None:
    configure(household, login)
    flickr.account.add_photos([meadow], PHOTOS)
    household.ask("flickr", "sync")
    configure(household, login, backoff=2, timeout=30)
    flickr.faults.next(fault, times=999)
    began = time.monotonic()
    result = household.call("flickr", "push", check=False)
    assert time.monotonic() - began < MOST
    assert result.returncode == 1
    assert "error: Flickr does not answer (" in result.stderr
    assert result.stdout.endswith(f" {PHOTOS} still waiting.\n")
    flickr.faults.stop()
    assert household.json("flickr", "push")["added"] == PHOTOS


def test_a_daemon_to_which_no_file_comes_tries_only_now_and_then_and_continues_when_one_does(
    household: Household, flickr: FlickrServer, login: Login, meadow: Path
) -> None:
    configure(household, login, backoff=1, downloads=16)
    flickr.account.add_photos([meadow], 600)
    flickr.faults.next("503", method="image", times=1_000_000)
    with household.running() as daemon:
        daemon.wait_for("flickr.failed", within=60)
        time.sleep(45)  # until it is known that nothing answers
        tried = sum(entry.room == "image" for entry in flickr.record.entries)
        time.sleep(35)
        again = sum(entry.room == "image" for entry in flickr.record.entries) - tried
        assert again <= 12, "two trials, of six tries at most"
        flickr.faults.stop()
        daemon.wait_for("flickr.tag_added", count=600, within=200)


@pytest.mark.parametrize("fault", ["drip", "503"])
def test_a_sync_of_which_no_file_arrives_ends_with_1_in_about_a_minute_and_continues_later(
    household: Household, flickr: FlickrServer, login: Login, meadow: Path, fault: str
) -> None:
    configure(household, login, backoff=2, timeout=30, download_pause=0.5)
    flickr.account.add_photos([meadow], 12 * PHOTOS)
    flickr.faults.next(fault, method="image", times=999)
    began = time.monotonic()
    result = household.call("flickr", "sync", check=False)
    assert time.monotonic() - began < MOST
    assert (result.returncode, "the image servers of Flickr do not answer" in result.stdout) == (1, True)
    flickr.faults.stop()
    configure(household, login)
    household.ask("flickr", "sync", check=False)
    assert household.json("flickr", "status")["photos"]["refused"] == 0
