from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from familiar.identity.people import MOST_REFERENCES
from familiar.identity.references import choose_references
from familiar.model import Embeddings


def faces_of(seed: int, count: int, spread: float = 0.025) -> Embeddings:
    """Faces of one person."""
    random = np.random.default_rng(seed)
    centre = random.normal(size=128)
    found: Embeddings = (1.4 * centre / np.linalg.norm(centre) + spread * random.normal(size=(count, 128))).astype(
        np.float32
    )
    return found


def nearest_distances(faces: Embeddings, chosen: Sequence[int]) -> list[float]:
    """How far each chosen face is from the others that were chosen."""
    points = faces[list(chosen)]
    between = np.linalg.norm(points[:, None] - points[None], axis=2) + 9 * np.eye(len(points))
    return between.min(axis=1).tolist()  # type: ignore[no-any-return]


def test_without_faces_there_are_no_references() -> None:
    assert choose_references(np.empty((0, 128), np.float32), []) == ()


def test_a_few_faces_are_all_references() -> None:
    assert sorted(choose_references(faces_of(1, 5), [1, 2, 3, 4, 5])) == [0, 1, 2, 3, 4]


def test_the_most_typical_face_comes_first() -> None:
    faces = faces_of(1, 9)
    faces[4] = faces.mean(axis=0)
    assert choose_references(faces, [1.0] * 9)[0] == 4


def test_poor_pictures_are_left_out_where_there_are_enough_good_ones() -> None:
    qualities = [float(number % 2) for number in range(40)]
    chosen = choose_references(faces_of(1, 40), qualities)
    assert len(chosen) == MOST_REFERENCES
    assert all(qualities[number] == 1 for number in chosen)


def test_of_few_faces_the_best_are_taken() -> None:
    chosen = choose_references(faces_of(1, 15), list(range(15)))
    assert sorted(chosen) == list(range(3, 15))


def test_junk_represents_a_person_only_if_there_is_nothing_else() -> None:
    faces = faces_of(1, 5)
    assert sorted(choose_references(faces, [0.1, 0.2, 0.9, 0.1, 0.3], least=0.2)) == [1, 2, 4]
    assert sorted(choose_references(faces, [0.1] * 5, least=0.2)) == [0, 1, 2, 3, 4]


def test_each_look_of_a_person_is_there() -> None:
    looks = [faces_of(seed, count, spread=0.01) for seed, count in enumerate((60, 20, 3, 1))]
    faces = np.concatenate(looks)
    chosen = choose_references(faces, [1.0] * len(faces), most=4)
    bounds = np.cumsum([0, 60, 20, 3, 1])
    assert sorted(np.searchsorted(bounds, chosen, side="right").tolist()) == [1, 2, 3, 4]


def test_the_same_face_is_not_taken_twice() -> None:
    faces = np.repeat(faces_of(1, 2), 10, axis=0)
    assert len(choose_references(faces, [1.0] * 20)) == 2
    assert len(choose_references(np.repeat(faces[:1], 20, axis=0), [1.0] * 20)) == 1


@pytest.mark.parametrize("damage", [np.nan, np.inf])
def test_damaged_faces_are_never_references_and_harm_no_others(damage: float) -> None:
    faces = faces_of(1, 20)
    faces[3, 7] = faces[11] = damage
    sound = np.delete(np.arange(20), [3, 11])
    chosen = choose_references(faces, [1.0] * 20)
    assert chosen == tuple(sound[number] for number in choose_references(faces[sound], [1.0] * 18))
    assert choose_references(np.full((3, 128), damage, np.float32), [1.0] * 3) == ()


@given(
    seed=st.integers(0, 1000),
    count=st.integers(1, 40),
    most=st.integers(1, 15),
    random=st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=50)
def test_references_are_different_faces_of_the_better_half_and_no_more_than_wanted(
    seed: int, count: int, most: int, random: Random
) -> None:
    faces = faces_of(seed, count)
    qualities = [random.choice([0.0, 1.0, 2.0, 5.0]) for _ in range(count)]
    chosen = choose_references(faces, qualities, most=most)
    assert len(set(chosen)) == len(chosen) == min(most, count)
    worst, better = min(qualities[number] for number in chosen), sorted(qualities)[-max(most, -(-count // 2)) :]
    assert worst >= better[0]


@given(seed=st.integers(0, 1000), count=st.integers(2, 40), most=st.integers(2, 12))
@settings(deadline=None, max_examples=50)
def test_no_reference_is_nearer_to_another_than_any_face_is_to_all_of_them(seed: int, count: int, most: int) -> None:
    faces = faces_of(seed, count)
    chosen = choose_references(faces, [1.0] * count, most=most)
    covered = np.linalg.norm(faces[:, None] - faces[None, list(chosen)], axis=2).min(axis=1).max()
    assert min(nearest_distances(faces, chosen)) >= covered - 1e-6


@given(seed=st.integers(0, 1000), order=st.permutations(range(30)))
@settings(deadline=None, max_examples=25)
def test_the_order_of_faces_does_not_matter(seed: int, order: list[int]) -> None:
    faces, qualities = faces_of(seed, 30), np.random.default_rng(seed).random(30)
    shuffled = choose_references(faces[order], qualities[order].tolist())
    assert tuple(order[number] for number in shuffled) == choose_references(faces, qualities.tolist())
