"""The looks of somebody with more faces than are compared."""

from pathlib import Path

import pytest

from familiar.library.people.looks import PersonLooks, looks_of
from familiar.settings import ClusteringSettings
from familiar.store.store import Store
from support.large_store import ENGINE, fill


@pytest.fixture(scope="module")
def somebody(tmp_path_factory: pytest.TempPathFactory) -> tuple[PersonLooks, list[int], dict[int, str]]:
    """The looks of somebody, all of their faces, the nearest first, and when their photos were taken."""
    path: Path = tmp_path_factory.mktemp("looks") / "familiar.db"
    with Store(path) as store:
        fill(store, photos=1000, faces=4000, people=1)
        found = looks_of(store, 1, ClusteringSettings(), ENGINE)
        ids = store.faces_of_people.ids(1)
        return found, ids, {face.id: face.taken for face in store.faces_of_people.those(1, ids) if face.taken}


def test_of_many_faces_some_are_compared_from_the_nearest_to_the_farthest_one(
    somebody: tuple[PersonLooks, list[int], dict[int, str]],
) -> None:
    found, ids, _ = somebody
    compared = {face for look in found.looks for face in look.faces} | set(found.alone)
    assert found.faces == len(ids) > found.compared == len(compared) == 400
    assert {ids[0], ids[-1]} <= compared <= set(ids)


def test_a_look_has_the_years_of_its_photos(somebody: tuple[PersonLooks, list[int], dict[int, str]]) -> None:
    found, _, taken = somebody
    dates = [taken[face] for face in found.looks[0].faces if face in taken]
    assert found.looks[0].years == (min(dates), max(dates))
