"""Edits that keep size and modification time, as tools make them that restore times."""

import os
from pathlib import Path

import pytest
from PIL import Image

from familiar.store.store import Store
from support.household import Household

NOON = 1_500_000_000 * 10**9


def turned(path: Path, orientation: int) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (60, 40), "teal").save(path, "JPEG", exif=exif)
    os.utime(path, ns=(NOON, NOON))
    return path


def edit(path: Path, how: str) -> None:
    """Change the orientation, as exiftool -P does (a new file), or in place."""
    before = path.stat()
    if how == "renamed":
        turned(path.with_suffix(".new"), 6).rename(path)
    else:
        fresh = turned(path.with_suffix(".new"), 6)
        data = fresh.read_bytes()
        fresh.unlink()
        with path.open("r+b") as file:
            file.write(data)
        os.utime(path, ns=(NOON, NOON))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def sizes(household: Household) -> list[tuple[int, int]]:
    with Store(household.state / "familiar.db") as store:
        file = store.files.at(household.inbox / "a.jpg")
        assert file is not None
        assert file.photo_id is not None
        photo = store.photos.load(file.photo_id)
        return [(photo.width, photo.height)]


@pytest.mark.parametrize("how", ["renamed", "in place"])
def test_an_edit_that_keeps_size_and_time_is_noticed(household: Household, how: str) -> None:
    photo = turned(household.inbox / "a.jpg", 1)
    household.scan()
    assert sizes(household) == [(60, 40)]
    edit(photo, how)
    events = household.scan()
    assert [event["path"] for event in events if event["event"] == "photo.seen"] == [str(photo)]
    assert sizes(household) == [(40, 60)]
    assert "photo.seen" not in [event["event"] for event in household.scan()]


def test_a_running_daemon_notices_it_at_once(household: Household) -> None:
    photo = turned(household.inbox / "a.jpg", 1)
    with household.running() as daemon:
        daemon.wait_for("photo.seen")
        edit(photo, "in place")
        daemon.wait_for("photo.seen", count=2)
    assert sizes(household) == [(40, 60)]


def test_new_rights_are_no_new_photo(household: Household) -> None:
    photo = turned(household.inbox / "a.jpg", 1)
    household.scan()
    photo.chmod(0o640)
    events = household.scan()
    assert "photo.seen" not in [event["event"] for event in events]
    assert [event["path"] for event in events if event["event"] == "file.unchanged"] == [str(photo)]
    assert "file.unchanged" not in [event["event"] for event in household.scan()]


def test_a_photo_that_gets_or_loses_a_hard_link_is_not_read_again(household: Household) -> None:
    photo = turned(household.inbox / "a.jpg", 1)
    household.rule({"name": "r", "then": [{"link": {"to": f"{household.out}/", "kind": "hard"}}]})
    household.scan()
    assert (household.out / "a.jpg").samefile(photo)
    assert "file.pending" not in [event["event"] for event in household.scan()]
    household.ask("undo", "--since", "1h")
    assert not (household.out / "a.jpg").exists()
    assert "file.pending" not in [event["event"] for event in household.scan()]


def test_an_operation_that_finds_other_content_has_the_file_read_again(household: Household) -> None:
    photo = turned(household.inbox / "a.jpg", 1)
    household.scan()
    edit(photo, "in place")
    with Store(household.state / "familiar.db") as store:
        store.files.adopt_change(photo)  # as on a file system that keeps no time of change
    household.rule({"name": "r", "then": [{"move": f"{household.out}/"}]})
    (refused,) = household.json("rules", "apply", check=False)
    assert refused["state"] == "refused"
    assert "was changed after the plan was made" in refused["error"]
    household.scan()
    assert set(household.tree()) == {"out/a.jpg"}
