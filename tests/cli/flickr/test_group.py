"""familiar flickr as a user meets it, against a server of the tests."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image

from familiar.cli.flickr.log import WaitReporter
from familiar.store.store import Store
from support.flickr_server.control import Control
from support.flickr_server.household import configure, log_in
from support.flickr_server.remote import Login
from support.flickr_server.server import FlickrServer
from support.household import Household, command
from support.log import CheckedLog, check_events, events_in
from support.videos import write_video


@pytest.fixture
def flickr() -> Iterator[FlickrServer]:
    with FlickrServer() as server:
        yield server


@pytest.fixture
def account(household: Household, flickr: FlickrServer) -> Login:
    """A household that is logged in."""
    login = Login(url=flickr.url, **Control(flickr).grant())
    log_in(household, login)
    configure(household, login)
    return login


def names_rule(household: Household, *more: dict[str, object]) -> None:
    household.rule({"name": "names", "when": {"person": "any"}, "then": [{"tag": "{person}"}]}, *more)


def log_in_by_hand(
    household: Household, flickr: FlickrServer, *arguments: str, key: str = "", wrong: Sequence[str] = ()
) -> tuple[int, str, str]:
    """Answer what the login asks for, at first with wrong numbers; return status, output and all that was shown."""
    asked = subprocess.Popen(
        command("flickr", "login", *arguments),
        env=household.whole_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert asked.stdin is not None
    assert asked.stderr is not None
    if key:
        asked.stdin.write(f"{key}\n{flickr.logins.secret}\n")
        asked.stdin.flush()
    shown, mistyped = "", list(wrong)
    for line in asked.stderr:
        shown += line
        if "/authorize?" in line:
            verifier = flickr.verifier(line.split("  ")[-1].strip())
            is_last = not mistyped
            asked.stdin.write((verifier if is_last else mistyped.pop()) + "\n")
            asked.stdin.flush()
            if is_last:
                break
    output, rest = asked.communicate(timeout=120)
    return asked.returncode, output, shown + rest


def test_after_a_wrong_number_the_key_is_not_asked_for_again(household: Household, flickr: FlickrServer) -> None:
    household.configure({"flickr": {"endpoint": flickr.url}})
    wrong = ("000-000-000", "what?")
    status, output, shown = log_in_by_hand(household, flickr, key=flickr.logins.key, wrong=wrong)
    assert status == 0
    assert output.startswith("Logged in as Ana María")
    assert shown.count("the number is not the one that Flickr showed") == 2


def test_a_login_asks_for_key_and_number_and_keeps_both_to_itself(household: Household, flickr: FlickrServer) -> None:
    household.configure({"flickr": {"endpoint": flickr.url}})
    status, output, shown = log_in_by_hand(household, flickr, "--perms", "read", key=flickr.logins.key)
    assert (status, output) == (0, "Logged in as Ana María (35034348999@N01), access: read.\n")
    assert flickr.logins.secret not in shown
    kept = {path.name: path.stat().st_mode & 0o777 for path in (household.state / "flickr").iterdir()}
    assert kept == {"flickr-key": 0o600, "flickr-token": 0o600}
    status, output, _ = log_in_by_hand(household, flickr, "--json")
    assert json.loads(output) == {"username": "Ana María", "nsid": "35034348999@N01", "perms": "write"}
    shown = household.ask("flickr", "status").stdout
    assert "account: Ana María (35034348999@N01), access: write" in shown
    assert "calls in the last hour: 4 of 3600" in shown


def test_a_wrong_key_and_a_wrong_clock_are_told_as_such(household: Household, flickr: FlickrServer) -> None:
    household.configure({"flickr": {"endpoint": flickr.url}})
    status, _, shown = log_in_by_hand(household, flickr, key="wrong")
    assert (status, "refuses the API key" in shown) == (1, True)
    flickr.logins.skew_seconds = 3600
    status, _, shown = log_in_by_hand(household, flickr, key=flickr.logins.key)
    assert (status, "the clock is wrong" in shown) == (1, True)
    assert not (household.state / "flickr").exists()


def test_without_a_login_each_command_says_how_to_log_in(household: Household) -> None:
    household.make_store()
    for words in (("sync",), ("push",)):
        result = household.ask("flickr", *words, check=False)
        assert result.returncode == 1
        assert "Not logged in to Flickr; use familiar flickr login" in result.stderr
    assert "account: not logged in" in household.ask("flickr", "status").stdout
    assert household.json("flickr", "push", "--dry-run") == []


def test_a_state_folder_belongs_to_one_account(household: Household, flickr: FlickrServer, account: Login) -> None:
    household.ask("flickr", "sync")
    token = household.state / "flickr" / "flickr-token"
    token.write_text(json.dumps(json.loads(token.read_text()) | {"nsid": "2@N00", "username": "Bob"}))
    result = household.ask("flickr", "sync", check=False)
    assert result.returncode == 1
    assert "has the photos of 'Ana María', and 'Bob' is logged in" in result.stdout


def test_photos_come_down_and_names_go_up_and_follow_what_is_known(
    household: Household, flickr: FlickrServer, account: Login, obama: Path, obama2: Path, biden: Path
) -> None:
    one, two, other = (flickr.account.add_photo(photo, tags=["office"]) for photo in (obama, obama2, biden))
    household.ask("people", "add", "Barack Obama", obama)
    names_rule(household, {"name": "album", "when": {"person": "any"}, "then": [{"copy": f"{household.out}/"}]})
    summary = household.json("flickr", "sync")
    assert (summary["handled"], summary["failed"], summary["tags"]["to_add"]) == (3, 0, 2)
    assert len(household.tree(household.out)) == 2
    dry = household.json("flickr", "push", "--dry-run")
    assert {(change["photo"], change["would"], change["tag"]) for change in dry} == {
        (one.id, "add", "Barack Obama"),
        (two.id, "add", "Barack Obama"),
    }
    assert flickr.record.tags_sent == {}
    assert household.json("flickr", "push")["added"] == 2
    household.ask("people", "rename", "Barack Obama", "Barack H. Obama")
    assert household.json("flickr", "push") | {"kept": 0} == {
        "added": 2, "removed": 2, "kept": 0, "refused": 0, "failed": 0, "to_add": 0, "to_remove": 0, "failures": {},
        "trouble": None,
    }  # fmt: skip
    assert [[tag.raw for tag in photo.tags] for photo in (one, two, other)] == [
        ["office", "Barack H. Obama"],
        ["office", "Barack H. Obama"],
        ["office"],
    ]
    household.rule({"name": "nothing", "then": ["stop"]})
    assert household.json("flickr", "push", "--dry-run") == []
    assert flickr.record.violations == []


def test_a_tag_that_was_undone_is_taken_off_and_not_given_again(
    household: Household, flickr: FlickrServer, account: Login, obama: Path
) -> None:
    photo = flickr.account.add_photo(obama)
    household.ask("people", "add", "Barack Obama", obama)
    names_rule(household)
    household.ask("flickr", "sync")
    household.ask("flickr", "push")
    undone = household.json("undo", "--last")["undone"]
    assert [(step["kind"], step["target"]) for step in undone] == [("tag", "Barack Obama")]
    assert household.json("flickr", "push")["removed"] == 1
    assert household.json("flickr", "push")["added"] == 0
    assert photo.tags == []


def test_files_are_removed_when_all_is_done_with_them_and_copies_can_be_undone(
    household: Household, flickr: FlickrServer, account: Login, obama: Path, biden: Path
) -> None:
    configure(household, account, keep="none")
    for photo in (obama, biden):
        flickr.account.add_photo(photo)
    household.rule({"name": "album", "then": [{"copy": f"{household.out}/"}, {"crop": {"to": f"{household.out}/f/"}}]})
    household.ask("flickr", "sync")
    assert list((household.state / "flickr" / "photos").iterdir()) == []
    assert len(household.tree(household.out)) == 4
    assert household.json("status")["photos"]["faces"] == 2
    household.ask("undo", "--since", "1h")
    assert household.tree(household.out) == {}
    assert household.json("flickr", "sync")["handled"] == 0


def test_the_cache_keeps_to_its_limit(
    household: Household, flickr: FlickrServer, account: Login, shared_photos: Path
) -> None:
    configure(household, account, cache=1, max_size=None)
    large = [path for path in sorted((shared_photos / "people").rglob("*.jpg")) if path.stat().st_size > 150_000][:12]
    for photo in large:
        flickr.account.add_photo(photo)
    household.ask("flickr", "sync")
    kept = [path.stat().st_size for path in (household.state / "flickr" / "photos").iterdir()]
    assert 0 < sum(kept) <= 1_000_000
    assert household.json("flickr", "status")["photos"]["done"] == len(large)


def test_a_photo_that_is_also_in_a_folder_is_recognised_by_its_content(
    household: Household, flickr: FlickrServer, account: Login, obama: Path
) -> None:
    photo = flickr.account.add_photo(obama)
    household.ask("people", "add", "Barack Obama", obama)
    (household.inbox / "mine.jpg").write_bytes(obama.read_bytes())
    names_rule(household)
    household.scan(household.inbox)
    configure(household, account, max_size=None)
    told = household.ask("flickr", "sync", "--log-format", "json", "--log-level", "debug").stderr
    check_events(told)
    log = events_in(told)
    assert "photo.seen" not in [event["event"] for event in log]
    household.ask("flickr", "push")
    assert [tag.raw for tag in photo.tags] == ["Barack Obama"]
    assert household.json("status")["photos"]["seen"] == 1


def test_a_photo_that_came_from_flickr_is_sorted_by_the_rules_when_it_comes_to_a_folder(
    household: Household, flickr: FlickrServer, account: Login, meadow: Path, tmp_path: Path
) -> None:
    mine = household.inbox / "mine.jpg"
    with Image.open(meadow) as image:
        image.save(mine)
    flickr.account.add_photo(Path(shutil.copy(mine, tmp_path)))
    configure(household, account, max_size=None)
    household.rule({"name": "tidy", "then": [{"move": f"{household.out}/"}]})
    refused = household.ask("flickr", "sync", "--log-format", "json").stderr
    assert "a photo on Flickr is not moved; copy it" in refused
    household.scan(household.inbox)
    assert set(household.tree(household.inbox, household.out)) == {"out/mine.jpg"}


def test_a_video_comes_down_as_a_video_if_that_is_wanted(
    household: Household, flickr: FlickrServer, account: Login, obama: Path, tmp_path: Path
) -> None:
    flickr.account.add_photo(obama, video=write_video(tmp_path / "film.mp4", [(obama, 1.0)]))
    household.ask("flickr", "sync")
    assert household.json("flickr", "status")["photos"]["left"] == 1
    configure(household, account, videos=True, full_every=1e-9)
    household.ask("flickr", "sync")
    assert household.json("flickr", "status")["photos"]["done"] == 1
    assert [path.suffix for path in (household.state / "flickr" / "photos").iterdir()] == [".mp4"]
    assert household.json("status")["photos"]["faces"] == 1


def test_what_can_not_be_fetched_is_told_and_the_rest_comes(
    household: Household, flickr: FlickrServer, account: Login, obama: Path, biden: Path
) -> None:
    flickr.account.add_photo(biden)
    flickr.account.add_photo(obama)
    flickr.faults.next("half", method="image", times=1)
    lost = flickr.account.add_photo(obama)
    flickr.meanwhile("flickr.people.getPhotos", after=1, do=lambda: flickr.account.delete_photo(lost.id))
    summary = household.json("flickr", "sync")
    assert (summary["handled"], summary["failed"], summary["refused"]) == (2, 0, 0)
    status = household.json("flickr", "status")
    assert status["photos"] | {"listed": 0} == {
        "listed": 0, "fetched": 0, "done": 2, "left": 0, "refused": 0, "gone": 1,
    }  # fmt: skip


def test_albums_are_shown_with_their_ids_and_whether_their_photos_are_fetched(
    household: Household, flickr: FlickrServer, account: Login, astronaut: Path
) -> None:
    assert household.ask("flickr", "albums").stdout == "0 albums.\n"
    photos = [flickr.account.add_photo(astronaut).id for _ in range(2)]
    sea, sky = flickr.account.add_album("Sea 🌊", photos), flickr.account.add_album("Sky/Blue", photos[:1])
    configure(household, account, albums=["sea*"])
    assert household.json("flickr", "albums") == [
        {"id": sea.id, "title": "Sea 🌊", "photos": 2, "chosen": True},
        {"id": sky.id, "title": "Sky/Blue", "photos": 1, "chosen": False},
    ]
    shown = household.ask("flickr", "albums").stdout.splitlines()
    assert [line.split() for line in shown] == [
        ["id", "title", "photos", "fetched"],
        [sea.id, "Sea", "🌊", "2", "yes"],
        [sky.id, "Sky/Blue", "1", "no"],
        ["2", "albums."],
    ]


def test_status_and_doctor_tell_of_flickr(
    household: Household, flickr: FlickrServer, account: Login, obama: Path
) -> None:
    flickr.account.add_photo(obama)
    household.ask("flickr", "sync")
    assert "Flickr: 1 photo of Ana María done, 0 waiting; 0 tags waiting" in household.ask("status").stdout
    findings = {finding["subject"]: finding for finding in household.json("doctor")}
    assert findings["Flickr"]["detail"] == "logged in as Ana María, access: write"
    flickr.logins.revoke()
    result = household.ask("flickr", "sync", check=False)
    assert result.returncode == 1
    assert "log in again: familiar flickr login" in result.stdout
    assert "Flickr: stopped: Flickr refuses the login" in household.ask("status").stdout
    broken = household.ask("doctor", "--json", check=False)
    assert broken.returncode == 1
    assert "log in again" in broken.stdout
    assert household.ask("flickr", "push").stdout.startswith("0 tags added")
    assert "stopped: Flickr refuses the login" in household.ask("flickr", "status").stdout, "push has asked nothing"
    log_in(household, Login(url=flickr.url, **Control(flickr).grant()))
    household.ask("flickr", "albums")
    assert "stopped" not in household.ask("flickr", "status").stdout


def test_push_tries_at_once_what_failed_before_and_says_what_still_waits(
    household: Household, flickr: FlickrServer, account: Login, obama: Path
) -> None:
    photo = flickr.account.add_photo(obama)
    household.ask("people", "add", "Barack Obama", obama)
    configure(household, account, backoff=0.01)
    names_rule(household)
    household.ask("flickr", "sync")
    flickr.faults.next("503", times=12)
    for _ in range(2):
        result = household.ask("flickr", "push", check=False)
        assert result.returncode == 1
        assert result.stdout.endswith("1 failed for now. 1 still waiting.\n")
        assert "failed for now: 1 tag: HTTP 503\n" in result.stderr
        assert "not sent for now: 1 tag: HTTP 503\n" in household.ask("flickr", "status").stdout
    assert household.json("flickr", "push")["added"] == 1
    assert household.json("flickr", "status")["tag_failures"] == {}
    assert [tag.raw for tag in photo.tags] == ["Barack Obama"]


def test_a_push_without_a_network_ends_with_1_and_says_so_and_loses_nothing(
    household: Household, flickr: FlickrServer, account: Login, meadow: Path
) -> None:
    household.rule({"name": "all", "then": [{"tag": "seen"}]})
    flickr.account.add_photos([meadow], 5)
    household.ask("flickr", "sync")
    calls = household.json("flickr", "status")["calls"]["last_hour"]
    configure(household, account, endpoint="http://127.0.0.1:9", backoff=0.01)
    result = household.ask("flickr", "push", check=False)
    assert result.returncode == 1
    assert "error: Flickr does not answer (no answer: " in result.stderr
    assert result.stdout.endswith("3 failed for now. 5 still waiting.\n")
    assert household.json("flickr", "status")["calls"]["last_hour"] == calls
    configure(household, account)
    assert household.json("flickr", "push")["added"] == 5


def test_a_push_that_is_not_allowed_any_more_says_what_it_has_sent_before(
    household: Household, flickr: FlickrServer, account: Login, meadow: Path
) -> None:
    household.rule({"name": "all", "then": [{"tag": "seen"}]})
    flickr.account.add_photos([meadow], 3)
    household.ask("flickr", "sync")
    flickr.faults.next("error:99", method="flickr.photos.addTags", after=1)
    result = household.ask("flickr", "push", check=False)
    assert result.returncode == 1
    assert result.stdout == "1 tag added, 0 removed before the error.\n"
    assert household.json("flickr", "push")["added"] == 2


def test_status_says_until_when_flickr_has_asked_to_wait(household: Household, account: Login) -> None:
    household.ask("flickr", "sync")
    with Store(household.state / "familiar.db") as store:
        store.flickr_calls.pause("api", 3600)
    (wait,) = household.json("flickr", "status")["waits"]
    assert wait["what"] == "api"
    assert wait["reason"].startswith("Flickr asks to wait until ")
    assert f"waiting: {wait['reason']}\n" in household.ask("flickr", "status").stdout


def test_who_sees_no_log_is_told_of_waits_in_plain_words(capsys: pytest.CaptureFixture[str]) -> None:
    log = CheckedLog()
    WaitReporter(log).emit(
        "flickr.waiting", account="flickr", what="api", seconds=60.0, reason="Flickr asks to wait until 19:38"
    )
    assert capsys.readouterr().err == "Flickr asks to wait until 19:38.\n"
    assert len(log.of("flickr.waiting")) == 1


def test_a_tag_that_a_name_makes_too_long_stands_in_status_until_the_rule_gives_another(
    household: Household, flickr: FlickrServer, account: Login, obama: Path
) -> None:
    photo = flickr.account.add_photo(obama)
    household.ask("people", "add", "Barack Obama", obama)
    household.rule({"name": "long", "when": {"person": "any"}, "then": [{"tag": "y" * 250 + " {person}"}]})
    told = household.ask("flickr", "sync").stderr
    assert [event["event"] for event in events_in(told) if "refused" in event["event"]].count("flickr.tag_refused") == 1
    (refused,) = household.json("flickr", "status")["refused_tags"]
    assert refused["photo"] == photo.id
    assert "has 263 characters; the limit of Flickr is 255" in refused["reason"]
    assert f" {'y' * 59}… " in household.ask("flickr", "status").stdout
    assert household.json("flickr", "push", "--retry")["to_add"] == 0
    assert len(household.json("flickr", "status")["refused_tags"]) == 1
    names_rule(household)
    assert household.json("flickr", "push")["added"] == 1
    assert household.json("flickr", "status")["refused_tags"] == []
