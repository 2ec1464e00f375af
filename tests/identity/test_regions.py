import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from familiar.identity.regions import area_of, faces_of, is_same, overlap, stored, stored_size, turn_between, upright
from familiar.model import Area, Box
from familiar.vision.decoding.pictures import _TURNS

sizes = st.floats(0.01, 0.5)
areas = st.builds(lambda x, y, w, h: Area(x=x, y=y, width=w, height=h), sizes, sizes, sizes, sizes)


@given(areas, st.integers(0, 9))
def test_what_is_turned_and_turned_back_is_where_it_was(area: Area, orientation: int) -> None:
    back = upright(stored(area, orientation), orientation)
    assert (back.x, back.y, back.width, back.height) == pytest.approx((area.x, area.y, area.width, area.height))


@given(areas, st.integers(1, 8), st.integers(1, 8))
def test_a_picture_that_is_upright_by_one_orientation_is_turned_to_be_so_by_another(
    area: Area, one: int, other: int
) -> None:
    found = upright(upright(area, one), turn_between(one, other))
    aim = upright(area, other)
    assert (found.x, found.y, found.width, found.height) == pytest.approx((aim.x, aim.y, aim.width, aim.height))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_area_is_where_its_pixels_are_in_the_stored_picture(orientation: int) -> None:
    from PIL import Image  # noqa: PLC0415

    pixels = np.zeros((40, 80), np.uint8)
    pixels[4:10, 60:76] = 255  # the stored picture: its size, and where something is in it
    shown = Image.fromarray(pixels)
    if orientation in _TURNS:
        shown = shown.transpose(_TURNS[orientation])
    left, top, right, bottom = shown.getbbox() or (0, 0, 0, 0)
    area = area_of(Box(left=left, top=top, right=right, bottom=bottom), *shown.size)
    found = stored(area, orientation)
    assert (found.x, found.y, found.width, found.height) == pytest.approx((68 / 80, 7 / 40, 16 / 80, 6 / 40))
    assert stored_size(*shown.size, orientation) == (80, 40)


def test_an_area_outside_of_the_picture_is_cut_off() -> None:
    box = Box(left=-20, top=50, right=20, bottom=120)
    assert area_of(box, 100, 100) == Area(x=0.1, y=0.75, width=0.2, height=0.5)


@given(areas, areas)
def test_overlap_is_symmetric_and_a_share(one: Area, other: Area) -> None:
    assert overlap(one, other) == pytest.approx(overlap(other, one))
    assert 0 <= overlap(one, other) <= 1 + 1e-9
    assert is_same(one, one)


def test_each_region_finds_the_face_that_fits_best_and_none_is_taken_twice() -> None:
    face = Area(x=0.3, y=0.3, width=0.1, height=0.1)
    wider = Area(x=0.31, y=0.29, width=0.15, height=0.2)
    beside = Area(x=0.33, y=0.3, width=0.1, height=0.1)
    far = Area(x=0.8, y=0.8, width=0.1, height=0.1)
    assert faces_of([wider], [far, face]) == {0: 1}
    assert faces_of([beside, face], [face]) == {1: 0}
    assert faces_of([face], [far]) == {}


def test_the_whole_picture_is_not_the_region_of_a_small_face_in_its_corner() -> None:
    whole, corner = Area(x=0.5, y=0.5, width=1, height=1), Area(x=0.1, y=0.1, width=0.1, height=0.1)
    assert faces_of([whole], [corner]) == {}
