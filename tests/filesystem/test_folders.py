"""Folders that are held open."""

import errno
from pathlib import Path

import pytest

from familiar.filesystem import folders
from familiar.filesystem.folders import Entry, Folder


def test_a_folder_is_opened_by_no_link(tmp_path: Path) -> None:
    (tmp_path / "real/deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    with Folder.open(tmp_path / "real/deep") as folder:
        assert folder.device == tmp_path.stat().st_dev
    with pytest.raises(NotADirectoryError, match="is a symbolic link, which is not followed here") as caught:
        Folder.open(tmp_path / "link/deep")
    assert caught.value.filename == str(tmp_path / "link")


def test_where_the_kernel_has_no_openat2_a_folder_is_opened_component_by_component(tmp_path: Path) -> None:
    import os  # noqa: PLC0415 - by this test alone

    (tmp_path / "real/deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    flags = os.O_RDONLY | os.O_DIRECTORY
    found = folders._open_by_hand(None, tmp_path / "real/deep", flags)
    assert os.path.samestat(os.fstat(found), (tmp_path / "real/deep").stat())
    os.close(found)
    for path in (tmp_path / "link/deep", tmp_path / "link"):
        with pytest.raises(NotADirectoryError, match="is a symbolic link, which is not followed here"):
            folders._open_by_hand(None, path, flags)


def test_a_missing_folder_is_made_with_all_above_it_and_named_in_errors_as_people_know_it(tmp_path: Path) -> None:
    with Folder.make(tmp_path / "a/b/c", shown=Path("/shown/a/b/c")) as folder:
        assert (tmp_path / "a/b/c").is_dir()
        assert Entry(folder, "x.jpg").path == Path("/shown/a/b/c/x.jpg")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError) as caught:
        Folder.make(tmp_path / "file/below")
    assert caught.value.errno == errno.ENOTDIR


def test_names_are_seen_in_the_folder_that_is_held_wherever_its_path_leads_by_now(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one/a").write_bytes(b"1")
    with Folder.open(tmp_path / "one") as folder:
        (tmp_path / "one").rename(tmp_path / "other")
        (tmp_path / "one").mkdir()
        assert Entry(folder, "a").exists
        assert not Entry(folder, "b").exists
