"""`Library.clusters`: groups of faces, what a person decides about them, and pictures of them."""

import asyncio
import math
from pathlib import Path

import pytest

from familiar import Library
from familiar.errors import NoStoreError, UsageError
from support.household import Household


def sizes(library: Library) -> dict[str, int]:
    """Return how many faces each cluster has, by its name or id."""
    return {cluster.name or str(cluster.id): cluster.faces for cluster in library.clusters.all()}


@pytest.fixture
def obamas(nameless: Library) -> int:
    """The larger cluster."""
    return nameless.clusters.all()[0].id


@pytest.fixture
def bidens(nameless: Library) -> int:
    """The smaller cluster."""
    return nameless.clusters.all()[1].id


def test_clusters_come_with_the_largest_first_and_their_faces_with_the_most_typical(
    nameless: Library, album: Path
) -> None:
    large, small = nameless.clusters.all()
    assert [(row.kind, row.name, row.faces, row.photos) for row in (large, small)] == [
        ("unnamed", None, 3, 3),
        ("unnamed", None, 2, 2),
    ]
    assert nameless.clusters.find(large.id) == large
    faces = nameless.clusters.faces(large.id)
    distances = [face.distance for face in faces if face.distance is not None]
    assert (len(distances), distances) == (3, sorted(distances))
    assert {face.cluster for face in faces} == {large.id}
    paths = nameless.clusters.paths_of(faces)
    assert set(paths) == {face.photo_id for face in faces}
    assert set(paths.values()) == {album / name for name in ("2019/obama.jpg", "2019/obama2.jpg", "2020/couple.jpg")}


def test_grouping_again_without_new_faces_changes_nothing(nameless: Library) -> None:
    before = nameless.clusters.all()
    result = nameless.clusters.run()
    assert (result.joined, result.fresh, result.grouped, result.absorbed) == (0, 0, 0, 0)
    assert nameless.clusters.all() == before


def test_a_named_cluster_is_a_person_at_once_and_undo_takes_the_name_back(nameless: Library, obamas: int) -> None:
    named = nameless.clusters.name(obamas, "Barack Obama")
    assert (named.kind, named.by, named.undone_at) == ("name", "person", None)
    person = nameless.people.find("Barack Obama")
    assert (person.faces, person.photos) == (3, 3)
    assert nameless.clusters.log(limit=1) == [named]
    assert nameless.clusters.undo(named.id).id == named.id
    assert nameless.people.all() == []
    assert nameless.clusters.log()[0].undone_at is not None


def test_each_decision_returns_its_event_and_changes_the_clusters(nameless: Library, obamas: int, bidens: int) -> None:
    clusters = nameless.clusters
    first, second, third = (face.id for face in clusters.faces(obamas))
    split = clusters.split(obamas, [first])
    assert (split.event.kind, sizes(nameless)) == ("split", {str(obamas): 2, str(bidens): 2, str(split.cluster): 1})
    assert clusters.merge(split.cluster, obamas).kind == "merge"
    assert clusters.find(split.cluster).id == obamas
    assert clusters.take_out(obamas, [second]).kind == "take out"
    gathered = clusters.gather([second])
    assert clusters.place(gathered.cluster, [third]).kind == "place"
    assert sizes(nameless)[str(gathered.cluster)] == 2
    assert clusters.tell_apart(obamas, bidens).kind == "refuse"
    assert clusters.ignore(bidens).kind == "ignore"
    assert clusters.find(bidens).kind == "ignored"
    assert clusters.not_a_face([first]).kind == "not a face"
    assert str(obamas) not in sizes(nameless)
    for _ in range(8):
        clusters.undo()
    assert sizes(nameless) == {str(obamas): 3, str(bidens): 2}


def test_a_refused_person_is_never_given_to_the_cluster(nameless: Library, obamas: int, bidens: int) -> None:
    nameless.clusters.name(obamas, "Barack Obama")
    assert nameless.clusters.refuse(bidens, "barack obama").kind == "refuse"
    with pytest.raises(UsageError, match="Barack Obama"):
        nameless.clusters.name(bidens, "Barack Obama")
    assert nameless.people.refusals("Barack Obama") == 1


def test_two_clusters_in_one_photo_are_one_person_only_if_that_is_allowed(
    nameless: Library, obamas: int, bidens: int
) -> None:
    with pytest.raises(UsageError, match=r"couple.jpg"):
        nameless.clusters.merge(bidens, obamas)
    nameless.clusters.merge(bidens, obamas, allow_same_photo=True)
    assert sizes(nameless) == {str(obamas): 5}


def test_a_suggestion_names_a_person_with_a_distance(nameless: Library, obamas: int, album: Path) -> None:
    nameless.people.add("Barack Obama", album / "2019" / "obama2.jpg")
    nameless.people.set_threshold("Barack Obama", 0.01)
    (suggested,) = nameless.clusters.suggestions(margin=0.05)
    assert (suggested.cluster, suggested.faces, suggested.person, suggested.other) == (obamas, 3, "Barack Obama", None)
    assert suggested.distance is not None
    assert 0 < suggested.distance < 0.7


def test_a_montage_is_a_picture_with_its_faces_in_order(nameless: Library, obamas: int, bidens: int) -> None:
    with nameless.clusters.pictures() as pictures:
        whole, row = pictures.montage(obamas, columns=2), pictures.montage(bidens, columns=1, rows=1)
    assert [face.id for face in whole.faces] == [face.id for face in nameless.clusters.faces(obamas)]
    assert len(row.faces) == 1
    assert whole.picture.width > row.picture.width
    assert (whole.picture.width, whole.picture.mode) == (whole.picture.height, "RGB")


def test_a_montage_is_made_where_an_event_loop_runs(nameless: Library, obamas: int) -> None:
    async def cell() -> int:
        return len(nameless.clusters.montage(obamas).faces)

    assert asyncio.run(cell()) == 3


def test_what_does_not_exist_is_an_error(nameless: Library, obamas: int) -> None:
    clusters = nameless.clusters
    for ask in (
        lambda: clusters.find(999),
        lambda: clusters.faces(999),
        lambda: clusters.name(999, "Ann"),
        lambda: clusters.merge(obamas, 999),
        lambda: clusters.split(obamas, [999]),
        lambda: clusters.split(obamas, []),
        lambda: clusters.take_out(obamas, []),
        lambda: clusters.gather([]),
        lambda: clusters.not_a_face([999]),
        lambda: clusters.refuse(obamas, "Eve"),
        lambda: clusters.name(obamas, ""),
        lambda: clusters.undo(999),
        lambda: clusters.montage(999),
    ):
        with pytest.raises(UsageError):
            ask()
    assert (sizes(nameless)[str(obamas)], clusters.log()) == (3, [])


@pytest.mark.parametrize("threshold", [0, -1, 2.5, math.nan])
def test_an_invalid_threshold_is_an_error(nameless: Library, threshold: float) -> None:
    with pytest.raises(UsageError, match="it must be above 0 and at most 2"):
        nameless.clusters.run(threshold=threshold)


def test_a_montage_without_room_is_an_error(nameless: Library, obamas: int) -> None:
    with pytest.raises(UsageError, match="The option columns is 0; it must be at least 1"):
        nameless.clusters.montage(obamas, columns=0)
    with pytest.raises(UsageError, match="The option rows is -1; it must be at least 1"):
        nameless.clusters.montage(obamas, rows=-1)


def test_without_a_store_there_are_no_clusters(household: Household) -> None:
    with household.library() as library:
        for ask in (library.clusters.all, library.clusters.log, library.clusters.run, library.clusters.undo):
            with pytest.raises(NoStoreError):
                ask()
    assert not household.state.exists()
