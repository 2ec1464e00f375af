import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from familiar.embedding_models import SFACE, THRESHOLD
from familiar.identity.scale import DEVIATIONS, measured_length, strangers

_RANDOM = np.random.default_rng(3)


def test_pairs_of_strangers_are_faces_of_one_photo() -> None:
    embeddings = np.array([[1, 0], [0, 3], [2, 2], [5, 0], [1, 1]], np.float32)
    (cosines,) = strangers([4, 4, 4, 7, 9], embeddings)
    assert cosines == pytest.approx([0, 0.5**0.5, 0.5**0.5])
    first, second = strangers([4, 4, 6, 7, 7], embeddings)
    assert [*first, *second] == pytest.approx([0, 0.5**0.5])
    assert strangers([1, 2, 3], embeddings[:3]) == []
    assert strangers([], np.empty((0, 2), np.float32)) == []


def test_strangers_as_alike_as_they_are_for_sface_give_its_length() -> None:
    found = measured_length([_RANDOM.normal(0.105, 0.0862, 100_000)])
    assert found.pairs == 100_000
    assert found.length == pytest.approx(SFACE.length, rel=0.01)


@given(st.floats(-0.1, 0.3), st.floats(0.03, 0.1))
@settings(deadline=None, max_examples=30)
def test_the_threshold_lies_as_far_beyond_strangers_for_every_network(middle: float, deviation: float) -> None:
    found = measured_length([_RANDOM.normal(middle, deviation, 20_000)])
    assert found.distance is not None
    assert found.length == pytest.approx(THRESHOLD / found.distance)
    cosine = 1 - found.distance**2 / 2
    assert (cosine - middle) / deviation == pytest.approx(DEVIATIONS, rel=0.1)


def test_some_people_who_are_twice_in_a_photo_change_hardly_anything() -> None:
    cosines = _RANDOM.normal(0, 0.07, 20_000)
    usual = measured_length([cosines])
    mixed = measured_length([np.concatenate([cosines, np.full(200, 0.95)])])
    assert mixed.length == pytest.approx(usual.length, rel=0.05)


def test_the_interval_is_wider_with_fewer_photos_and_contains_the_right_length() -> None:
    few, many = (measured_length(list(_RANDOM.normal(0.105, 0.0862, (photos, 6)))) for photos in (200, 5000))
    assert (few.photos, few.pairs) == (200, 1200)
    assert few.low is not None
    assert few.high is not None
    assert many.low is not None
    assert many.high is not None
    assert few.low < 0.44 < few.high
    assert 0.02 < few.high - few.low < 0.05
    assert 0.002 < many.high - many.low < (few.high - few.low) / 3


def test_photos_whose_pairs_are_alike_make_the_interval_wider() -> None:
    usual = list(_RANDOM.normal(0.105, 0.0862, (200, 6)))
    alike = list(np.repeat(_RANDOM.normal(0.105, 0.0862, (200, 1)), 6, axis=1))
    widths = [(one.high or 0) - (one.low or 0) for one in map(measured_length, (usual, alike))]
    assert widths[1] > 1.5 * widths[0] > 0


def test_a_few_photos_do_not_tell_how_certain_the_length_is() -> None:
    found = measured_length(list(_RANDOM.normal(0.105, 0.0862, (9, 200))))
    assert (found.low, found.high) == (None, None)
    assert found.length is not None


def test_a_network_for_which_all_are_alike_has_no_length() -> None:
    found = measured_length([_RANDOM.normal(0.9, 0.03, 1000)])
    assert found is not None
    assert (found.distance, found.length) == (None, None)
