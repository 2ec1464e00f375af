"""`Library.crop`: faces of people out of many photos, as a data set."""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from familiar import Library
from familiar.errors import FamiliarError, UsageError
from familiar.library.crops.manifest import MANIFEST_NAME, ImageReference
from support.household import Household
from support.qualities import rate


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "crops"


def sources(faces: Any) -> set[str]:
    return {Path(face.source).name for face in faces}


def test_a_call_returns_the_crops_that_were_added_and_why_other_photos_have_none(opened: Library, to: Path) -> None:
    result = opened.crop("Barack Obama", to=to, size=64)
    (cropped,) = result.folders
    assert (cropped.folder, cropped.person, result.failed, result.unread) == (to, "Barack Obama", (), ())
    assert sources(cropped.added) == {"obama.jpg", "obama2.jpg", "couple.jpg"}
    for face in cropped.added:
        assert face.distance is not None
        assert 0 <= face.distance <= 0.6
        assert face.score == pytest.approx(1 / (1 + face.distance))
        with Image.open(to / face.file) as image:
            assert (image.format, image.size) == ("JPEG", (64, 64))
    assert cropped.manifest.faces == cropped.added
    assert (cropped.manifest.settings.size, cropped.manifest.settings.quality) == (64, 92)
    reasons = {Path(one.path).name: one.reason for one in cropped.manifest.unmatched}
    assert reasons.keys() == {"biden.jpg", "astronaut.jpg", "meadow.png"}
    assert reasons["meadow.png"] == "no face found"


def test_faces_of_too_low_a_quality_are_not_cropped_and_the_list_says_the_quality_of_the_others(
    opened: Library, own: Household, to: Path
) -> None:
    rate(own, {"couple.jpg": [0.9, 0.2], "obama.jpg": [0.31], "obama2.jpg": [0.6]})
    (cropped,) = opened.crop("Barack Obama", to=to, min_quality=0.5).folders
    assert {Path(face.source).name: face.quality for face in cropped.added} == {"couple.jpg": 0.9, "obama2.jpg": 0.6}
    reasons = {Path(one.path).name: one.reason for one in cropped.manifest.unmatched}
    assert reasons["obama.jpg"] == "the face has a quality of 0.31; the minimum is 0.5"
    with pytest.raises(UsageError, match="its crops have other settings: min-quality was 0.5, not 0"):
        opened.crop("Barack Obama", to=to)


def test_crops_that_were_made_before_faces_had_a_quality_are_added_to(opened: Library, to: Path) -> None:
    (before,) = opened.crop("Barack Obama", to=to).folders
    read = json.loads((to / MANIFEST_NAME).read_bytes())
    del read["settings"]["min_quality"]
    for face in read["faces"]:
        del face["quality"]
    (to / MANIFEST_NAME).write_text(json.dumps(read))
    (again,) = opened.crop("Barack Obama", to=to).folders
    assert (again.added, len(again.manifest.faces)) == ((), len(before.added))
    with pytest.raises(UsageError, match="its crops have other settings: min-quality was 0, not 0.5"):
        opened.crop("Barack Obama", to=to, min_quality=0.5)


def test_a_second_call_adds_nothing_and_undo_takes_the_crops_of_the_first_back(opened: Library, to: Path) -> None:
    opened.crop("Joe Biden", to=to, margin=0.2)
    (again,) = opened.crop("Joe Biden", to=to, margin=0.2).folders
    assert (again.added, sources(again.manifest.faces)) == ((), {"biden.jpg", "couple.jpg"})
    undone = opened.undo(last=True)
    assert ([step.operation.kind for step in undone.steps], undone.failures) == (["crop", "crop"], {})
    assert [path.name for path in to.iterdir()] == [MANIFEST_NAME]


def test_several_people_get_a_folder_each(opened: Library, to: Path) -> None:
    folders = opened.crop(["Barack Obama", "joe biden", "Joe Biden"], to=to).folders
    assert {folder.folder: folder.person for folder in folders} == {
        to / "Barack Obama": "Barack Obama",
        to / "Joe Biden": "Joe Biden",
    }


def test_a_photo_says_whose_face_is_cropped_out_of_one_folder(
    opened: Library, album: Path, obama2: Path, to: Path
) -> None:
    options: dict[str, Any] = {
        "folders": album / "2020",
        "threshold": 0.5,
        "all_faces": True,
        "format": "png",
        "square": False,
    }
    (cropped,) = opened.crop(to=to, reference=obama2, **options).folders
    assert (cropped.person, sources(cropped.added)) == (None, {"couple.jpg"})
    assert isinstance(cropped.manifest.reference, ImageReference)
    assert cropped.manifest.reference.image == str(obama2)
    settings = cropped.manifest.settings
    assert (settings.faces, settings.threshold, settings.shape, settings.quality) == ("within", 0.5, "original", None)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "Give either --person NAME, or --reference PHOTO"),
        ({"people": "Joe Biden", "reference": "a.jpg"}, "Give either --person NAME, or --reference PHOTO"),
        ({"people": "Joe Biden", "largest": True}, "--largest requires --reference"),
        ({"people": "Eve"}, "There is no person named 'Eve'"),
        ({"people": "Joe Biden", "folders": ["/nowhere"]}, "/nowhere: no such folder or file"),
        ({"people": "Joe Biden", "folders": "/nowhere"}, "/nowhere: no such folder or file"),
        ({"people": "Joe Biden", "aligned": True, "square": False}, "--aligned makes square crops"),
        ({"people": "Joe Biden", "format": "png", "quality": 90}, "--quality applies to jpg and webp only"),
        ({"people": "Joe Biden", "format": "jpeg"}, "The format is 'jpeg'; it must be one of jpg, png, webp."),
        ({"people": "Joe Biden", "threshold": 0}, "The option threshold is 0; it must be above 0"),
        ({"people": "Joe Biden", "margin": float("nan")}, "The option margin is nan; it must be from 0 to 3"),
        ({"people": "Joe Biden", "size": 7}, "The option size is 7; it must be from 8 to 10000"),
        ({"people": "Joe Biden", "quality": 101}, "The option quality is 101; it must be from 1 to 100"),
        ({"people": "Joe Biden", "min_size": -1}, "The option min-size is -1; it must be at least 0"),
        ({"people": "Joe Biden", "min_quality": 1.1}, "The option min-quality is 1.1; it must be from 0 to 1"),
        ({"people": "Joe Biden", "min_quality": float("nan")}, "The option min-quality is nan; it must be from 0 to 1"),
    ],
)
def test_what_can_not_be_asked_for_is_an_error_and_nothing_is_made(
    opened: Library, to: Path, options: Mapping[str, Any], complaint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        opened.crop(to=to, **options)
    assert complaint in str(caught.value)
    assert not to.exists()


def test_a_photo_of_reference_needs_one_face_unless_the_largest_is_meant(
    opened: Library, couple: Path, meadow: Path, to: Path
) -> None:
    for photo, complaint in ((couple, "2 faces found"), (meadow, "no face found")):
        with pytest.raises(FamiliarError, match=complaint):
            opened.crop(to=to, reference=photo)
    (cropped,) = opened.crop(to=to, reference=couple, largest=True).folders
    assert "obama.jpg" in sources(cropped.added)


def test_why_a_photo_of_reference_can_not_be_read_is_told_once(opened: Library, to: Path, tmp_path: Path) -> None:
    (tmp_path / "sparse.jpg").touch()
    os.truncate(tmp_path / "sparse.jpg", 2 << 40)
    with pytest.raises(FamiliarError, match=r"sparse\.jpg: can't be read: larger than 1 TiB"):
        opened.crop(to=to, reference=tmp_path / "sparse.jpg")


def test_crops_of_another_person_or_made_in_another_way_are_not_mixed(opened: Library, to: Path) -> None:
    opened.crop("Joe Biden", to=to)
    with pytest.raises(UsageError, match="has crops of 'Joe Biden', not of 'Barack Obama'"):
        opened.crop("Barack Obama", to=to)
    with pytest.raises(UsageError, match="margin was 0.4, not 0.5"):
        opened.crop("Joe Biden", to=to, margin=0.5)


def test_crops_are_made_where_an_event_loop_runs(opened: Library, to: Path) -> None:
    async def cell() -> int:
        return len(opened.crop("Joe Biden", to=to).folders[0].added)

    assert asyncio.run(cell()) == 2
