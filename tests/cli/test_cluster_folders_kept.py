"""familiar clusters export removes nothing but the crops that it wrote itself, by real processes with real photos."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from PIL import Image

from conftest import put
from familiar.library.clusters.folders.manifest import MANIFEST_NAME
from support.household import Household, command

PICTURE = b"a picture of somebody else"


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory, obama: Path, biden: Path, couple: Path) -> Household:
    """A state with two clusters, exported."""
    household = Household(base=tmp_path_factory.mktemp("album"))
    for photo in (obama, biden):
        with Image.open(photo) as image:
            image.save(household.inbox / f"{photo.stem}-small.jpg", quality=80)
    put(couple, household.inbox)
    household.scan()
    household.ask("clusters", "run")
    household.json("clusters", "export", household.base / "faces")
    return household


@pytest.fixture
def home(album: Household, tmp_path: Path) -> Household:
    household = Household.like(album, tmp_path)
    shutil.copytree(album.base / "faces", household.base / "faces")
    return household


def exporting(household: Household, top: Path, *options: str) -> subprocess.Popen[bytes]:
    """Begin an export, and return once it is cutting out faces."""
    before = set(top.glob(".familiar-export-*"))
    process = subprocess.Popen(
        command("clusters", "export", top, *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=household.whole_environment(),
    )
    deadline = time.monotonic() + 60
    while not set(top.glob(".familiar-export-*")) - before:
        assert process.poll() is None, process.communicate()[0].decode()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return process


def ended(process: subprocess.Popen[bytes]) -> str:
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output.decode()
    return output.decode()


def crops(top: Path) -> set[str]:
    return {str(path.relative_to(top)) for path in top.rglob("face-*.jpg")}


def hidden(top: Path) -> list[str]:
    return [path.name for path in top.rglob(".familiar-*") if path.name != MANIFEST_NAME]


@pytest.mark.parametrize("again", [False, True])
def test_what_comes_into_the_folder_while_an_export_runs_stays_under_its_own_name(home: Household, again: bool) -> None:
    top = home.base / ("faces" if again else "new")
    process = exporting(home, top, *(["--again"] if again else []))
    arrived = ("holiday.jpg", "cluster-1/holiday.jpg", "_ignore/aunt.jpg", "Bob/deep/bob.jpg", ".hidden")
    for name in arrived:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(PICTURE)
    ended(process)
    assert [name for name in arrived if (top / name).read_bytes() == PICTURE] == [*arrived]
    assert crops(top) == crops(home.base / "faces")
    assert hidden(top) == []


def test_an_export_again_leaves_hidden_files_and_folders_of_others_in_cluster_folders(home: Household) -> None:
    top = home.base / "faces"
    others = ("cluster-1/.picasa.ini", "cluster-1/@eaDir/small.jpg", "cluster-1/.originals/a.jpg", ".git/config")
    for name in others:
        (top / name).parent.mkdir(exist_ok=True)
        (top / name).write_bytes(PICTURE)
    before = crops(top)
    home.ask("clusters", "export", top, "--again")
    assert [name for name in others if (top / name).read_bytes() == PICTURE] == [*others]
    assert (crops(top), hidden(top)) == (before, [])


def test_an_export_again_keeps_a_crop_that_was_edited_and_says_so(home: Household) -> None:
    top = home.base / "faces"
    edited = min((top / "cluster-1").glob("*.jpg"))
    with Image.open(edited) as picture:
        comment = picture.info["comment"]
        picture.rotate(90).save(edited, comment=comment)
    content = edited.read_bytes()
    told = home.ask("clusters", "export", top, "--again").stdout
    assert edited.read_bytes() == content
    assert f"1 file was changed since the export and is kept: cluster-1/{edited.name}" in told.splitlines()
    assert edited.with_name(f"{edited.stem} (2).jpg").exists()
    assert home.ask("clusters", "import", top).stdout == "Nothing to do.\n"


def test_an_export_again_follows_no_link_that_takes_the_place_of_a_crop_or_a_folder(home: Household) -> None:
    top, theirs = home.base / "faces", home.base / "theirs"
    shutil.copytree(top / "cluster-2", theirs)
    process = exporting(home, top, "--again")
    crop = min((top / "cluster-1").glob("*.jpg"))
    crop.rename(theirs / "moved.jpg")
    crop.symlink_to(theirs / "moved.jpg")
    shutil.rmtree(top / "cluster-2")
    (top / "cluster-2").symlink_to(theirs)
    before = {path.name: path.read_bytes() for path in theirs.iterdir()}
    ended(process)
    assert {path.name: path.read_bytes() for path in theirs.iterdir()} == before
    assert (crop.readlink(), (top / "cluster-2").readlink()) == (theirs / "moved.jpg", theirs)
    assert len(list((top / "cluster-2 (2)").glob("*.jpg"))) == len(before) - 1


def test_an_export_into_a_folder_that_became_a_link_while_it_ran_writes_nothing_there(home: Household) -> None:
    top, theirs = home.base / "faces", home.base / "theirs"
    theirs.mkdir()
    (theirs / "mine.jpg").write_bytes(PICTURE)
    before = home.tree(top)
    process = exporting(home, top, "--again")
    top.rename(home.base / "elsewhere")
    top.symlink_to(theirs)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output.decode().splitlines()[-1] == (
        f"error: {top}: nothing was exported: another folder has replaced it in the meantime."
    )
    top.unlink()
    (home.base / "elsewhere").rename(top)
    assert (home.tree(top), hidden(top)) == (before, [])
    assert [path.name for path in theirs.iterdir()] == ["mine.jpg"]


def test_two_exports_into_one_folder_do_not_disturb_each_other(home: Household) -> None:
    top = home.base / "faces"
    before = crops(top)
    process = exporting(home, top, "--again")
    other = home.ask("clusters", "export", top, "--again", check=False)
    assert (other.returncode, other.stderr) == (
        2,
        f"error: {top}: another command of familiar is exporting into it; wait until it has ended.\n",
    )
    ended(process)
    assert (crops(top), hidden(top)) == (before, [])


def test_after_a_killed_export_the_next_one_clears_its_crops_away_and_gives_back_everything_else(
    home: Household,
) -> None:
    top = home.base / "new"
    process = exporting(home, top)
    (staging,) = top.glob(".familiar-export-*")
    (staging / "mine.jpg").write_bytes(PICTURE)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    refused = home.ask("clusters", "export", top, check=False)
    assert f"{top}: is not empty (it has 'mine.jpg')" in refused.stderr
    assert ((top / "mine.jpg").read_bytes(), hidden(top)) == (PICTURE, [])
    (top / "mine.jpg").unlink()
    home.ask("clusters", "export", top)
    assert crops(top) == crops(home.base / "faces")


def test_an_export_that_an_earlier_version_was_killed_in_is_given_back(home: Household) -> None:
    top = home.base / "faces"
    staging = top / ".familiar-export-0123abcd"
    before = home.tree(top)
    (staging / "old").mkdir(parents=True)
    (staging / "new").mkdir()
    shutil.copytree(top / "cluster-1", staging / "new" / "cluster-1")
    shutil.copytree(top / "cluster-2", staging / "old" / "cluster-2")
    (top / "cluster-1").rename(staging / "old" / "cluster-1")
    (staging / "old" / "cluster-1" / ".mine").write_bytes(PICTURE)
    (top / MANIFEST_NAME).rename(staging / "old" / MANIFEST_NAME)
    assert home.ask("clusters", "import", top).stdout == "Nothing to do.\n"
    assert home.tree(top) == before | {"faces/cluster-1/.mine": PICTURE}
    assert not staging.exists()
    home.ask("clusters", "export", top, "--again")
    assert (top / "cluster-1" / ".mine").read_bytes() == PICTURE
