"""How far faces are from the centres of their groups."""

import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest

from familiar.identity.clustering.centres import distances_to_centres


def faces(count: int, numbers: int = 128) -> npt.NDArray[np.float32]:
    return np.random.default_rng(count).normal(size=(count, numbers)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 2, 4096, 4097, 9000])
@pytest.mark.parametrize("groups", [1, 2, 7, 10_000])
def test_each_face_is_as_far_as_from_the_mean_of_its_group(count: int, groups: int) -> None:
    embeddings = faces(count, 5)
    labels = np.random.default_rng(groups).integers(0, groups, count) * 3
    wanted = np.empty(count)
    for label in np.unique(labels):
        own = embeddings[labels == label].astype(np.float64)
        wanted[labels == label] = np.linalg.norm(own - own.mean(axis=0), axis=1)
    np.testing.assert_allclose(distances_to_centres(embeddings, labels), wanted, atol=1e-6)


def test_no_faces_have_no_distances() -> None:
    assert distances_to_centres(faces(0), np.zeros(0, np.intp)).shape == (0,)


def test_one_group_of_all_takes_no_more_memory_than_many_groups() -> None:
    embeddings = faces(40_000)
    for groups in (1, 2, 3_000):
        labels = np.arange(len(embeddings), dtype=np.intp) % groups
        tracemalloc.start()
        try:
            distances_to_centres(embeddings, labels)
            assert tracemalloc.get_traced_memory()[1] < embeddings.nbytes
        finally:
            tracemalloc.stop()
