import os
from pathlib import Path

import pytest

from familiar.errors import UsageError
from familiar.library.people.person_folders import DataSet, read_data_set
from familiar.settings import Settings


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    return folder


def put(top: Path, *names: str | bytes) -> None:
    """Make files, with their folders."""
    for name in map(os.fsdecode, names):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(b"")


def read(top: Path, *, spaces: bool = False) -> DataSet:
    watched = Settings().without_videos().watched
    return read_data_set(top, watched, name_of=lambda name: name.replace("_", " ") if spaces else name)


def people(found: DataSet, top: Path) -> dict[str, list[str]]:
    return {one.name: [str(photo.relative_to(top)) for photo in one.photos] for one in found.candidates}


def refused(found: DataSet, top: Path) -> dict[str, str]:
    return {str(path.relative_to(top)): reason for path, reason in found.refused}


def test_each_folder_is_a_person_with_all_photos_in_it_and_below(top: Path) -> None:
    put(top, "Bob/2.jpg", "Bob/10.JPG", "Bob/1999/old.png", "Ann/1.jpg", "Ann/clip.mp4", "Ann/notes.txt")
    found = read(top)
    assert people(found, top) == {"Ann": ["Ann/1.jpg"], "Bob": ["Bob/10.JPG", "Bob/2.jpg", "Bob/1999/old.png"]}
    assert found.refused == ()


def test_underscores_are_spaces_if_that_is_wanted(top: Path) -> None:
    put(top, "Eileen_Collins/1.jpg")
    assert list(people(read(top), top)) == ["Eileen_Collins"]
    assert list(people(read(top, spaces=True), top)) == ["Eileen Collins"]


def test_folders_whose_names_mean_the_same_are_one_person(top: Path) -> None:
    put(top, "ZOE\u0308/1.jpg", "zo\u00eb/2.jpg", "Zoe/3.jpg")
    assert people(read(top), top) == {"ZO\u00cb": ["ZOE\u0308/1.jpg", "zo\u00eb/2.jpg"], "Zoe": ["Zoe/3.jpg"]}


def test_what_can_not_be_a_person_is_refused_with_its_reason_and_no_other_suffers(top: Path) -> None:
    put(top, "Ann/1.jpg", "unknown/1.jpg", "a\nb/1.jpg", b"caf\xe9/1.jpg", "Bob/notes.txt", "loose.jpg", "notes.txt")
    found = read(top)
    assert list(people(found, top)) == ["Ann"]
    assert refused(found, top) == {
        "unknown": "The name 'unknown' is reserved in rules; choose another.",
        "a\nb": "The name 'a�b' has the control character U+000A; leave it out.",
        "caf\udce9": "The name 'caf�' has the control character U+DCE9; leave it out.",
        "Bob": "it has no photos",
        "loose.jpg": "it is not in the folder of a person",
    }


def test_hidden_folders_and_indices_of_network_drives_are_no_people(top: Path) -> None:
    put(top, "Ann/1.jpg", ".thumbnails/1.jpg", "@eaDir/1.jpg", "Ann/@eaDir/1.jpg", ".loose.jpg")
    found = read(top)
    assert (people(found, top), found.refused) == ({"Ann": ["Ann/1.jpg"]}, ())


def test_a_link_to_a_folder_is_a_person_unless_it_leads_back(top: Path) -> None:
    put(top, "Ann/1.jpg")
    put(top.parent, "elsewhere/2.jpg")
    (top / "Bob").symlink_to(top.parent / "elsewhere")
    (top / "Cid").symlink_to(top)
    (top / "Dee").symlink_to(top.parent)
    found = read(top)
    assert people(found, top) == {"Ann": ["Ann/1.jpg"], "Bob": ["Bob/2.jpg"]}
    assert set(refused(found, top).values()) == {"it is a link to a folder above it"}
    assert set(refused(found, top)) == {"Cid", "Dee"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_can_not_be_read_is_refused(top: Path) -> None:
    put(top, "Ann/1.jpg", "Ann/private/2.jpg", "Bob/1.jpg")
    for closed in ("Ann/private", "Bob"):
        (top / closed).chmod(0)
    found = read(top)
    assert people(found, top) == {"Ann": ["Ann/1.jpg"]}
    assert refused(found, top) == dict.fromkeys(("Ann/private", "Bob"), "can't be read: Permission denied")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "the folder does not exist."),
        ("photo.jpg", "the folder does not exist."),
        ("flat", "has no folders, of which each would be a person; for photos of one person: familiar people add"),
    ],
)
def test_what_is_no_data_set_is_refused(top: Path, name: str, message: str) -> None:
    put(top, "photo.jpg", "flat/1.jpg")
    with pytest.raises(UsageError) as error:
        read(top / name)
    assert str(error.value).startswith(f"{top / name}: {message}")
