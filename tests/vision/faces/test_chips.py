from pathlib import Path

import dlib
import numpy as np
import pytest
from PIL import Image

from familiar.vision.engines.dlib_networks import load_landmarks
from familiar.vision.faces.chips import ARCFACE_LAYOUT, DLIB_LAYOUT


def test_faces_for_dlibs_network_are_cut_as_dlib_cuts_them(couple: Path) -> None:
    with Image.open(couple) as image:
        pixels = np.asarray(image.convert("RGB"))
    detector, landmarks = dlib.get_frontal_face_detector(), load_landmarks()
    shapes = [landmarks(pixels, rectangle) for rectangle in detector(pixels, 1)]
    assert len(shapes) == 2
    expected = [dlib.get_face_chip(pixels, shape, 150, 0.25) for shape in shapes]
    assert (DLIB_LAYOUT.cut(pixels, shapes) == np.stack(expected)).all()
    assert DLIB_LAYOUT.face == pytest.approx(100)


def test_landmarks_are_placed_where_the_network_expects_them() -> None:
    points = [(3 * x + 40, 3 * y + 20) for x, y in ARCFACE_LAYOUT.points]
    pixels = np.zeros((400, 400, 3), np.uint8)
    for x, y in points:
        pixels[round(y) - 7 : round(y) + 8, round(x) - 7 : round(x) + 8] = 255
    shape = dlib.full_object_detection(
        dlib.rectangle(0, 0, 300, 300), [dlib.point(round(x), round(y)) for x, y in points]
    )
    (chip,) = ARCFACE_LAYOUT.cut(pixels, [shape])
    assert chip.shape == (112, 112, 3)
    assert all(chip[round(y), round(x)].min() > 200 for x, y in ARCFACE_LAYOUT.points)
    assert np.count_nonzero(chip.min(axis=2) > 100) < 5 * 49


def test_no_face_gives_no_chip() -> None:
    assert ARCFACE_LAYOUT.cut(np.zeros((9, 9, 3), np.uint8), []).shape == (0, 112, 112, 3)
