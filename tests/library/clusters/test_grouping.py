"""Rounds of grouping with faces of poor quality among the others."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from familiar.library.clusters.grouping import regroup
from familiar.library.clusters.naming import name_cluster
from familiar.model import JUNK
from familiar.settings import ClusteringSettings
from familiar.store.clusters.rounds import GroupingResult
from support.album import MODEL, Album, embedding

NOTHING = GroupingResult(joined=0, fresh=0, grouped=0, absorbed=0)

looks = st.lists(st.tuples(st.integers(1, 3), st.sampled_from([0.05, JUNK, 0.9, None])), min_size=1, max_size=12)
"""Faces: whose each is, and its quality."""


@contextmanager
def album_of(faces: Sequence[tuple[int, float | None]]) -> Iterator[tuple[Album, list[int]]]:
    """Open a store of its own with these faces, for each example of a property."""
    with TemporaryDirectory() as folder, Album.at(Path(folder)) as album:
        ids = [album.photo(embedding(person, look))[0] for look, (person, _) in enumerate(faces)]
        album.rate({face: quality for face, (_, quality) in zip(ids, faces, strict=True)})
        yield album, ids


@pytest.fixture
def album(tmp_path: Path) -> Iterator[Album]:
    with Album.at(tmp_path) as opened:
        yield opened


def group(album: Album) -> GroupingResult:
    return regroup(album.store, ClusteringSettings(), MODEL)


def groups(album: Album, ids: Sequence[int]) -> set[frozenset[int]]:
    """The faces that are together, by their positions."""
    homes = [album.home(face) for face in ids]
    return {
        frozenset(place for place, home in enumerate(homes) if home == one) for one in set(homes) if one is not None
    }


@given(faces=looks)
@settings(max_examples=40, deadline=None)
def test_junk_is_in_no_group_and_the_others_are_grouped_as_if_there_were_none(
    faces: list[tuple[int, float | None]],
) -> None:
    good = [place for place, (_, quality) in enumerate(faces) if quality != 0.05]
    with album_of(faces) as (album, ids), album_of([faces[place] for place in good]) as (other, same):
        group(album)
        group(other)
        assert groups(album, ids) == {frozenset(good[at] for at in one) for one in groups(other, same)}
        assert group(album) == NOTHING


@given(faces=looks, order=st.randoms())
@settings(max_examples=30, deadline=None)
def test_the_groups_do_not_depend_on_the_order_of_the_faces(
    faces: list[tuple[int, float | None]], order: Random
) -> None:
    places = list(range(len(faces)))
    order.shuffle(places)
    with TemporaryDirectory() as folder, Album.at(Path(folder)) as album:
        ids = dict.fromkeys(places, 0)
        for place in places:
            person, quality = faces[place]
            (ids[place],) = album.photo(embedding(person, place))
            album.rate({ids[place]: quality})
        group(album)
        shuffled = groups(album, [ids[place] for place in range(len(faces))])
    with album_of(faces) as (album, in_order):
        group(album)
        assert groups(album, in_order) == shuffled


def test_faces_that_turn_out_to_be_junk_stay_where_they_are_with_their_name(album: Album) -> None:
    faces = album.faces(1, 4)
    group(album)
    cluster = album.home(faces[0])
    assert cluster is not None
    named = name_cluster(album.store, cluster, "Ann", model=MODEL)
    before = album.rows()
    album.rate(dict.fromkeys(faces, 0.01))
    assert group(album) == NOTHING
    assert album.rows() == before
    assert [row.name for row in album.store.clusters.all()] == ["Ann"]
    album.store.decisions.undo(named)
    assert group(album) == NOTHING
    assert album.members(cluster) == faces


def test_junk_that_a_person_puts_into_a_cluster_stays_in_it_until_that_is_undone(album: Album) -> None:
    faces, (junk,) = album.faces(1, 3), album.faces(1, 1)
    album.rate({junk: 0.01})
    group(album)
    cluster = album.home(faces[0])
    assert cluster is not None
    assert album.home(junk) is None
    before = album.rows()
    event = album.store.decisions.faces.place(cluster, [junk])
    assert group(album) == NOTHING
    assert album.home(junk) == cluster
    album.store.decisions.undo(event)
    assert album.rows() == before
    assert group(album) == NOTHING
    assert album.home(junk) is None


@pytest.mark.parametrize("number", [1, 3])
def test_junk_is_a_reference_only_if_the_cluster_has_nothing_else(album: Album, number: int) -> None:
    faces = album.faces(1, 3)
    cluster = album.cluster(faces)
    album.rate(dict.fromkeys(faces[:number], 0.01))
    name_cluster(album.store, cluster, "Ann", model=MODEL)
    owned = [face for face in faces if album.owner(face) == "Ann"]
    assert owned == (faces if number == len(faces) else faces[number:])


def test_faces_of_older_stores_are_rated_before_they_are_grouped(album: Album) -> None:
    faces = album.faces(1, 3)
    album.store._db.conn.execute("UPDATE faces SET sharpness = 1, score = 0.81 WHERE id = ?", (faces[0],))
    group(album)
    assert [album.home(face) is None for face in faces] == [True, False, False]
