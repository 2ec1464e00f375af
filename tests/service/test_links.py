"""Links out of a watched folder bring nobody's private photos into an album."""

import shutil
from pathlib import Path

import pytest

from support.household import Household


@pytest.fixture
def private(household: Household, obama: Path) -> Path:
    """A photo outside of the watched folder."""
    folder = household.base / "private"
    folder.mkdir()
    photo = Path(shutil.copy(obama, folder / "obama.jpg"))
    photo.chmod(0o600)
    return photo


def test_a_link_out_of_a_watched_folder_is_not_followed(household: Household, private: Path, meadow: Path) -> None:
    household.rule({"name": "album", "then": [{"copy": f"{household.out}/"}]})
    inside = Path(shutil.copy(meadow, household.inbox / "inside.png"))
    (household.inbox / "link.png").symlink_to(inside)
    (household.inbox / "out.jpg").symlink_to(private)
    (household.inbox / "up.jpg").symlink_to("../private/obama.jpg")
    household.scan()
    with household.running() as daemon:
        daemon.wait_for("root.scanned")
        (household.inbox / "late.jpg").symlink_to(private)
        shutil.copy(meadow, household.inbox / "later.png")
        daemon.wait_for("file.copied", path=str(household.inbox / "later.png"))
    assert [path.name for path in household.out.iterdir()] == ["inside.png"]
    assert household.json("status")["files"]["done"] == 4  # the copy is known, too


def test_links_out_of_a_watched_folder_are_followed_where_the_settings_say_so(
    household: Household, private: Path
) -> None:
    household.configure({"folders": [{"path": str(household.inbox), "outside_links": True}]})
    household.rule({"name": "album", "then": [{"copy": f"{household.out}/"}]})
    (household.inbox / "out.jpg").symlink_to(private)
    household.scan()
    copy = household.out / "out.jpg"
    assert copy.read_bytes() == private.read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_watched_folder_may_be_a_link_itself(household: Household, obama: Path) -> None:
    real = household.base / "real"
    real.mkdir()
    shutil.copy(obama, real / "a.jpg")
    (real / "b.jpg").symlink_to("a.jpg")
    (household.base / "linked").symlink_to(real)
    household.configure({"folders": [str(household.base / "linked")]})
    assert household.json("scan")["done"] == 2


def test_a_link_that_a_person_names_is_followed(household: Household, private: Path) -> None:
    link = household.base / "link.jpg"
    link.symlink_to(private)
    household.json("people", "add", "Barack Obama", link)


def test_a_photo_that_becomes_a_link_out_of_its_folder_is_gone(
    household: Household, private: Path, meadow: Path
) -> None:
    shutil.copy(meadow, household.inbox)
    photo = Path(shutil.copy(meadow, household.inbox / "a.png"))
    household.scan()
    photo.unlink()
    photo.symlink_to(private)
    household.scan()
    assert household.json("status")["files"] == {"done": 1, "gone": 1}


def test_a_sidecar_that_is_a_link_is_not_copied(household: Household, private: Path, meadow: Path) -> None:
    shutil.copy(meadow, household.inbox)
    (household.inbox / "meadow.png.xmp").symlink_to(private)
    household.configure({"sidecars": {"read": True}})
    household.rule({"name": "album", "then": [{"copy": f"{household.out}/"}]})
    (refused,) = [event for event in household.scan() if event["event"] == "operation.refused"]
    assert refused["error"].endswith("meadow.png.xmp: is a symbolic link, which is neither moved nor copied")
    assert [path.name for path in household.out.iterdir()] == ["meadow.png"]


def test_the_file_itself_is_moved_though_a_link_to_it_is_found_first(household: Household, obama: Path) -> None:
    household.rule({"name": "tidy", "then": [{"move": f"{household.out}/"}]})
    photo = household.inbox / "z.jpg"
    photo.write_bytes(obama.read_bytes())
    (household.inbox / "a.jpg").symlink_to(photo)
    household.scan()
    assert (household.out / "z.jpg").read_bytes() == obama.read_bytes()
    assert not photo.exists()
