"""What is at the path of a photo: the file, another one, none, or a folder whose disk is not there."""

from dataclasses import replace
from pathlib import Path

import pytest

from familiar.filesystem.stamps import Stamp
from familiar.library.photo_places import KnownPlace, look_at


@pytest.fixture
def place(tmp_path: Path) -> KnownPlace:
    """The place of a photo in a watched folder, in which another one is, too."""
    root = tmp_path / "disk"
    root.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (root / name).write_bytes(b"a photo")
    path = root / "a.jpg"
    return KnownPlace(path=path, stamp=Stamp.of(path), root=root, is_offline=False)


def test_a_file_is_there_until_it_changes_or_is_gone(place: KnownPlace) -> None:
    assert look_at(place).state == "there"
    place.path.write_bytes(b"another photo")
    assert look_at(place).state == "changed"
    place.path.unlink()
    assert look_at(place).state == "gone"
    assert look_at(replace(place, is_offline=True)).state == "offline"


@pytest.mark.parametrize("is_mount_point_left", [False, True])
def test_a_folder_that_is_missing_or_empty_is_on_a_disk_that_is_not_there(
    place: KnownPlace, is_mount_point_left: bool
) -> None:
    assert place.root is not None
    place.root.rename(place.root.with_name("unplugged"))
    if is_mount_point_left:
        place.root.mkdir()
    assert look_at(place).state == "offline"
    assert look_at(replace(place, root=None)).state == "gone"
