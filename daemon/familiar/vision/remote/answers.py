"""What a worker of Dask answers, as JSON: it is read as plain data, which can run nothing, and checked.

Numbers keep all their digits: what is read is, bit for bit, what the worker found.
"""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from familiar.embedding_models import Model
from familiar.errors import ChangedError, FamiliarError, IncompleteError, SetAsideError, WorkerLimitError
from familiar.model import Box, DateSource, Embedding, Face, Photo, PhotoKind
from familiar.vision.remote.installation import Installation
from familiar.vision.workers.tasks import EncodedFaces

MOST = 64 << 20
"""Bytes of an answer: that of a video with very many faces stays far below."""

PLACE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands in reasons for the path of the file, which has another one on each machine."""

_LONGEST = 10_000
"""Characters of a text."""

_Text: TypeAlias = Annotated[str, Field(max_length=_LONGEST)]
_Numbers: TypeAlias = Annotated[str, Field(max_length=1 << 17)]
"""An embedding: its bytes in base64."""


class InvalidAnswerError(Exception):
    """What was received is not an answer to the question."""


class SharedFileError(Exception):
    """The worker can't read the file from the shared folder, or finds another one there."""


class UnusableWorkerError(Exception):
    """The worker can analyse no photo at all."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Face(_Part):
    box: tuple[int, int, int, int]
    landmarks: tuple[tuple[int, int], ...]
    embedding: _Numbers
    size: int
    sharpness: float
    engine: str
    score: float | None
    quality: float | None
    time: float | None
    times: tuple[float, ...]

    @classmethod
    def of(cls, face: Face) -> "_Face":
        box = (face.box.left, face.box.top, face.box.right, face.box.bottom)
        own = {"box", "embedding"}
        same = {name: getattr(face, name) for name in cls.model_fields if name not in own}
        return cls(box=box, embedding=_as_text(face.embedding), **same)

    def face(self, model: Model) -> Face:
        left, top, right, bottom = self.box
        if self.engine != model.id:
            raise InvalidAnswerError(f"a face that {self.engine!r} encoded, not {model.id!r}")
        if left >= right or top >= bottom:
            raise InvalidAnswerError(f"a face in the empty box {self.box}")
        box = Box(left=left, top=top, right=right, bottom=bottom)
        return Face(**dict(self) | {"box": box, "embedding": _embedding(self.embedding, model)})


class _Photo(_Part):
    hash: str
    format: _Text
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    taken: datetime | None
    engine: _Text
    faces: tuple[_Face, ...]
    kind: PhotoKind
    duration: float | None
    taken_source: DateSource | None
    content_id: str | None
    turn: int | None
    missing: float | None

    @classmethod
    def of(cls, photo: Photo) -> "_Photo":
        same = {name: getattr(photo, name) for name in cls.model_fields if name != "faces"}
        return cls(faces=tuple(map(_Face.of, photo.faces)), **same)

    def photo(self, model: Model) -> Photo:
        return Photo(**dict(self) | {"faces": tuple(face.face(model) for face in self.faces)})


class _Encoded(_Part):
    embeddings: tuple[_Numbers, ...]
    qualities: tuple[float, ...]

    @classmethod
    def of(cls, encoded: EncodedFaces) -> "_Encoded":
        return cls(embeddings=tuple(map(_as_text, encoded.embeddings)), qualities=tuple(map(float, encoded.qualities)))

    def encoded(self, model: Model, faces: int) -> EncodedFaces:
        if (len(self.embeddings), len(self.qualities)) != (faces, faces):
            raise InvalidAnswerError(f"{len(self.embeddings)} embeddings of {faces} faces")
        return EncodedFaces(
            embeddings=np.stack([_embedding(text, model) for text in self.embeddings]), qualities=list(self.qualities)
        )


class _Error(_Part):
    """What is wrong with a photo; `retry_in` are the seconds of an `IncompleteError`."""

    kind: Literal["set aside", "over limit", "changed", "incomplete", "unreadable"]
    reason: _Text
    retry_in: float = 0.0

    @classmethod
    def of(cls, error: FamiliarError, path: str) -> "_Error":
        reason = str(error).replace(path, PLACE)[:_LONGEST]
        match error:
            case WorkerLimitError():
                return cls(kind="over limit", reason=reason)
            case SetAsideError():
                return cls(kind="set aside", reason=reason)
            case ChangedError():
                return cls(kind="changed", reason=reason)
            case IncompleteError():
                return cls(kind="incomplete", reason=reason, retry_in=error.retry_in)
        return cls(kind="unreadable", reason=reason)

    def error(self, path: str) -> FamiliarError:
        """Return the error as a worker of this machine raises it for the file at `path`.

        Raises:
            SharedFileError: the file could not be read.
        """
        reason = self.reason.replace(PLACE, path)
        match self.kind:
            case "over limit":
                return WorkerLimitError(reason)
            case "set aside":
                return SetAsideError(reason)
            case "changed":
                return ChangedError(reason)
            case "incomplete":
                return IncompleteError(reason, self.retry_in)
        raise SharedFileError(reason)


class _Installation(_Part):
    familiar: _Text
    model: _Text
    zone: _Text
    packages: dict[str, _Text]


class WorkerAnswer(_Part):
    """The answer to one order: one of these."""

    photo: _Photo | None = None
    encoded: tuple[_Encoded | _Error, ...] | None = None
    error: _Error | None = None
    installation: _Installation | None = None
    unusable: _Text | None = None


_ANSWERS = TypeAdapter(tuple[WorkerAnswer, ...])


def photo_answer(photo: Photo) -> WorkerAnswer:
    """Return the answer that is a photo."""
    return WorkerAnswer(photo=_Photo.of(photo))


def encoded_answer(encoded: Sequence[EncodedFaces | FamiliarError], paths: Sequence[str]) -> WorkerAnswer:
    """Return the answer that is for each of some photos, with these paths there, its encoded faces or an error."""
    parts = (
        _Error.of(one, path) if isinstance(one, FamiliarError) else _Encoded.of(one)
        for one, path in zip(encoded, paths, strict=True)
    )
    return WorkerAnswer(encoded=tuple(parts))


def error_answer(error: FamiliarError, path: str) -> WorkerAnswer:
    """Return the answer that something is wrong with the photo that has this path there."""
    return WorkerAnswer(error=_Error.of(error, path))


def installation_answer(installation: Installation) -> WorkerAnswer:
    """Return the answer that is an installation."""
    packages = dict(installation.packages)
    there = _Installation(
        familiar=installation.familiar, model=installation.model, zone=installation.zone, packages=packages
    )
    return WorkerAnswer(installation=there)


def unusable_answer(reason: str) -> WorkerAnswer:
    """Return the answer that the worker can analyse no photo at all."""
    return WorkerAnswer(unusable=reason[:_LONGEST])


def read_photo(answer: WorkerAnswer, *, hash_: str, turn: int | None, path: str, model: Model) -> Photo:
    """Return the photo that was asked for, with faces encoded by a model.

    Raises:
        FamiliarError: what a worker of this machine would raise for the file at `path`.
        SharedFileError, UnusableWorkerError: the worker says so.
        InvalidAnswerError: it is no such answer.
    """
    _check(answer, path)
    if answer.photo is None:
        raise InvalidAnswerError("no photo")
    photo = answer.photo.photo(model)
    if (photo.hash, photo.turn) != (hash_, turn):
        raise InvalidAnswerError("another photo")
    return photo


def read_encoded(
    answer: WorkerAnswer, *, faces: Sequence[int], paths: Sequence[str], model: Model
) -> list[EncodedFaces | FamiliarError]:
    """Return the encoded faces of photos that have so many, or the error for one of them; raises as `read_photo`."""
    _check(answer, paths[0])
    if answer.encoded is None or len(answer.encoded) != len(faces):
        raise InvalidAnswerError("not as many photos")
    return [
        one.error(path) if isinstance(one, _Error) else one.encoded(model, count)
        for one, count, path in zip(answer.encoded, faces, paths, strict=True)
    ]


def read_installation(answer: WorkerAnswer) -> Installation:
    """Return the installation of a worker; raises UnusableWorkerError and InvalidAnswerError as `read_photo`."""
    _check(answer, "")
    if answer.installation is None:
        raise InvalidAnswerError("no installation")
    return Installation(**dict(answer.installation))


def written(answers: Sequence[WorkerAnswer]) -> bytes:
    """Return answers as they are sent."""
    return _ANSWERS.dump_json(tuple(answers))


def read_answers(data: object, count: int) -> Sequence[WorkerAnswer]:
    """Return as many answers as are expected.

    Raises:
        InvalidAnswerError: it is something else.
    """
    if not isinstance(data, bytes):
        raise InvalidAnswerError(f"a value of the type {type(data).__name__}")
    if len(data) > MOST:
        raise InvalidAnswerError(f"{len(data) >> 20} MiB")
    try:
        answers = _ANSWERS.validate_json(data)
    except ValidationError as error:
        raise InvalidAnswerError(f"something else: {error.errors()[0]['msg']}") from error
    if len(answers) != count:
        raise InvalidAnswerError(f"{len(answers)} answers, not {count}")
    return answers


def _check(answer: WorkerAnswer, path: str) -> None:
    """Raise what an answer says instead of what was asked."""
    if answer.unusable is not None:
        raise UnusableWorkerError(answer.unusable)
    if answer.error is not None:
        raise answer.error.error(path)


def _as_text(embedding: Embedding) -> str:
    return base64.b64encode(embedding.astype("<f4").tobytes()).decode("ascii")


def _embedding(text: str, model: Model) -> Embedding:
    try:
        found = np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)
    except ValueError as error:
        raise InvalidAnswerError("an embedding that is none") from error
    if found.shape != (model.dimension,) or not np.isfinite(found).all():
        raise InvalidAnswerError("an embedding that is none")
    return found
