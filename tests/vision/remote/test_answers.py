import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from familiar.embedding_models import SFACE
from familiar.errors import ChangedError, FamiliarError, IncompleteError, RetryError, SetAsideError, WorkerLimitError
from familiar.model import Box, Face, Photo
from familiar.vision.remote.answers import (
    InvalidAnswerError,
    SharedFileError,
    UnusableWorkerError,
    encoded_answer,
    error_answer,
    photo_answer,
    read_answers,
    read_encoded,
    read_photo,
    unusable_answer,
    written,
)
from familiar.vision.workers.tasks import EncodedFaces

EMBEDDING = (np.linspace(-1, 1, SFACE.dimension) / 3).astype(np.float32)
FACE = Face(
    box=Box(left=1, top=2, right=30, bottom=40),
    landmarks=((3, 4), (5, 6)),
    embedding=EMBEDDING,
    size=29,
    sharpness=0.1 + 0.2,
    engine=SFACE.id,
    score=1 / 3,
    quality=2 / 3,
    time=0.1,
    times=(0.1, 0.7),
)
PHOTO = Photo(
    hash="a" * 64,
    format="JPEG",
    width=100,
    height=80,
    taken=datetime(2020, 2, 29, 23, 59, 58, 123456),
    engine=f"{SFACE.id} how",
    faces=(FACE,),
    kind="video",
    duration=1 / 7,
    taken_source="camera",
    content_id="x",
    turn=6,
    missing=0.25,
)
GOOD = written([photo_answer(PHOTO)])


def read(data: object) -> Photo:
    (answer,) = read_answers(data, 1)
    return read_photo(answer, hash_=PHOTO.hash, turn=PHOTO.turn, path="/a.jpg", model=SFACE)


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    answers = json.loads(GOOD)
    change(answers[0]["photo"])
    return json.dumps(answers).encode()


def test_a_photo_comes_as_it_was_to_the_last_bit() -> None:
    found = read(GOOD)
    (face,) = found.faces
    assert face.embedding.tobytes() == EMBEDDING.tobytes()
    for got, sent in ((found, PHOTO), (face, FACE)):
        names = [name for name in type(sent).__slots__ if name not in {"embedding", "faces"}]
        assert [getattr(got, name) for name in names] == [getattr(sent, name) for name in names]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (SetAsideError("/t/x.jpg: bad"), SetAsideError),
        (WorkerLimitError("/t/x.jpg: bad"), WorkerLimitError),
        (ChangedError("/t/x.jpg: bad"), ChangedError),
        (IncompleteError("/t/x.jpg: bad", 7.5), IncompleteError),
    ],
)
def test_an_error_comes_as_it_was_with_the_path_of_the_file_here(error: FamiliarError, kind: type[Exception]) -> None:
    with pytest.raises(FamiliarError) as told:
        read(written([error_answer(error, "/t/x.jpg")]))
    assert (type(told.value), str(told.value)) == (kind, "/a.jpg: bad")
    assert getattr(told.value, "retry_in", 7.5) == 7.5


def test_what_the_worker_can_not_do_is_no_error_of_the_photo() -> None:
    with pytest.raises(SharedFileError, match="not there"):
        read(written([error_answer(RetryError("not there"), "/t")]))
    with pytest.raises(UnusableWorkerError, match="the disk is full"):
        read(written([unusable_answer("the disk is full")]))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, "NoneType"),
        (b"\x80\x04K\x01.", "something else"),
        (b"[]", "0 answers, not 1"),
        (b"[{}]", "no photo"),
        (written([encoded_answer([], [])]), "no photo"),
        (changed(lambda photo: photo.update(hash="b" * 64)), "another photo"),
        (changed(lambda photo: photo.update(width=-1)), "something else"),
        (changed(lambda photo: photo.update(more=1)), "something else"),
        (changed(lambda photo: photo.update(missing=float("nan"))), "something else"),
        (changed(lambda photo: photo["faces"][0].update(engine="other")), "a face that 'other' encoded"),
        (changed(lambda photo: photo["faces"][0].update(box=[9, 9, 1, 1])), "empty box"),
        (changed(lambda photo: photo["faces"][0].update(embedding="AAAA")), "an embedding that is none"),
        (changed(lambda photo: photo["faces"][0].update(embedding="AADAfw==" * 128)), "an embedding that is none"),
    ],
)
def test_nonsense_is_told_and_never_believed(data: object, told: str) -> None:
    with pytest.raises(InvalidAnswerError, match=told):
        read(data)


def test_encoded_faces_are_as_many_as_were_asked_for() -> None:
    encoded = EncodedFaces(embeddings=np.stack([EMBEDDING]), qualities=[1 / 3])
    (answer,) = read_answers(written([encoded_answer([encoded, SetAsideError("/t: bad")], ["/s", "/t"])]), 1)
    good, bad = read_encoded(answer, faces=[1, 1], paths=["/a", "/b"], model=SFACE)
    assert isinstance(good, EncodedFaces)
    assert (good.embeddings.tobytes(), good.qualities) == (EMBEDDING.tobytes(), [1 / 3])
    assert (type(bad), str(bad)) == (SetAsideError, "/b: bad")
    with pytest.raises(InvalidAnswerError, match="1 embeddings of 2 faces"):
        read_encoded(answer, faces=[2, 1], paths=["/a", "/b"], model=SFACE)
    with pytest.raises(InvalidAnswerError, match="not as many photos"):
        read_encoded(answer, faces=[1], paths=["/a"], model=SFACE)
