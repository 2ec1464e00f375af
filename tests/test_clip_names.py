"""The names of stills and their clips."""

from pathlib import Path

import pytest

from familiar.clip_names import beginnings, beside, common_root, nearness

PAIRS = [
    ("IMG_1.HEIC", "IMG_1_HEVC.MOV", "b.HEIC", "b_HEVC.MOV"),
    ("IMG_1.HEIC", "IMG_1.HEIC.MOV", "b.HEIC", "b.HEIC.MOV"),
    ("IMG_1.JPG", "IMG_1.JPG.MP4", "b (2).JPG", "b (2).JPG.MP4"),
    ("PXL_1.MP.jpg", "PXL_1.MP", "b.jpg", "b.MP"),
    ("PXL_1.MP.jpg", "PXL_1.MP", "PXL_1.MP (2).jpg", "PXL_1.MP (2).MP"),
    ("PXL_1.MP.jpg", "PXL_1.MP", "2020-PXL_1.MP.jpg", "2020-PXL_1.MP"),
    ("PXL_1.jpg", "PXL_1.MP", "b.jpg", "b.MP"),
    ("IMG_1.HEIC", "IMG_1.MOV", "b.HEIC", "b.MOV"),
    ("IMG_1.JPG", "img_1.mov", "b.JPG", "b.mov"),
    ("IMG_1.HEIC", "img_1.heic.mov", "b.HEIC", "b.HEIC.mov"),
    ("IMG_1.jpg.HEIC", "IMG_1.jpg.HEIC.MOV", "b.HEIC", "b.HEIC.MOV"),
    ("IMG_1_HEVC.HEIC", "IMG_1_HEVC.MOV", "b.HEIC", "b.MOV"),
    ("IMG_1.jpg", "IMG_1.mov", "2026.11.21", "2026.11.21.mov"),
]


@pytest.mark.parametrize(("still", "clip", "target", "follows"), PAIRS)
def test_a_clip_keeps_the_form_of_its_name_beside_its_still(still: str, clip: str, target: str, follows: str) -> None:
    assert nearness(Path(still), Path(clip)) is not None
    assert common_root(Path(still)) == common_root(Path(clip))
    assert clip.lower().encode().startswith(beginnings(Path(still)))
    assert still.lower().encode().startswith(beginnings(Path(clip)))
    assert beside(Path(clip), Path(still), Path("/x") / target) == Path("/x") / follows
    assert beside(Path(clip), Path(still), Path("/x") / still) == Path("/x") / clip
    if Path(target).suffix:
        assert nearness(Path(target), Path(follows)) is not None


@pytest.mark.parametrize(
    ("still", "clip"),
    [
        ("IMG_1.HEIC", "IMG_10.MOV"),
        ("IMG_1.JPG", "IMG_1_HEVC.MOV"),
        ("IMG_1.JPG", "IMG_1.HEIC.MOV"),
        ("IMG_1.JPG", "IMG_1 (2).MOV"),
        ("É.jpg", "é.mov"),
    ],
)
def test_other_names_do_not_belong_together(still: str, clip: str) -> None:
    assert nearness(Path(still), Path(clip)) is None


def test_the_most_particular_form_is_the_nearest_and_the_same_case_is_nearer_than_another() -> None:
    clips = ["IMG_1.HEIC.MOV", "IMG_1_HEVC.MOV", "IMG_1.MOV", "img_1_hevc.mov", "img_1.mov"]
    assert [nearness(Path("IMG_1.HEIC"), Path(clip)) for clip in clips] == [0, 0, 1, 2, 3]


def test_a_name_that_is_not_utf_8_has_a_clip_too() -> None:
    assert nearness(Path("\udcff1.JPG"), Path("\udcff1.mov")) is not None
