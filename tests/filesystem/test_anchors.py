"""A path is watched for whether it still leads to the same file."""

import os
import timeit
from pathlib import Path

import pytest

from familiar.filesystem.anchors import Anchor


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "file"
    path.write_bytes(b"text")
    return path


def test_a_file_that_is_written_to_stays_what_it_is(file: Path) -> None:
    anchor = Anchor.at(file)
    file.write_bytes(b"more")
    assert anchor.loss() is None


def test_the_anchor_of_an_open_file_is_that_of_its_path(file: Path) -> None:
    with file.open("rb") as opened:
        assert Anchor.of(file, opened.fileno()) == Anchor.at(file)


@pytest.mark.parametrize("name", ["folder/file", "folder"])
def test_a_file_that_was_deleted_or_whose_folder_was_moved_is_gone(file: Path, tmp_path: Path, name: str) -> None:
    anchor = Anchor.at(file)
    (tmp_path / name).rename(tmp_path / "elsewhere")
    assert anchor.loss() == "was deleted or moved away"
    (tmp_path / "elsewhere").rename(tmp_path / name)
    assert anchor.loss() is None


def test_another_file_under_its_name_is_told_apart_whatever_it_has(file: Path) -> None:
    anchor = Anchor.at(file)
    other = file.with_name("other")
    other.write_bytes(file.read_bytes())
    other.rename(file)
    assert anchor.loss() == "was replaced by another file"


def test_a_link_that_leads_elsewhere_since_is_another_file(file: Path) -> None:
    (other := file.with_name("other")).write_bytes(b"")
    (link := file.with_name("link")).symlink_to(file)
    anchor = Anchor.at(link)
    link.unlink()
    link.symlink_to(other)
    assert anchor.loss() == "was replaced by another file"


def test_a_link_that_leads_to_itself_leads_nowhere(file: Path) -> None:
    (link := file.with_name("link")).symlink_to(file)
    anchor = Anchor.at(link)
    link.unlink()
    link.symlink_to(link)
    assert anchor.loss() == "was deleted or moved away"


def test_looking_costs_some_microseconds(file: Path) -> None:
    anchor = Anchor.at(file)
    assert min(timeit.repeat(anchor.loss, number=1000, repeat=5)) < 0.05  # 50 µs each, by far


def test_a_missing_file_has_no_anchor(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Anchor.at(tmp_path / os.fsdecode(b"\xff"))
