"""Several accounts on Flickr: each has its own login, photos, tags, budget and source name."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from familiar.errors import UsageError
from familiar.flickr.api.credentials import Credentials, Key, Login
from familiar.flickr.api.errors import StoppedError
from familiar.flickr.sync.connection import check_account
from familiar.model import Tag
from familiar.store.store import Store
from support.flickr_server.control import Control
from support.flickr_server.household import log_in
from support.flickr_server.logins import User
from support.flickr_server.remote import Login as ServerLogin
from support.flickr_server.server import FlickrServer
from support.household import Household
from support.stores import put_store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
BEN = User(nsid="2@N00", username="Ben", fullname="Ben", path_alias="ben")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(put_store(tmp_path), now=lambda: NOON) as opened:
        yield opened


@pytest.fixture
def other() -> Iterator[FlickrServer]:
    """The Flickr of another account."""
    with FlickrServer(user=BEN, first_id=1000) as server:
        yield server


@pytest.fixture
def home(household: Household, flickr: FlickrServer, other: FlickrServer) -> Household:
    """A household that is logged in to two accounts."""
    quick = {"enabled": True, "backoff": 0.1, "timeout": 5, "download_pause": 0}
    accounts = []
    for name, server in (("flickr", flickr), ("ben", other)):
        log_in(
            household,
            ServerLogin(url=server.url, **Control(server).grant()),
            account="" if name == "flickr" else name,
        )
        accounts.append({"name": name, "endpoint": server.url, **quick})
    household.configure({"folders": [], "flickr": accounts})
    return household


def raws(server: FlickrServer) -> list[list[str]]:
    return [[tag.raw for tag in photo.tags] for photo in server.account.own_photos()]


def test_rules_tell_accounts_apart_and_the_same_photo_gets_the_tags_of_each(
    home: Household, flickr: FlickrServer, other: FlickrServer, meadow: Path
) -> None:
    for server in (flickr, other):
        server.account.add_photo(meadow)
    home.rule(
        {"name": "all", "then": [{"tag": "seen"}]},
        {"name": "his", "when": {"source": "ben"}, "then": [{"tag": "of Ben"}]},
        {"name": "hers", "when": {"source": "flickr"}, "then": [{"tag": "of Ana"}]},
    )
    with home.running() as daemon:
        daemon.wait_for("flickr.tag_added", count=4)
        listed = daemon.events("flickr.listed")
    assert {event["account"] for event in listed} == {"flickr", "ben"}
    assert (raws(flickr), raws(other)) == ([["seen", "of Ana"]], [["seen", "of Ben"]])
    home.ask("undo", "--last")
    home.ask("flickr", "push")
    assert sum(map(len, raws(flickr) + raws(other))) < 4
    assert home.json("flickr", "push", "--dry-run") == {"flickr": [], "ben": []}
    assert [account["account"] for account in home.json("status")["flickr"]] == ["ben", "flickr"]


def test_commands_ask_all_accounts_or_the_one_that_is_named(
    home: Household, flickr: FlickrServer, other: FlickrServer, meadow: Path
) -> None:
    flickr.account.add_photo(meadow)
    other.logins.revoke()
    result = home.ask("flickr", "sync", check=False)
    assert result.returncode == 1
    assert result.stdout.startswith("flickr:\n1 handled, 0 waiting")
    assert "\nben:\nStopped: Flickr refuses the login" in result.stdout
    assert home.json("flickr", "status", "--account", "flickr")["photos"]["done"] == 1
    assert home.json("flickr", "status")["ben"]["photos"]["done"] == 0
    wrong = home.ask("flickr", "sync", "--account", "cid", check=False)
    assert "There is no account 'cid' in the configuration; known are flickr, ben." in wrong.stderr
    assert "choose one of flickr, ben" in home.ask("flickr", "login", check=False).stderr


def test_a_caller_of_the_library_names_the_account(home: Household) -> None:
    home.make_store()
    with home.library() as library:
        assert list(library.flickr_accounts) == ["flickr", "ben"]
        assert library.flickr_accounts["ben"].status().username == "Ben"
        assert library.flickr.of("ben").name == "ben"
        with pytest.raises(UsageError, match="There are several accounts on Flickr; choose one of flickr, ben"):
            library.flickr.status()


def test_accounts_have_files_of_their_own_and_use_the_general_key_without_one(tmp_path: Path) -> None:
    general = Credentials(folder=tmp_path / "flickr", given=tmp_path / "given")
    ben = general.of_account("ben")
    general.keep_key(Key(key="general", secret="s"))
    assert ben.key() == Key(key="general", secret="s")
    assert ben.login() is None
    (tmp_path / "given").mkdir()
    login = {"token": "t", "secret": "s", "perms": "read", "nsid": "2@N00", "username": "Ben"}
    (tmp_path / "given" / "flickr-token-ben").write_text(json.dumps(login))
    found = ben.login()
    assert found is not None
    assert found.username == "Ben"
    assert general.login() is None
    ben.keep_key(Key(key="own", secret="s"))
    assert ben.key() == Key(key="own", secret="s")
    assert general.key() == Key(key="general", secret="s")
    assert (tmp_path / "flickr" / "ben" / "flickr-key").stat().st_mode & 0o777 == 0o600


def login_of(nsid: str, username: str) -> Login:
    return Login(token="t", secret="s", perms="write", nsid=nsid, username=username)


def test_a_login_has_one_name_and_a_name_one_login(store: Store) -> None:
    store.of_account("ben").flickr_facts.remember("account", {"nsid": "2@N00", "username": "Ben"})
    check_account(store, "ben", login_of("2@N00", "Ben"))
    check_account(store, "ana", login_of("1@N00", "Ana"))
    with pytest.raises(StoppedError, match="The account 'ben' has the photos of 'Ben', and 'Ana' is logged in"):
        check_account(store, "ben", login_of("1@N00", "Ana"))
    with pytest.raises(StoppedError, match="'Ben' is logged in, whose photos the account 'ben' has; use 'ben'"):
        check_account(store, "ana", login_of("2@N00", "Ben"))


def test_each_account_has_a_budget_and_those_with_one_key_share_its_limit(store: Store) -> None:
    ana, ben = store.of_account("flickr").flickr_calls, store.of_account("ben").flickr_calls
    ana.note("api", 3000)
    assert (ana.last_hour("api"), ben.last_hour("api")) == (3000, 0)
    assert ana.take("api", limit=3000) > 0
    assert ben.take("api", limit=10) == 0
    both = store.of_account("ben", sharing=["flickr"]).flickr_calls
    both.note("api", 598)
    assert both.take("api", limit=3600) == 0
    assert both.take("api", limit=3600) > 0
    assert ben.take("api", limit=3600) == 0


def test_a_wait_that_flickr_asks_one_account_for_holds_up_no_other(store: Store) -> None:
    store.of_account("ben").flickr_calls.pause("api", 600)
    assert store.of_account("flickr").flickr_calls.wait("api", limit=10) == 0
    assert store.of_account("ben").flickr_calls.wait("api", limit=10) == 600


def test_a_tag_is_taken_back_though_its_photo_was_replaced_since_and_has_no_file(store: Store) -> None:
    store._db.conn.execute("INSERT INTO photos (id, hash, verdict, seen_at) VALUES (7, ?, 'seen', '')", ("a" * 64,))
    store._db.conn.execute(
        "INSERT INTO flickr_photos (id, secret, media, state, updated, uploaded, walk, account, photo_id) "
        "VALUES ('1', 's', 'photo', 'listed', 0, 0, 1, 'ben', 7)"
    )
    store.flickr_tags.want_on("1", Tag(text="seen", rule="all"))
    store.flickr_tags.veto(7, "seen", Path("/state/flickr/ben/photos/1_a.jpg"))
    (row,) = store.flickr_tags.of("1")
    assert (row.wanted, row.vetoed) == (False, True)


def test_facts_and_tags_of_accounts_are_kept_apart(store: Store) -> None:
    ana, ben = store.of_account("flickr"), store.of_account("ben")
    for account, id_ in (("flickr", "1"), ("ben", "2")):
        store._db.conn.execute(
            "INSERT INTO flickr_photos (id, secret, media, state, updated, uploaded, walk, account) "
            "VALUES (?, 's', 'photo', 'done', 0, 0, 1, ?)",
            (id_, account),
        )
        store.flickr_tags.want_on(id_, Tag(text="seen", rule="all"))
    ana.flickr_facts.remember("trouble", "a lost login")
    assert (ana.flickr_facts.get("trouble"), ben.flickr_facts.get("trouble")) == ("a lost login", None)
    assert (ana.flickr_tags.open(limit=9), ben.flickr_tags.open(limit=9)) == (["1"], ["2"])
    assert ana.flickr_listing.forget_unmet(2) == 1
    assert (ana.flickr.counts()["gone"], ben.flickr.counts()["gone"]) == (1, 0)
