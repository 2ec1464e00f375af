"""What owners say of their photos on Flickr, from there to rules, copies and their sidecars."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from familiar import Library
from familiar.xmp.rdf import Packet
from support.flickr_server.account import Account, Photo
from support.flickr_server.control import Control
from support.flickr_server.household import configure, log_in
from support.flickr_server.remote import Login
from support.flickr_server.server import FlickrServer
from support.household import Household

UPLOADED = datetime(2012, 6, 15, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def account(household: Household, flickr: FlickrServer) -> Account:
    """The account that the household is logged in to."""
    login = Login(url=flickr.url, **Control(flickr).grant())
    log_in(household, login)
    configure(household, login, max_size=240)
    return flickr.account


@pytest.fixture
def opened(household: Household, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.setenv("CACHE_DIRECTORY", household.whole_environment()["CACHE_DIRECTORY"])
    with household.library() as library:
        yield library


def copies(household: Household) -> list[str]:
    return sorted(str(path.relative_to(household.out)) for path in household.out.rglob("*.*g"))


def raws(photo: Photo) -> list[str]:
    return [tag.raw for tag in photo.tags]


def test_the_date_of_a_photo_is_that_of_its_owner_and_otherwise_that_of_the_upload(
    household: Household, account: Account, opened: Library, meadow: Path
) -> None:
    dated, upload = "{taken:%Y-%m-%d}/{name}", "upload {taken:%Y|undated}/{taken:%Y}/"
    household.rule(
        {"name": "dated", "when": {"taken": {"source": "flickr"}}, "then": [{"copy": f"{household.out}/{dated}"}]},
        {"name": "others", "when": {"taken": {"source": "upload"}}, "then": [{"copy": f"{household.out}/{upload}"}]},
    )  # fmt: skip

    def add(**said: Any) -> str:
        return account.add_photo(meadow, marked=True, uploaded=UPLOADED, **said).id

    old = add(taken="1839-01-01 00:00:00", granularity=8)
    add(taken="2004-05-06 07:08:09")
    unknown = add()
    opened.flickr.sync()
    assert [name.rpartition("/")[0] for name in copies(household)] == [
        "1839-01-01", "2004-05-06", "upload undated/2012",
    ]  # fmt: skip
    times = {path.parent.name: path.stat().st_mtime for path in household.out.rglob("*.jpg")}
    assert times["2004-05-06"] == datetime(2004, 5, 6, 7, 8, 9).timestamp()
    assert times["2012"] == UPLOADED
    assert times["1839-01-01"] in {UPLOADED, datetime(1839, 1, 1).timestamp()}, "as old as the file system can have it"
    account.edit_photo(old, taken="1840-01-01 00:00:00")
    account.edit_photo(unknown, title="a title that no rule asks for")
    for _ in range(2):
        opened.flickr.sync()
    assert [name.rpartition("/")[0] for name in copies(household)] == [
        "1839-01-01", "1840-01-01", "2004-05-06", "upload undated/2012",
    ]  # fmt: skip
    dates = {row["taken"]: row["taken_source"] for row in exported(opened, household)}
    assert dates == {"1840-01-01T00:00:00": "flickr", "2004-05-06T07:08:09": "flickr", None: None}


def test_a_photo_is_copied_for_each_of_its_albums_and_once_more_when_it_comes_into_another_one(
    household: Household, flickr: FlickrServer, account: Account, opened: Library, meadow: Path
) -> None:
    configure(household, Login(url=flickr.url, **Control(flickr).grant()), max_size=240, albums=["S*", "none"])
    target = f"{household.out}/{{album:|unsorted}}/{{title}}-{{id}}{{suffix}}"
    household.rule({"name": "all", "when": {"not": {"album": "Sun"}}, "then": [{"copy": target}]})
    first, second, third = (account.add_photo(meadow, marked=True, title="Sea 🌊").id for _ in range(3))
    account.add_album("Summer/1", [first])
    other = account.add_album("Spring", [first])
    account.add_album("Winter", [third])
    opened.flickr.sync()
    before = [f"Spring/Sea 🌊-{first}.jpg", f"Summer_1/Sea 🌊-{first}.jpg", f"unsorted/Sea 🌊-{second}.jpg"]
    assert copies(household) == before
    account.edit_album(other.id, add=[second, third], remove=[first])
    for _ in range(2):
        opened.flickr.sync()
    new = [f"Spring/Sea 🌊-{second}.jpg", f"Spring/Sea 🌊-{third}.jpg", f"Winter/Sea 🌊-{third}.jpg"]
    assert copies(household) == sorted([*before, *new])
    said = sorted((row["title"], row["albums"]) for row in exported(opened, household))
    assert said == [("Sea 🌊", ["Spring"]), ("Sea 🌊", ["Spring", "Winter"]), ("Sea 🌊", ["Summer/1"])]


def test_of_two_uploads_of_one_content_each_gets_its_own_tags_and_loses_its_own(
    household: Household, account: Account, opened: Library, meadow: Path
) -> None:
    open_ = account.add_photo(meadow, title="Sea", is_public=True, uploaded=UPLOADED)
    private = account.add_photo(meadow, title="Sky", is_public=False, uploaded=UPLOADED + 1)
    household.rule(
        {"name": "private", "when": {"visibility": "private"}, "then": [{"tag": "Secret Name"}, {"tag": "of {title}"}]},
        {"name": "public", "when": {"visibility": "public"}, "then": [{"tag": "seen"}]},
        {"name": "all", "then": [{"tag": "all"}]},
    )
    assert opened.flickr.sync().tags["to_add"] == 2 + 3
    opened.flickr.push()
    assert [raws(open_), raws(private)] == [["seen", "all"], ["Secret Name", "of Sky", "all"]]
    opened.undo(last=True)
    opened.flickr.push()
    assert sorted("all" in raws(photo) for photo in (open_, private)) == [False, True]
    account.set_public(private.id, True)
    opened.flickr.sync()
    opened.flickr.push()
    assert set(raws(private)) in ({"seen"}, {"seen", "all"})
    assert opened.flickr.tag_changes() == []


def test_each_upload_of_one_content_is_copied_as_rules_say_at_once_and_once(
    household: Household, flickr: FlickrServer, account: Account, opened: Library, meadow: Path
) -> None:
    configure(household, Login(url=flickr.url, **Control(flickr).grant()), max_size=240, keep="none")
    household.rule({"name": "all", "then": [{"copy": f"{household.out}/{{title}}{{suffix}}"}]})
    for title in ("Sea", "Sky", "Sea"):
        account.add_photo(meadow, title=title, uploaded=UPLOADED)
    opened.flickr.sync()
    assert copies(household) == ["Sea.jpg", "Sky.jpg"]
    account.add_photo(meadow, title="Later")
    assert [opened.flickr.sync().handled for _ in range(2)] == [1, 0]
    assert copies(household) == ["Later.jpg", "Sea.jpg", "Sky.jpg"]


def test_what_was_done_for_a_photo_is_not_done_again_when_flickr_says_something_else(
    household: Household, flickr: FlickrServer, account: Account, opened: Library, meadow: Path, obama: Path
) -> None:
    configure(household, Login(url=flickr.url, **Control(flickr).grant()), max_size=None, keep="none")
    household.rule({"name": "all", "then": [{"copy": f"{household.out}/{{title}}/"}]})
    shutil.copy(obama, household.inbox)
    household.configure(json.loads(household.config.read_text()) | {"folders": [str(household.inbox)]})
    opened.scan()
    photo = account.add_photo(meadow, title="first", uploaded=UPLOADED).id
    same = account.add_photo(obama, title="the same as in the folder", uploaded=UPLOADED).id
    opened.flickr.sync()
    assert copies(household) == ["first/" + name_of(account, photo), "obama/obama.jpg"]
    opened.undo(last=True)
    assert copies(household) == ["obama/obama.jpg"]
    for title in ("first", "second", "first"):
        account.edit_photo(photo, title=title)
        account.edit_photo(same, title=f"{title}, the same")
        opened.flickr.sync()
    assert copies(household) == ["obama/obama.jpg", "second/" + name_of(account, photo)]
    assert not any(path.is_file() for path in (household.state / "flickr" / "photos").iterdir())
    downloads = sum(count for path, count in flickr.record.downloads().items() if photo in path)
    assert downloads == 2, "once at first, and once for the second title"


def name_of(account: Account, photo: str) -> str:
    """Return the name of the fetched original of a photo."""
    return f"{photo}_{account.photos[photo].secret}.png"


def test_what_the_owner_says_is_in_the_sidecar_of_a_copy_and_follows_changes(
    household: Household, flickr: FlickrServer, account: Account, opened: Library, meadow: Path
) -> None:
    login = Login(url=flickr.url, **Control(flickr).grant())
    configure(household, login, max_size=240, albums="all")
    household.configure(json.loads(household.config.read_text()) | {"sidecars": {"write": True}})
    copy = {"copy": f"{household.out}/{{title}}-{{id}}{{suffix}}"}
    household.rule({"name": "all", "then": [copy, {"tag": "By familiar"}]})
    title = f"{'日本 Море بحر 🌊 ' * 9}sea"
    assert len(title.encode()) == 255
    photo = account.add_photo(
        meadow,
        title=title,
        description='<b>Bold</b> &amp; <a href="https://example.org/">linked</a>',
        taken="1975-06-01 00:00:00",
        granularity=4,
        place=(48.8583, 2.2945),
        license="11",
        tags=["Sea Side"],
    )
    odd = account.add_photo(meadow, marked=True, place=(91.0, 200.0), license="99")
    account.add_album("Summer/1", [photo.id])
    opened.flickr.sync()
    sidecar, other = (one for name in (photo.id, odd.id) for one in household.out.glob(f"*-{name}.jpg.xmp"))
    packet = Packet(sidecar.read_bytes())
    assert [packet.items(name) for name in SAID] == [
        [title], ["Bold & linked (https://example.org/)"], ["1975-06"], ["48,51.498000N"], ["CC BY 4.0"],
        ["Sea Side"], ["Sea Side", "Albums/Summer／1"],
    ]  # fmt: skip
    assert [Packet(other.read_bytes()).items(name) for name in SAID] == [[odd.title], [], [], [], [], [], []]
    calls = Counter(entry.name for entry in flickr.record.calls())
    assert (calls["flickr.tags.getListUserRaw"], calls["flickr.photos.licenses.getInfo"]) == (1, 1)
    opened.flickr.push()
    account.edit_photo(photo.id, title="New", description="", license="0")
    for _ in range(2):
        opened.flickr.sync()
    packet = Packet(sidecar.read_bytes())
    assert [packet.items(name) for name in SAID] == [
        ["New"], [], ["1975-06"], ["48,51.498000N"], ["All Rights Reserved"], ["Sea Side"],
        ["Sea Side", "Albums/Summer／1"],
    ]  # fmt: skip
    assert len(list(household.out.iterdir())) == 6, "three copies, one of them with the new title in its name"


SAID = (
    "dc:title", "dc:description", "photoshop:DateCreated", "exif:GPSLatitude", "xmpRights:UsageTerms", "dc:subject",
    "digiKam:TagsList",
)  # fmt: skip


def exported(opened: Library, household: Household) -> list[dict[str, Any]]:
    """Return the photos that came from Flickr, as a table has them."""
    file = household.base / "photos.jsonl"
    opened.export("photos", file, replace=True)
    return [row for line in file.read_text().splitlines() if (row := json.loads(line))["verdict"] == "seen"]
