"""Which video is the clip of which still."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from familiar.library.live_photo_pairs import are_of_one_moment, pairs_of
from familiar.model import Shot

NOON = datetime(2024, 5, 1, 12)
STILL = Shot(kind="photo")
CLIP = Shot(kind="video", duration=2.5)


def pairs(stills: list[str], videos: list[str]) -> dict[str, str]:
    found = pairs_of({Path(name): STILL for name in stills}, {Path(name): CLIP for name in videos})
    return {video.name: still.name for video, still in found.items()}


@pytest.mark.parametrize(
    ("still", "video", "belong"),
    [
        (Shot(kind="photo"), Shot(kind="video", duration=5.0), True),
        (Shot(kind="photo"), Shot(kind="video", duration=5.1), False),
        (Shot(kind="photo"), Shot(kind="video"), False),
        (Shot(kind="photo", taken=NOON), Shot(kind="video", duration=2, taken=NOON + timedelta(hours=26)), True),
        (Shot(kind="photo", taken=NOON), Shot(kind="video", duration=2, taken=NOON - timedelta(hours=27)), False),
        (Shot(kind="photo", content_id="A"), Shot(kind="video", duration=2), True),
        (Shot(kind="photo", content_id="A"), Shot(kind="video", duration=2, content_id="B"), False),
        (Shot(kind="photo", content_id="A"), Shot(kind="video", duration=30, content_id="A"), True),
        (Shot(kind="photo", content_id="A"), Shot(kind="video", duration=31, content_id="A"), False),
        (
            Shot(kind="photo", content_id="A", taken=NOON),
            Shot(kind="video", duration=2, content_id="A", taken=NOON + timedelta(days=17)),
            True,
        ),
    ],
)
def test_identifiers_decide_and_without_them_length_and_dates(still: Shot, video: Shot, belong: bool) -> None:
    assert are_of_one_moment(still, video) is belong


def test_of_a_still_in_two_formats_each_has_the_clip_of_its_form() -> None:
    found = pairs(["IMG_1.HEIC", "IMG_1.JPG"], ["IMG_1.MOV", "IMG_1_HEVC.MOV"])
    assert found == {"IMG_1.MOV": "IMG_1.JPG", "IMG_1_HEVC.MOV": "IMG_1.HEIC"}


def test_names_that_differ_in_case_belong_together_unless_there_is_a_nearer_one() -> None:
    assert pairs(["IMG_1.JPG"], ["img_1.mov"]) == {"img_1.mov": "IMG_1.JPG"}
    assert pairs(["IMG_1.JPG", "img_1.jpg"], ["img_1.mov"]) == {"img_1.mov": "img_1.jpg"}
    both = pairs(["IMG_1.JPG", "img_1.jpg"], ["img_1.mov", "IMG_1.MOV"])
    assert both == {"img_1.mov": "img_1.jpg", "IMG_1.MOV": "IMG_1.JPG"}


def test_the_same_identifier_is_worth_more_than_a_nearer_name() -> None:
    stills = {Path("IMG_1.HEIC"): Shot(kind="photo"), Path("IMG_1.JPG"): Shot(kind="photo", content_id="A")}
    videos = {Path("IMG_1.MOV"): Shot(kind="video", duration=3, content_id="A"), Path("IMG_1_HEVC.MOV"): CLIP}
    assert pairs_of(stills, videos) == {
        Path("IMG_1.MOV"): Path("IMG_1.JPG"),
        Path("IMG_1_HEVC.MOV"): Path("IMG_1.HEIC"),
    }


SHOTS = st.builds(
    Shot,
    kind=st.just("video"),
    duration=st.sampled_from([2.0, 20.0, None]),
    content_id=st.sampled_from([None, "A", "B"]),
    taken=st.sampled_from([None, NOON, NOON + timedelta(days=9)]),
)
STILLS = st.dictionaries(
    st.sampled_from([Path(f"{stem}.{end}") for stem in ("a", "A") for end in ("HEIC", "jpg")]), SHOTS
)
VIDEOS = st.dictionaries(
    st.sampled_from([Path(name) for name in ("a.mov", "A.MOV", "a_HEVC.mov", "a.jpg.mp4", "a.HEIC.mov", "A.mp4")]),
    SHOTS,
)


@given(stills=STILLS, videos=VIDEOS)
def test_a_still_has_one_clip_at_most_and_the_order_of_files_does_not_matter(
    stills: dict[Path, Shot], videos: dict[Path, Shot]
) -> None:
    found = pairs_of(stills, videos)
    assert len(set(found.values())) == len(found)
    assert all(are_of_one_moment(stills[still], videos[video]) for video, still in found.items())
    assert found == pairs_of(dict(reversed(stills.items())), dict(reversed(videos.items())))
