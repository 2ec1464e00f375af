"""`Library.find`: who is in an image, and in which known photos they are."""

import math
import os
from pathlib import Path

import pytest

from conftest import put
from familiar import Library
from familiar.api.environment import find_environment
from familiar.errors import FamiliarError, UsageError
from support.household import Household
from support.qualities import rate


def test_each_face_of_an_image_is_found_with_its_people_and_photos_nearest_first(
    opened: Library, album: Path, couple: Path
) -> None:
    found = opened.find(couple)
    who = [one.result.match.person for one in found if one.result.match is not None]
    assert sorted(who) == ["Barack Obama", "Joe Biden"]
    for one in found:
        distances = [photo.distance for photo in one.result.photos]
        assert distances == sorted(distances)
        assert all(0 <= distance <= 2 for distance in distances)
        assert one.paths.keys() == {photo.photo for photo in one.result.photos}
        assert one.paths[one.result.photos[0].photo] == album / "2020" / "couple.jpg"
        assert one.result.photos[0].people == ("Barack Obama", "Joe Biden")


def test_a_relative_path_is_that_of_the_caller_wherever_the_workers_started(
    opened: Library, obama: Path, astronaut: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.find(astronaut)
    put(obama, tmp_path, "a.jpg")
    monkeypatch.chdir(tmp_path)
    (found,) = opened.find("a.jpg")
    assert [person.name for person in found.result.people] == ["Barack Obama"]


def test_an_image_is_not_remembered(opened: Library, obama: Path, tmp_path: Path) -> None:
    before = opened.status().photos
    copy = put(obama, tmp_path, "other.jpg")
    copy.write_bytes(copy.read_bytes() + b"another photo by its bytes")
    opened.find(copy)
    assert opened.status().photos == before


def test_the_search_ends_at_a_threshold_a_number_and_a_person(
    opened: Library, album: Path, obama: Path, astronaut: Path
) -> None:
    (one,) = opened.find(obama, most=1)
    assert list(one.paths.values()) == [album / "2019" / "obama.jpg"]
    (strict,) = opened.find(obama, threshold=0.01)
    assert list(strict.paths.values()) == [album / "2019" / "obama.jpg"]
    (stranger,) = opened.find(astronaut, person="Joe Biden")
    assert (stranger.result.people, stranger.paths) == ((), {})
    (nearest,) = opened.find(astronaut, person="Joe Biden", beyond=True)
    assert [(person.name, person.within) for person in nearest.result.people] == [("Joe Biden", False)]
    assert {path.name for path in nearest.paths.values() if path is not None} == {"biden.jpg", "couple.jpg"}


def test_faces_of_too_low_a_quality_are_neither_sought_nor_found(opened: Library, own: Household, couple: Path) -> None:
    rate(own, {"couple.jpg": [0.9, 0.2], "obama.jpg": [0.3], "obama2.jpg": [0.6], "biden.jpg": [0.9]})
    (found,) = opened.find(couple, min_quality=0.5)
    assert found.result.face.quality == 0.9
    assert {path.name for path in found.paths.values() if path is not None} == {"couple.jpg", "obama2.jpg"}
    (found,) = opened.find(couple, min_quality=0.5, person="Barack Obama", beyond=True)
    assert {path.name for path in found.paths.values() if path is not None} == {"couple.jpg", "obama2.jpg"}
    assert len(opened.find(couple, min_quality=0.2)) == 2
    with pytest.raises(FamiliarError, match=r"couple.jpg: no face with a quality of at least 0.95 found\."):
        opened.find(couple, min_quality=0.95)


def test_a_photo_without_files_has_no_path(opened: Library, album: Path, astronaut: Path) -> None:
    away = (album / "2020" / "astronaut.jpg").rename(album.parent / "astronaut.jpg")
    try:
        (found,) = opened.find(astronaut)
    finally:
        away.rename(album / "2020" / "astronaut.jpg")
    assert list(found.paths.values()) == [None]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"most": 0}, "The option most is 0; it must be at least 1."),
        ({"threshold": 0}, "The option threshold is 0; it must be above 0 and at most 2."),
        ({"threshold": 3.5}, "The option threshold is 3.5; it must be above 0 and at most 2."),
        ({"threshold": math.nan}, "The option threshold is nan; it must be above 0 and at most 2."),
        ({"person": "Eve"}, "'Eve'"),
        ({"min_quality": -0.1}, "The option min-quality is -0.1; it must be from 0 to 1."),
        ({"min_quality": 1.5}, "The option min-quality is 1.5; it must be from 0 to 1."),
        ({"min_quality": math.nan}, "The option min-quality is nan; it must be from 0 to 1."),
    ],
)
def test_an_option_that_is_out_of_its_limits_is_an_error(
    opened: Library, obama: Path, options: dict[str, float], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        opened.find(obama, **options)  # type: ignore[arg-type]


def test_an_image_that_can_not_be_searched_is_an_error(opened: Library, meadow: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    (tmp_path / "sparse.jpg").touch()
    os.truncate(tmp_path / "sparse.jpg", 2 << 40)
    for image, kind, complaint in (
        (tmp_path / "nothing.jpg", UsageError, "nothing.jpg: no such file."),
        (tmp_path, UsageError, "is not a regular file"),
        (meadow, FamiliarError, "no face"),
        (tmp_path / "broken.jpg", FamiliarError, "broken.jpg: can't be read: not a picture in a known format."),
        (tmp_path / "sparse.jpg", FamiliarError, "sparse.jpg: can't be read: larger than 1 TiB"),
    ):
        with pytest.raises(kind, match=complaint):
            opened.find(image)


def test_one_worker_is_kept_for_all_images_until_the_library_is_closed(
    own: Household, obama: Path, tmp_path: Path
) -> None:
    images = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for image in images:
        image.write_bytes(obama.read_bytes() + image.name.encode())  # one that is not known
    before = _children()
    with Library(find_environment(own.whole_environment(), state=own.state, config=own.config)) as library:
        library.find(images[0])
        (server,) = _children() - before
        library.find(images[1])
        assert _children() - before == {server}
    assert _children() == before


def _children() -> set[int]:
    """Return the processes that threads of this one have started."""
    return {int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}
