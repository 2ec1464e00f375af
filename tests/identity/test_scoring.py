import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from familiar.embedding_models import DLIB
from familiar.identity.gallery import Gallery
from familiar.identity.matching import match
from familiar.identity.people import KnownPerson
from familiar.identity.person_distance import PersonDistance
from familiar.identity.scoring import best_of_photos, distances_to
from familiar.identity.search import NearestPhotos, distances_from, nearest_photos, squared_distances, squares_of
from familiar.settings import MatchingSettings
from support.album import embedding

DISTANCE = PersonDistance.of(DLIB.calibration, MatchingSettings())


def test_a_person_is_as_far_from_a_face_as_matching_says() -> None:
    references = np.stack([embedding(1, look) for look in range(20)])
    faces = np.stack([embedding(1, look) for look in range(100, 110)])
    ann = KnownPerson(name="Ann", threshold=2, references=references)
    settings = MatchingSettings()
    found = [each.distance for each in match(faces, Gallery.of([ann], DLIB.calibration), settings) if each is not None]
    np.testing.assert_allclose(distances_to(faces, references, DISTANCE), found)


def test_a_damaged_embedding_is_infinitely_far_away() -> None:
    faces = np.stack([embedding(1), np.full(128, np.nan, np.float32)])
    assert np.isinf(distances_to(faces, faces[:1], DISTANCE)).tolist() == [False, True]
    assert np.isinf(distances_from(faces[0], faces)).tolist() == [False, True]


def test_no_faces_have_no_distances() -> None:
    assert distances_to(np.empty((0, 128), np.float32), embedding(1)[None], DISTANCE).shape == (0,)


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from([0.1, 0.2, 0.3, float("inf")])), max_size=12))
def test_of_each_photo_the_face_that_is_nearest_counts(faces: list[tuple[int, float]]) -> None:
    expected: dict[int, float] = {}
    for photo, distance in faces:
        if distance < expected.get(photo, float("inf")):
            expected[photo] = distance
    photos, distances = best_of_photos(
        np.array([photo for photo, _ in faces], np.int64), np.array([distance for _, distance in faces])
    )
    assert dict(zip(photos.tolist(), distances.tolist(), strict=True)) == expected
    assert photos.tolist() == sorted(expected)


def test_the_distance_from_a_face_is_that_of_numpy() -> None:
    faces = np.stack([embedding(person) for person in range(30)])
    expected = np.linalg.norm(faces.astype(np.float64) - faces[3], axis=1)
    np.testing.assert_allclose(distances_from(faces[3], faces), expected, atol=1e-3)


@given(
    st.lists(st.tuples(st.integers(1, 6), st.sampled_from([0.1, 0.2, 0.3, 0.4, float("inf")])), max_size=60),
    st.integers(1, 5),
    st.sampled_from([0.25, 0.4, float("inf")]),
)
def test_the_photos_with_the_nearest_faces_come_first_and_none_is_beyond_the_limit(
    faces: list[tuple[int, float]], count: int, limit: float
) -> None:
    best: dict[int, float] = {}
    for photo, distance in faces:
        if distance <= limit and distance < best.get(photo, float("inf")):
            best[photo] = distance
    photos, distances = nearest_photos(
        np.array([photo for photo, _ in faces], np.int64),
        np.array([distance for _, distance in faces], np.float64),
        count=count,
        limit=limit,
    )
    expected = sorted(best.items(), key=lambda each: (each[1], each[0]))[:count]
    assert list(zip(photos.tolist(), distances.tolist(), strict=True)) == expected


def test_the_distance_is_the_same_if_the_lengths_are_known() -> None:
    faces = np.stack([embedding(person) for person in range(30)])
    np.testing.assert_array_equal(distances_from(faces[3], faces, squares_of(faces)), distances_from(faces[3], faces))


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 60)), max_size=60),
    st.integers(1, 5),
    st.sampled_from([0.3, 0.45, float("inf")]),
    st.integers(1, 70),
)
def test_the_nearest_photos_of_parts_are_those_of_all(
    faces: list[tuple[int, int]], count: int, limit: float, size: int
) -> None:
    photos = np.array([photo for photo, _ in faces], np.int64)
    squares = np.array([look / 100 for _, look in faces], np.float32)
    squares[::7] = np.nan
    nearest = NearestPhotos(count=count, limit=limit)
    for at in range(0, len(faces), size):
        nearest.look(photos[at : at + size], squares[at : at + size])
    distances = np.sqrt(np.where(np.isnan(squares), np.inf, squares).astype(np.float64))
    found, expected = nearest_photos(photos, distances, count=count, limit=limit)
    assert nearest.photos.tolist() == found.tolist()
    assert nearest.distances.tolist() == expected.tolist()


def test_several_faces_are_measured_as_each_alone() -> None:
    faces = np.stack([embedding(person) for person in range(30)])
    together = squared_distances([faces[3], faces[4]], faces)
    for place, own in zip((3, 4), together, strict=True):
        alone = distances_from(faces[place], faces)
        np.testing.assert_array_equal(np.sqrt(np.maximum(own.astype(np.float64), 0)), alone)
