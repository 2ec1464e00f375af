"""Faces of long series of photos are nearly equal, and do not hide the other faces of their person."""

import numpy as np

from familiar.embedding_models import SFACE
from familiar.identity.clustering.grouping import group
from familiar.identity.clustering.neighbours import Neighbours
from familiar.identity.clustering.plan import FacesToGroup
from familiar.model import Embeddings
from familiar.settings import ClusteringSettings


def series_of(person: int, looks: int, photos: int) -> Embeddings:
    """Return the faces of a person in so many series, shape (looks * photos, 128)."""
    generator = np.random.default_rng(person)
    centre = generator.normal(size=128)
    ways, _ = np.linalg.qr(generator.normal(size=(128, 8)))
    faces = centre / np.linalg.norm(centre) + generator.normal(scale=0.09, size=(looks, 8)) @ ways.T
    faces = np.repeat(faces, photos, axis=0) + generator.normal(scale=0.01, size=(looks * photos, 128))
    unit: Embeddings = (faces / np.linalg.norm(faces, axis=1, keepdims=True)).astype(np.float32)
    return unit


def grouped(*parts: Embeddings) -> list[set[int]]:
    embeddings = np.concatenate(parts)
    count = len(embeddings)
    faces = FacesToGroup(
        ids=np.arange(count), embeddings=embeddings, clusters=np.zeros(count, np.int64), model=SFACE.id
    )
    return sorted(
        ({member.face for member in members} for members in group(faces, ClusteringSettings()).fresh), key=min
    )


def test_a_person_of_many_series_comes_in_one_cluster() -> None:
    clusters = grouped(series_of(1, 10, 50), series_of(2, 10, 50))
    assert clusters == [set(range(500)), set(range(500, 1000))]


def test_one_long_series_is_one_cluster() -> None:
    assert grouped(series_of(1, 1, 500), series_of(2, 1, 300)) == [set(range(500)), set(range(500, 800))]


def test_a_quarter_of_the_neighbours_of_a_face_are_nearly_equal_to_it_and_the_others_the_nearest_beyond() -> None:
    faces = series_of(1, 6, 40)
    found = Neighbours.of(faces, within=0.6, memory=100)
    distances = np.linalg.norm(faces[0].astype(np.float64) - faces, axis=1)
    order = np.argsort(distances)[1:]
    alike = [int(face) for face in order if distances[face] < 0.3]
    beyond = [int(face) for face in order if distances[face] >= 0.3]
    assert len(alike) >= 39
    assert found.others[0].tolist() == [*alike[:8], *beyond[:24]]


def test_few_faces_are_all_neighbours_however_equal_they_are() -> None:
    faces = series_of(1, 1, 33)
    found = Neighbours.of(faces, within=0.6, memory=100)
    assert set(found.others[5].tolist()) == set(range(33)) - {5}
