"""Faces are turned and scaled by their landmarks."""

import cmath
import math

import dlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from familiar.errors import SetAsideError
from familiar.identity.landmarks import MEAN_FACE
from familiar.vision.faces.alignment import align, edge_of

EDGE = 256


def gradient() -> Image.Image:
    """A picture whose red is the column, and whose green is the row."""
    down, across = np.mgrid[0:EDGE, 0:EDGE].astype(np.uint8)
    return Image.fromarray(np.dstack([across, down, np.full_like(down, 200)]))


def landmarks(centre: complex, edge: float, angle: float) -> tuple[tuple[int, int], ...]:
    """Those of a face of this edge, turned by so many degrees."""
    turn = edge * cmath.exp(1j * math.radians(angle))
    points = (turn * (complex(x, y) - (0.5 + 0.5j)) + centre for x, y in MEAN_FACE)
    return tuple((round(point.real), round(point.imag)) for point in points)


@given(
    edge=st.floats(30, 90),
    angle=st.floats(-180, 180),
    margin=st.floats(0, 0.4),
    size=st.integers(24, 200),
    x=st.floats(110, 145),
    y=st.floats(110, 145),
)
def test_each_landmark_comes_to_where_the_mean_face_has_it(
    edge: float, angle: float, margin: float, size: int, x: float, y: float
) -> None:
    found = landmarks(complex(x, y), edge, angle)
    chip = np.asarray(align(gradient(), found, margin=margin, size=size)).astype(float)
    assert chip.shape == (size, size, 3)
    for landmark, mean in zip(found, MEAN_FACE, strict=True):
        column, row = ((place + margin) / (1 + 2 * margin) * size for place in mean)
        seen = chip[min(int(row), size - 1), min(int(column), size - 1)]
        apart = 3 + 2 * edge * (1 + 2 * margin) / size  # landmarks are whole pixels, and so are those of the chip
        assert abs(seen[0] - landmark[0]) < apart
        assert abs(seen[1] - landmark[1]) < apart
        assert seen[2] > 190


@pytest.mark.parametrize(("size", "apart"), [(150, 1.0), (300, 1.0)])
def test_an_aligned_face_is_the_one_that_dlib_gives(size: int, apart: float) -> None:
    found, picture = landmarks(128 + 128j, 60, 20), gradient()
    points = [dlib.point(x, y) for x, y in found]
    shape = dlib.full_object_detection(dlib.rectangle(90, 90, 160, 160), points)
    chip = dlib.get_face_chip(np.asarray(picture), shape, size, 0.25).astype(float)
    own = np.asarray(align(picture, found, margin=0.25, size=size)).astype(float)
    assert np.abs(own - chip).mean() < apart


def test_an_aligned_face_without_a_size_has_as_many_pixels_as_the_photo() -> None:
    found = landmarks(128 + 128j, 80, 30)
    assert edge_of(found, 0.25) == pytest.approx(120, abs=2)
    assert align(gradient(), found, margin=0.25, size=None).size == (round(edge_of(found, 0.25)),) * 2


def test_pixels_outside_of_the_photo_are_black() -> None:
    chip = np.asarray(align(gradient(), landmarks(20 + 20j, 60, 0), margin=0.5, size=100))
    assert chip[0, 0].tolist() == [0, 0, 0]
    assert chip[90, 90, 2] == 200


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (((1, 1),) * 68, "a face with 68 landmarks can't be aligned; 5 are needed"),
        (((7, 7),) * 5, "all landmarks at one point"),
    ],
)
def test_landmarks_that_tell_nothing_are_refused(points: tuple[tuple[int, int], ...], message: str) -> None:
    with pytest.raises(SetAsideError, match=message):
        align(gradient(), points, margin=0.4, size=64)
