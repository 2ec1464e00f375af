"""Embeddings with one byte for each number: no face is ruled out that is near enough, and most that are not are."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from familiar.identity.quantisation import QuantisedEmbeddings, QuantisedFace
from familiar.identity.search import squares_of
from support.album import embedding

ODD = (0.0, 1e-30, -1e-7, 0.3, -0.3, 100.0, 1e15, 3e38, float("inf"), float("nan"))


def quantised(embeddings: npt.NDArray[np.float32]) -> QuantisedEmbeddings:
    return QuantisedEmbeddings.of(embeddings, squares_of(embeddings))


def true_squares(face: npt.NDArray[np.float32], embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    squares: npt.NDArray[np.float64] = ((embeddings.astype(np.float64) - face.astype(np.float64)) ** 2).sum(axis=1)
    return squares


@given(st.integers(0, 10_000), st.sampled_from([1, 3, 128, 512]), st.sampled_from([1e-6, 0.1, 1.0, 30.0, 1e6]))
def test_no_face_is_nearer_than_it_is_said_to_be_at_least(seed: int, numbers: int, length: float) -> None:
    generator = np.random.default_rng(seed)
    faces = (length * generator.normal(size=(40, numbers)) / np.sqrt(numbers)).astype(np.float32)
    faces[:9] = faces[0] + (faces[:9] - faces[0]) * np.float32(0.01)
    least = quantised(faces).least_squares(QuantisedFace.of(faces[0]))
    assert np.all(least <= true_squares(faces[0], faces) + 1e-12)


@given(st.lists(st.lists(st.sampled_from(ODD), min_size=4, max_size=4), min_size=1, max_size=8), st.integers(0, 9))
def test_odd_faces_are_no_nearer_and_damaged_ones_are_nowhere(rows: list[list[float]], sought: int) -> None:
    faces = np.array(rows, np.float32)
    face = np.array([0.3, -0.3, 0.0, 0.1], np.float32) * np.float32(sought)
    least, squares = quantised(faces).least_squares(QuantisedFace.of(face)), squares_of(faces)
    finite = np.isfinite(least)
    assert not finite[~np.isfinite(squares)].any()
    usual = finite & (squares < 1e6)
    assert np.all(least[usual] <= true_squares(face, faces[usual]) + 1e-6)


def test_a_face_that_is_far_away_is_known_to_be() -> None:
    faces = np.stack([embedding(person) for person in range(300)])
    least, squares = quantised(faces).least_squares(QuantisedFace.of(faces[7])), true_squares(faces[7], faces)
    assert np.all(squares - least < 0.12)
    assert np.flatnonzero(least < 1.0).tolist() == [7]


def test_a_damaged_face_is_near_to_nobody() -> None:
    faces = np.stack([embedding(1), embedding(2)])
    for damage in (np.nan, np.inf, 3e38):
        face = embedding(1)
        face[3] = damage
        assert not np.isfinite(quantised(faces).least_squares(QuantisedFace.of(face))).any()


def test_an_embedding_of_zeros_is_as_far_away_as_the_other_one_is_long() -> None:
    zeros, face = np.zeros((1, 128), np.float32), embedding(1)
    assert quantised(zeros).least_squares(QuantisedFace.of(face))[0] == pytest.approx(float(face @ face), rel=1e-3)
