"""Faces of videos that are clips of live photos for a while."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from familiar.model import Photo
from familiar.store.migrations import migrations
from familiar.store.store import Store
from support.album import ANN, BOB, MODEL, Album, embedding

VIDEO = Photo(hash="ab" * 32, format="MOV", width=9, height=9, taken=None, engine="test", kind="video", duration=2.0)


def seen(album: Album) -> tuple[object, ...]:
    """Return what people and rounds of grouping see of the faces."""
    store = album.store
    return (
        store.photos.counts()["faces"],
        [(row.id, row.faces, row.photos) for row in store.clusters.all()],
        [face.id for row in store.clusters.all() for face in store.clusters.faces(row.id)],
        store.rounds.to_group(MODEL, min_size=1, same_photo=False).ids.tolist(),
        store.rounds.basis(MODEL),
        [ids.ids.tolist() for ids in store.faces.all(MODEL)],
        store.statistics.unnamed_clusters(most=9),
        store.tables.faces(embeddings=False).rows,
    )


def test_the_faces_of_a_clip_count_nowhere_and_are_what_they_were_when_it_is_a_video_again(album: Album) -> None:
    photos = album.faces(ANN, 2)
    (ann,) = album.photo(embedding(ANN, 9), kind="video", times=[[0.0]])
    video = album.photos
    _, cluster = album.store.decisions.faces.gather([*photos, ann])
    before = seen(album)
    album.store.photos.make_clip(video)
    album.store.photos.make_clip(video)
    assert album.store.photos.load(video).faces == ()
    assert [face.id for face in album.store.clusters.faces(cluster)] == photos
    assert ann not in album.store.rounds.to_group(MODEL, min_size=1, same_photo=False).ids
    assert album.store.clusters.face_ids(cluster) == [*photos, ann]
    album.store.photos.make_video(video)
    assert seen(album) == before


def test_a_cluster_with_nothing_but_faces_of_a_clip_is_not_listed_and_keeps_its_number(album: Album) -> None:
    (bob,) = album.photo(embedding(BOB), kind="video", times=[[0.0]])
    _, cluster = album.store.decisions.faces.gather([bob])
    album.store.photos.make_clip(1)
    assert album.store.clusters.all() == []
    album.store.photos.make_video(1)
    assert [row.id for row in album.store.clusters.all()] == [cluster]


def test_a_video_that_was_a_clip_from_the_beginning_is_to_be_analysed(store: Store) -> None:
    photo = store.photos.record(replace(VIDEO, kind="clip"))
    assert store.photos.at(photo).analysed
    store.photos.make_video(photo)
    assert not store.photos.at(photo).analysed
    assert store.photos.verdicts([photo], "test") == {}
    assert store.photos.record(VIDEO) == photo
    assert store.photos.at(photo).analysed
    store.photos.make_clip(photo)
    store.photos.make_video(photo)
    assert store.photos.at(photo).analysed


def test_clips_of_an_older_store_are_analysed_when_they_become_videos_and_their_faces_do_not_count(
    tmp_path: Path,
) -> None:
    path = tmp_path / "familiar.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(connection, stop_before="keep_faces_of_clips")
        for number, kind in ((1, "clip"), (2, "clip"), (3, "video")):
            connection.execute(
                "INSERT INTO photos (id, hash, verdict, engine, kind, seen_at) VALUES (?, ?, 'seen', 'test', ?, '')",
                (number, f"{number:064}", kind),
            )
        connection.execute(
            "INSERT INTO faces (photo_id, box_left, box_top, box_right, box_bottom, landmarks, embedding, size, "
            "sharpness, engine) VALUES (2, 0, 0, 1, 1, '[]', ?, 9, 1, 'test')",
            (bytes(4),),
        )
    with Store(path) as store:
        assert store.photos.counts()["faces"] == 0
        for photo in (1, 2):
            store.photos.make_video(photo)
        assert [store.photos.at(photo).analysed for photo in (1, 2, 3)] == [False, True, True]
        assert store.photos.counts()["faces"] == 1
