import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from familiar.errors import SetAsideError
from familiar.model import Box, Crop
from familiar.vision.faces.crops import crop, crop_reduced, frame, needed


def wish(box: Box, *, margin: float = 0.4, size: int | None = 64, name: str = "face.jpg") -> Crop:
    return Crop(target=Path("/faces", name), rule="faces", box=box, margin=margin, size=size)


FACE = Box(left=177, top=66, right=267, bottom=156)


def cut(path: Path, chosen: Crop) -> Image.Image:
    return Image.open(io.BytesIO(cut_bytes(path, chosen)))


def cut_bytes(path: Path, chosen: Crop) -> bytes:
    with Image.open(path) as image:
        return crop(image.convert("RGB"), chosen)


@pytest.mark.parametrize(
    ("name", "kind"), [("a.jpg", "JPEG"), ("a.JPEG", "JPEG"), ("a.png", "PNG"), ("a.webp", "WEBP")]
)
def test_a_crop_is_written_in_the_format_of_its_name_and_without_exif(astronaut: Path, name: str, kind: str) -> None:
    face = cut(astronaut, wish(FACE, name=name))
    assert (face.format, face.size) == (kind, (64, 64))
    assert dict(face.getexif()) == {}


def test_a_crop_without_size_has_the_photos_own_pixels(astronaut: Path) -> None:
    face = cut(astronaut, wish(FACE, margin=0, size=None, name="a.png"))
    with Image.open(astronaut) as whole:
        assert face.tobytes() == whole.convert("RGB").crop((177, 66, 267, 156)).tobytes()


def test_the_same_crop_has_the_same_bytes(astronaut: Path) -> None:
    assert cut_bytes(astronaut, wish(FACE)) == cut_bytes(astronaut, wish(FACE))


def test_a_crop_in_the_shape_of_its_box_has_the_size_as_its_longer_side(astronaut: Path) -> None:
    tall = replace(wish(Box(left=100, top=50, right=150, bottom=150), margin=0, size=60), square=False)
    assert cut(astronaut, tall).size == (30, 60)


def test_a_square_without_a_size_has_the_photos_own_pixels(astronaut: Path) -> None:
    tall = replace(wish(Box(left=100, top=50, right=150, bottom=150), margin=0, size=None), square=True)
    assert cut(astronaut, tall).size == (100, 100)


def test_a_crop_of_a_photo_at_reduced_scale_shows_the_same(astronaut: Path) -> None:
    chosen = wish(FACE, margin=0.31, size=32, name="face.png")
    with Image.open(astronaut) as photo:
        whole, reduced = photo.convert("RGB"), photo.convert("RGB").reduce(2)
    assert needed(chosen, whole.size) < 0.5
    pictures = [crop(whole, chosen), crop_reduced(reduced, chosen, whole.size)]
    one, other = (Image.open(io.BytesIO(picture)) for picture in pictures)
    assert one.size == other.size
    assert np.abs(np.asarray(one, float) - np.asarray(other, float)).mean() < 3
    assert crop_reduced(whole, chosen, whole.size) == pictures[0]


def test_a_quick_picture_has_more_bytes(astronaut: Path) -> None:
    usual = wish(FACE, size=192, name="face.webp")
    assert len(cut_bytes(astronaut, usual)) < len(cut_bytes(astronaut, replace(usual, is_quick=True)))


def test_quality_holds_for_formats_with_loss(astronaut: Path) -> None:
    for name in ("a.jpg", "a.webp"):
        good, poor = (len(cut_bytes(astronaut, replace(wish(FACE, name=name), quality=number))) for number in (95, 10))
        assert poor < good / 2
    picture = wish(FACE, name="a.png")
    assert cut_bytes(astronaut, replace(picture, quality=10)) == cut_bytes(astronaut, picture)


def test_with_landmarks_a_face_is_aligned(astronaut: Path) -> None:
    level = replace(wish(FACE), landmarks=((248, 98), (233, 99), (197, 98), (212, 99), (222, 126)))
    turned = replace(wish(FACE), landmarks=((248, 108), (233, 104), (197, 88), (212, 94), (218, 124)))
    assert cut(astronaut, level).size == cut(astronaut, turned).size == (64, 64)
    assert cut_bytes(astronaut, level) != cut_bytes(astronaut, turned)


def test_a_format_that_is_not_known_is_refused(astronaut: Path) -> None:
    with pytest.raises(SetAsideError, match=r"can't be written as '\.gif'; use one of \.jpg, \.jpeg, \.png, \.webp"):
        cut(astronaut, wish(FACE, name="a.gif"))


@given(
    left=st.integers(-20, 90),
    top=st.integers(-20, 70),
    width=st.integers(1, 60),
    height=st.integers(1, 60),
    margin=st.floats(0, 3),
    square=st.booleans(),
)
def test_a_crop_is_inside_of_the_picture_and_contains_the_visible_part_of_the_face(
    left: int, top: int, width: int, height: int, margin: float, *, square: bool
) -> None:
    box = Box(left=max(left, 0), top=max(top, 0), right=min(left + width, 100), bottom=min(top + height, 80))
    if box.width <= 0 or box.height <= 0:
        return
    area = frame(box, margin, (100, 80), square=square)
    assert 0 <= area.left < area.right <= 100
    assert 0 <= area.top < area.bottom <= 80
    if square:
        assert area.width == area.height
        assert abs((area.left + area.right) - (box.left + box.right)) <= 2 or area.left == 0 or area.right == 100
    else:
        assert area.left <= box.left
        assert area.right >= box.right
