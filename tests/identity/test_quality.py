"""How good the picture of a face is, and where its landmarks lie."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from familiar.errors import SetAsideError
from familiar.identity.landmarks import MEAN_FACE, Position, similarity
from familiar.identity.quality import quality
from familiar.model import JUNK, Box, Face

PHOTO = {"width": 400, "height": 300}

GOOD = Face(
    box=Box(left=100, top=100, right=200, bottom=200),
    landmarks=tuple((round(100 + 100 * x), round(100 + 100 * y)) for x, y in MEAN_FACE),
    embedding=np.zeros(128, np.float32),
    size=100,
    sharpness=80.0,
    score=0.93,
    engine="test",
)

lengths = st.none() | st.floats(0, 3)
scores = st.none() | st.floats(0, 1)
points = st.tuples(st.integers(-50, 500), st.integers(-50, 500))
faces = st.builds(
    lambda marks, sharpness, score: replace(GOOD, landmarks=tuple(marks), sharpness=sharpness, score=score),
    st.lists(points, min_size=5, max_size=5) | st.just([]) | st.lists(points, max_size=8) | st.just([(3, 3)] * 5),
    st.floats(0, 1e6),
    scores,
)


def rated(face: Face, *, length: float | None = 1.0) -> float:
    return quality(face, **PHOTO, length=length)


def moved(marks: Sequence[tuple[int, int]], right: int) -> tuple[tuple[int, int], ...]:
    return tuple((x + right, y) for x, y in marks)


@given(face=faces, length=lengths)
def test_any_face_has_a_quality_from_0_to_1(face: Face, length: float | None) -> None:
    assert 0 <= rated(face, length=length) <= 1


@pytest.mark.parametrize("length", [1.0, None])
def test_a_good_face_has_a_quality_near_1_whether_or_not_the_length_tells_something(length: float | None) -> None:
    assert rated(GOOD, length=length) > 0.85
    assert rated(replace(GOOD, score=None), length=length) > 0.85
    assert rated(replace(GOOD, landmarks=()), length=length) > 0.85


@pytest.mark.parametrize("length", [1.0, None])
@pytest.mark.parametrize(
    "worse",
    [
        replace(GOOD, sharpness=3.0),
        replace(GOOD, score=0.8),
        replace(GOOD, landmarks=(*GOOD.landmarks[:4], (185, 163))),
        replace(GOOD, landmarks=moved(GOOD.landmarks, -130)),
        replace(GOOD, landmarks=((150, 120),) * 5),
    ],
    ids=["blurred", "unsure", "turned", "cut off", "without features"],
)
def test_each_fault_makes_a_face_worse(worse: Face, length: float | None) -> None:
    assert rated(worse, length=length) < rated(GOOD, length=length) - 0.01


def test_a_short_embedding_makes_a_face_worse_and_what_is_longer_than_usual_hardly_better() -> None:
    assert rated(GOOD, length=0.5) < JUNK < rated(GOOD, length=0.8) < rated(GOOD, length=1.0) < rated(GOOD, length=1.3)
    assert rated(GOOD, length=1.3) == rated(GOOD, length=2.0)


def test_a_face_that_is_nothing_but_a_blur_is_junk_even_where_the_length_tells_nothing() -> None:
    blur = replace(GOOD, sharpness=1.0, score=0.82)
    assert rated(blur, length=None) < JUNK < rated(GOOD, length=None)


@given(marks=st.lists(points, min_size=5, max_size=5, unique=True), turn=points, start=points)
def test_how_far_a_head_is_turned_depends_neither_on_its_place_and_size_nor_on_how_it_is_tilted(
    marks: list[tuple[int, int]], turn: tuple[int, int], start: tuple[int, int]
) -> None:
    where = [complex(*turn) * complex(*mark) + complex(*start) for mark in marks]
    placed = [(round(point.real), round(point.imag)) for point in where]
    try:
        expected, found = Position.of(marks).deviation, Position.of(placed).deviation
    except SetAsideError:
        return
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_the_mean_face_is_not_turned_and_a_profile_is() -> None:
    assert Position.of([(round(1000 * x), round(1000 * y)) for x, y in MEAN_FACE]).deviation < 0.001
    assert Position.of(GOOD.landmarks).deviation < 0.01
    assert Position.of((*GOOD.landmarks[:4], (185, 163))).deviation > 0.05


@pytest.mark.parametrize(("right", "share"), [(0, 0.0), (-150, 0.5), (-130, 0.3), (-300, 1.0), (250, 0.5), (230, 0.3)])
def test_the_share_of_a_face_outside_of_its_photo_is_that_of_its_area(right: int, share: float) -> None:
    assert Position.of(moved(GOOD.landmarks, right)).share_outside(**PHOTO) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("marks", [[(1, 1)] * 5, [(1, 2), (3, 4)], []])
def test_a_face_without_five_landmarks_at_different_points_has_no_position(marks: list[tuple[int, int]]) -> None:
    for measure in (similarity, Position.of):
        with pytest.raises(SetAsideError, match="can't be aligned"):
            measure(marks)
