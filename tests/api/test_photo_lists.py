"""`Library.move`, `copy`, `link` and `collect`: photos that are put into folders, and taken back."""

from pathlib import Path

import pytest

from conftest import put
from familiar import Library
from familiar.errors import FamiliarError, UsageError


@pytest.fixture
def photos(tmp_path: Path, obama: Path, meadow: Path) -> list[Path]:
    folder = tmp_path / "mine"
    folder.mkdir()
    return [put(obama, folder), put(meadow, folder)]


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "best" / "ones"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_photos_are_moved_and_undo_moves_them_back(opened: Library, photos: list[Path], to: Path) -> None:
    before = contents(photos[0].parent)
    moved = opened.move(map(str, photos), to)
    assert [(step.operation.kind, step.state, step.source, step.target) for step in moved.steps] == [
        ("move", "done", path, to / path.name) for path in photos
    ]
    assert (moved.already_there, contents(to), contents(photos[0].parent)) == (0, before, {})
    undone = opened.undo(last=True)
    assert (len(undone.steps), undone.failures, contents(photos[0].parent)) == (2, {}, before)


def test_photos_are_copied_once_and_a_name_that_is_taken_is_not_overwritten(
    opened: Library, photos: list[Path], to: Path
) -> None:
    to.mkdir(parents=True)
    (to / "obama.jpg").write_bytes(b"another photo")
    first, second = (opened.copy(photos, to) for _ in range(2))
    assert [step.target for step in first.steps] == [to / "obama (2).jpg", to / "meadow.png"]
    assert [step.state for step in second.steps] == ["kept", "kept"]
    assert opened.copy(to.iterdir(), to).already_there == 3
    assert (to / "obama.jpg").read_bytes() == b"another photo"


def test_links_are_symbolic_or_hard(opened: Library, photos: list[Path], to: Path) -> None:
    opened.link(photos, to / "soft")
    opened.link(photos, to / "hard", hard=True)
    assert (to / "soft" / "obama.jpg").readlink() == photos[0]
    assert (to / "hard" / "obama.jpg").samefile(photos[0])
    assert not (to / "hard" / "obama.jpg").is_symlink()


def test_one_path_is_a_list_in_a_file(opened: Library, photos: list[Path], to: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"{photos[0]}: 0.71\n{photos[1]}\n")
    assert [step.target for step in opened.copy(str(file), to).steps] == [to / path.name for path in photos]


def test_a_photo_in_the_place_of_a_list_is_an_error_that_says_so(opened: Library, photos: list[Path], to: Path) -> None:
    with pytest.raises(UsageError, match=r"obama.jpg: is a photo, not a list of photos; a list has one path a line."):
        opened.move(photos[0], to)
    assert not to.exists()


def test_missing_files_stop_everything_unless_they_are_skipped(
    opened: Library, photos: list[Path], to: Path, tmp_path: Path
) -> None:
    listed = [*photos, tmp_path / "gone.jpg"]
    with pytest.raises(FamiliarError, match="1 of 3 files of the list missing. Nothing was done"):
        opened.copy(listed, to)
    assert not to.exists()
    assert len(opened.copy(listed, to, ignore_missing=True).steps) == 2


def test_what_can_not_be_put_anywhere_is_an_error(opened: Library, photos: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for complaint, paths, target in (
        ("contains no path", [], tmp_path / "out"),
        ("is a folder", [tmp_path], tmp_path / "out"),
        ("can't be read: No such file", tmp_path / "nothing.txt", tmp_path / "out"),
        ("is a file", photos, file),
    ):
        with pytest.raises(UsageError, match=complaint):
            opened.copy(paths, target)
    assert not (tmp_path / "out").exists()


def test_the_photos_of_people_are_collected_and_taken_back(opened: Library, album: Path, to: Path) -> None:
    collected = opened.collect(["Barack Obama", "Joe Biden"], to, every=True)
    assert [(step.operation.kind, step.target) for step in collected.steps] == [("copy", to / "couple.jpg")]
    assert opened.collect(["Barack Obama", "Joe Biden"], to, every=True).already_there == 0
    assert len(opened.undo([step.id for step in collected.steps]).steps) == 1
    assert list(to.iterdir()) == []


def test_one_person_and_one_folder_need_no_list(opened: Library, album: Path, to: Path) -> None:
    collected = opened.collect("joe biden", to, folders=str(album / "2020"), action="link", only=True)
    assert (
        [(to / "biden.jpg").readlink()] == [step.source for step in collected.steps] == [album / "2020" / "biden.jpg"]
    )


def test_what_can_not_be_collected_is_an_error(opened: Library, album: Path, to: Path) -> None:
    with pytest.raises(UsageError, match="'Eve'"):
        opened.collect("Eve", to)
    with pytest.raises(UsageError, match="no such folder"):
        opened.collect("Joe Biden", to, folders=album / "2030")
    with pytest.raises(UsageError, match="2020"):
        opened.collect("Joe Biden", album / "2020" / "best", folders=album)
    with pytest.raises(UsageError, match="No person is named; name at least one"):
        opened.collect([], to, every=True)
    with pytest.raises(UsageError, match="The action is 'hardlink'; it must be one of copy, move, link, hard-link."):
        opened.collect("Joe Biden", to, action="hardlink")  # type: ignore[arg-type]
    assert not to.exists()


def test_known_photos_are_put_into_a_folder_under_the_name_of_who_asked(
    opened: Library, album: Path, obama: Path, to: Path
) -> None:
    (found,) = opened.find(obama, most=1)
    photos = [(photo, path) for photo, path in found.paths.items() if path is not None]
    (step,) = opened.put(photos, str(to), "copy", rule="a notebook").steps
    assert (step.target, step.operation.rule) == (to / "obama.jpg", "a notebook")
    with pytest.raises(UsageError, match="There is no photo 999"):
        opened.put([(999, album / "2019" / "obama.jpg")], to, "copy", rule="a notebook")
