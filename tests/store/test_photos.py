from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from familiar.model import Box, Face, Photo
from familiar.store.store import Store
from support.stores import put_store

HASH = "ab" * 32
FACE = Face(
    box=Box(left=0, top=0, right=9, bottom=9),
    landmarks=(),
    embedding=np.zeros(128, np.float32),
    size=9,
    sharpness=1.0,
    engine="test",
)
PHOTO = Photo(hash=HASH, format="PNG", width=9, height=9, taken=None, engine="test")


def test_a_photo_is_recorded_once(store: Store) -> None:
    first = store.photos.record(PHOTO)
    store.photos.mark_handled(first)
    assert store.photos.record(PHOTO) == first
    found = store.photos.find(HASH)
    assert found is not None
    assert (found.id, found.verdict, found.handled) == (first, "seen", True)


def test_an_output_whose_faces_somebody_wants_is_never_handled_as_a_new_photo(store: Store) -> None:
    output = store.photos.record_output(HASH)
    assert store.photos.record(PHOTO) == output
    found = store.photos.find(HASH)
    assert found is not None
    assert (found.verdict, found.handled) == ("seen", True)


def test_a_photo_that_was_set_aside_may_be_seen_later(store: Store) -> None:
    aside = store.photos.set_aside(HASH, "damaged")
    assert store.photos.record(PHOTO) == aside
    found = store.photos.find(HASH)
    assert found is not None
    assert (found.verdict, found.reason, found.handled) == ("seen", None, False)


def test_a_photo_of_flickr_that_was_set_aside_is_fetched_again_when_it_is_to_be_retried(store: Store) -> None:
    aside = store.photos.set_aside(HASH, "damaged")
    store._db.conn.execute(
        "INSERT INTO flickr_photos (id, secret, media, state, updated, uploaded, walk, photo_id) "
        "VALUES ('1', 's', 'photo', 'refused', 0, 0, 0, ?)",
        (aside,),
    )
    store.photos.forget_verdicts()
    assert store.photos.find(HASH) is None
    assert (store.flickr.counts()["listed"], store.flickr.counts()["refused"]) == (1, 0)


def test_a_photo_that_was_seen_before_it_was_set_aside_keeps_its_faces_when_it_is_to_be_retried(store: Store) -> None:
    seen = store.photos.record(replace(PHOTO, hash=HASH, faces=(FACE,)))
    assert store.photos.set_aside(HASH, "damaged") == seen
    store.photos.forget_verdicts()
    found = store.photos.find(HASH)
    assert found is not None
    assert (found.id, found.verdict, found.reason) == (seen, "seen", None)
    assert len(store.photos.load(seen).faces) == 1


def test_a_face_keeps_how_sure_the_detector_was_and_its_quality_if_they_are_known(store: Store) -> None:
    photo = replace(PHOTO, faces=(replace(FACE, score=0.875, quality=0.5), FACE))
    faces = store.photos.load(store.photos.record(photo)).faces
    assert [(face.score, face.quality) for face in faces] == [(0.875, 0.5), (None, None)]


def test_how_long_the_rest_takes_is_told_by_the_last_photos_if_there_were_some_of_late(tmp_path: Path) -> None:
    clock = [datetime(2026, 5, 1, tzinfo=UTC)]
    with Store(put_store(tmp_path), now=lambda: clock[0]) as store:

        def see(first: int, count: int, seconds: float) -> None:
            for number in range(first, first + count):
                clock[0] += timedelta(seconds=seconds)
                store.photos.record(replace(PHOTO, hash=f"{number:064}"))

        see(0, 19, 1)
        assert store.photos.seconds_for(10) is None  # too few to tell
        see(19, 1, 1)
        assert store.photos.seconds_for(100) == pytest.approx(100)
        assert store.photos.seconds_for(0) is None
        see(20, 400, 0.5)
        assert store.photos.seconds_for(100) == pytest.approx(52, abs=1)  # a short time says little
        see(420, 600, 0.5)
        assert store.photos.seconds_for(100) == pytest.approx(50)
        clock[0] += timedelta(minutes=6)
        assert store.photos.seconds_for(100) is None  # nobody is at work
