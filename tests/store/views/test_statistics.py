import os
from pathlib import Path

import pytest

from familiar.model import Photo
from familiar.store.store import Store
from familiar.store.views.statistics import ClusterCount, ReasonCount, ScoreCount, UnnamedClusters
from support.album import Album, embedding


def photo(album: Album, number: int, *, kind: str = "photo", format_: str = "JPEG", year: int | None = None) -> int:
    from datetime import datetime  # noqa: PLC0415

    return album.store.photos.record(
        Photo(
            hash=f"{number + 1000:064}",
            format=format_,
            width=9,
            height=9,
            taken=None if year is None else datetime(year, 7, 14, 10),
            engine="test",
            kind=kind,  # type: ignore[arg-type]  # one of the kinds
        )
    )


def place(album: Album, photo_id: int, path: str, *, gone: bool = False) -> None:
    album.store.files.place(Path(path), photo_id=photo_id, size=1, mtime_ns=1)
    if gone:
        album.store.files.mark_gone(Path(path))


def root(album: Album, path: str) -> None:
    known = album.store.roots.know(Path(path))
    album.store.files.folder(Path(path), root_id=known.id, device=1)


def test_photos_are_counted_by_kind_format_and_year(album: Album) -> None:
    for number, (kind, format_, year) in enumerate(
        [("photo", "JPEG", 1999), ("photo", "JPEG", 1999), ("video", "MOV", 2020), ("clip", "MOV", None)]
    ):
        photo(album, number, kind=kind, format_=format_, year=year)
    album.store.photos.set_aside("f" * 64, "damaged")
    found = {(row.kind, row.format, row.year): row.photos for row in album.store.statistics.photos()}
    assert found == {("photo", "JPEG", 1999): 2, ("video", "MOV", 2020): 1, ("clip", "MOV", None): 1}


def test_a_photo_counts_once_in_each_of_its_roots_or_elsewhere_or_as_gone(album: Album) -> None:
    root(album, "/a")
    root(album, "/b")
    both, elsewhere, seen, gone, clip = (photo(album, number) for number in range(5))
    for path in ("/a/1.jpg", "/a/copy.jpg", "/b/1.jpg", "/c/1.jpg"):
        place(album, both, path)
    place(album, elsewhere, "/c/2.jpg")
    place(album, seen, "/a/3.jpg", gone=True)
    folder = album.store.files.folder(Path("/d"))
    album.store._db.conn.execute(
        "INSERT INTO sightings (folder_id, name, size, mtime_ns, photo_id) VALUES (?, ?, 1, 1, ?)",
        (folder, b"3.jpg", seen),
    )
    place(album, gone, "/a/4.jpg", gone=True)
    place(album, clip, "/a/5.mov")
    album.store._db.conn.execute("UPDATE photos SET kind = 'clip' WHERE id = ?", (clip,))
    where = album.store.statistics.whereabouts()
    assert (where.roots, where.elsewhere, where.gone) == (((Path("/a"), 1), (Path("/b"), 1)), 2, 1)


def test_photos_are_counted_by_their_faces_without_those_that_are_none(album: Album) -> None:
    album.photo(embedding(1))
    album.photo(embedding(1), embedding(2))
    _, none = album.photo(embedding(1), embedding(3))
    album.photo()
    album.cluster([none])
    album.store.decisions.faces.not_a_face([none])
    assert album.store.statistics.photos_with_faces() == {1: 2, 2: 1}


def test_reasons_are_counted_with_an_example_that_may_not_be_utf_8(album: Album) -> None:
    for number in range(3):
        set_aside = album.store.photos.set_aside(f"{number:064}", "damaged" if number else "empty")
        place(album, set_aside, os.fsdecode(b"/bad/\xff%d.jpg" % number))
    album.store.photos.set_aside("e" * 64, "too large")
    assert album.store.statistics.set_aside() == [
        ReasonCount(reason="damaged", files=2, example=Path(os.fsdecode(b"/bad/\xff1.jpg"))),
        ReasonCount(reason="empty", files=1, example=Path(os.fsdecode(b"/bad/\xff0.jpg"))),
        ReasonCount(reason="too large", files=1, example=None),
    ]


def test_files_that_wait_are_counted_by_reason(album: Album) -> None:
    place(album, photo(album, 1), "/a/1.jpg")
    row = album.store.files.at(Path("/a/1.jpg"))
    assert row is not None
    album.store.files.mark_failed(row.id, reason="busy", due=9)
    assert album.store.statistics.waiting() == [ReasonCount(reason="busy", files=1, example=Path("/a/1.jpg"))]


def test_people_come_with_most_photos_first_and_count_a_photo_once(album: Album) -> None:
    one, other = album.photo(embedding(1), embedding(2))
    (third,) = album.photo(embedding(1))
    for face in (one, other, third):
        album.register(face, "Ann")
        album.match(face, "Ann")
    (fourth,) = album.photo(embedding(3))
    album.register(fourth, "Bob")
    album.match(fourth, "Bob", accepted=False)
    album.store._db.conn.execute("UPDATE photos SET taken = '2001-02-03T04:05:06' WHERE id = 1")
    ann, bob = album.store.statistics.people(most=5)
    assert (ann.name, ann.faces, ann.photos, ann.references) == ("Ann", 3, 2, 3)
    assert (ann.first, ann.last) == ("2001-02-03T04:05:06", "2001-02-03T04:05:06")
    assert (bob.name, bob.faces, bob.photos, bob.references, bob.first) == ("Bob", 0, 0, 1, None)
    assert [person.name for person in album.store.statistics.people(most=1)] == ["Ann"]
    assert album.store.statistics.count_people() == 2


@pytest.mark.parametrize(("distance", "place"), [(0.0, 99), (0.25, 80), (0.6, 62), (3.0, 25)])
def test_scores_fall_into_hundredths(album: Album, distance: float, place: int) -> None:
    (face,) = album.photo(embedding(1))
    album.register(face, "Ann")
    album.match(face, "Ann", distance=distance)
    assert album.store.statistics.scores() == [ScoreCount(person=1, accepted=True, bin=place, faces=1)]


def test_only_clusters_without_a_name_count_the_largest_first(album: Album) -> None:
    small, large, named, ignored = album.clusters(2, 3, 4, 5)
    album.store.decisions.clusters.ignore(ignored)
    for face in album.members(named):
        album.register(face, "Ann")
    album.store._db.conn.execute("UPDATE clusters SET person_id = 1 WHERE id = ?", (named,))
    expected = UnnamedClusters(clusters=2, faces=5, junk=0, largest=(ClusterCount(id=large, faces=3),))
    assert album.store.statistics.unnamed_clusters(most=1) == expected
    assert small != large


def test_clusters_with_nothing_but_junk_are_counted_apart(album: Album) -> None:
    junk, mixed, unknown = album.clusters(4, 3, 2)
    album.rate(dict.fromkeys(album.members(junk), 0.1) | {album.members(mixed)[0]: 0.1, album.members(mixed)[1]: 0.9})
    found = album.store.statistics.unnamed_clusters(most=9)
    assert (found.clusters, found.junk) == (3, 1)
    assert [cluster.id for cluster in found.largest] == [mixed, unknown]
    assert [(row.id, row.is_junk) for row in album.store.clusters.all()] == [
        (mixed, False),
        (unknown, False),
        (junk, True),
    ]


def test_the_likeness_of_a_person_is_the_largest_of_the_nearest_faces_and_a_still_if_there_is_one(
    album: Album,
) -> None:
    (video,) = album.photo(embedding(1), kind="video", size=300)
    (small,) = album.photo(embedding(1), size=80)
    (large,) = album.photo(embedding(1), size=120)
    (refused,) = album.photo(embedding(1), size=190)
    album.register(small, "Ann")
    for face in (video, small, large):
        album.match(face, "Ann")
    album.match(refused, "Ann", accepted=False)
    assert [one.id for one in album.store.likenesses.of_person(1, most=5)] == [large, small, video]


def test_the_likeness_of_a_person_without_matches_is_a_reference(album: Album) -> None:
    (face,) = album.photo(embedding(1))
    album.register(face, "Ann")
    assert [one.id for one in album.store.likenesses.of_person(1, most=5)] == [face]


def test_what_is_read_at_one_moment_does_not_change_while_others_write(album: Album) -> None:
    album.photo(embedding(1))
    with Store(album.store.path) as other:
        with album.store.reading():
            before = album.store.statistics.photos_with_faces()
            second = Album(other)
            second.photos = 7
            second.photo(embedding(2))
            assert album.store.statistics.photos_with_faces() == before == {1: 1}
        assert album.store.statistics.photos_with_faces() == {1: 2}
