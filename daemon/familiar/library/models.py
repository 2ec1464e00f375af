"""Which models there are, what each has encoded, and what it takes to use another one."""

import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from familiar.embedding_models import MODELS, NOT_NAMED, OWN, Model, is_own
from familiar.errors import UsageError
from familiar.library.concurrency import run_all
from familiar.library.encoding import TOGETHER, in_parts, places_of
from familiar.store.models import ModelCounts
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers
from familiar.vision.workers.tasks import EncodeTask

_SAMPLE = 64
"""Photos on which it is measured how long all take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """A model, and what it has encoded.

    `faces` and `references` have its embedding in use. `kept_faces` have one of another model in use, and its own
    beside that. `dimension` and `licence` are None for a model that is not known here.
    """

    name: str
    id: str
    summary: str
    licence: str | None
    dimension: int | None
    in_use: bool
    faces: int
    references: int
    kept_faces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlan:
    """What it takes to use a model.

    Attributes:
        model: its name.
        faces: how many have to be encoded by it.
        photos: the photos that these are in; `unreadable` of them have no file now, and wait until they have.
        kept_faces: how many it has encoded before: for these no photo is read.
        references_left: references without a photo, which stay those of another model.
        seconds: how long it takes, about, as measured on `sample` of the photos; None where none has to be read.
    """

    model: str
    faces: int
    photos: int
    unreadable: int
    kept_faces: int
    references_left: int
    seconds: float | None
    sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChange:
    """What came of using a model.

    Attributes:
        model: its name.
        daemon: pid of the daemon that encodes the faces now, in the background; None if that was done here.
        photos: how many were encoded again.
        restored: faces that it had encoded before.
        left: photos that can't be read now; their faces keep their names, and are encoded when they can be.
        references_left: references without a photo to encode; they stay those of another model.
    """

    model: str
    daemon: int | None
    photos: int
    restored: int
    left: int
    references_left: int


def known_model(name: str, models: Sequence[Model] = MODELS) -> Model:
    """Return a model by its name or its id, in upper or lower case.

    Raises:
        UsageError: there is none of this name among these.
    """
    found = next((model for model in models if name.lower() in {model.name, model.id}), None)
    if found is None:
        names = ", ".join(repr(model.name) for model in models)
        own = "" if any(model.name == OWN for model in models) else "; your own comes with vision.model: own"
        raise UsageError(f"There is no model {name!r}; the models are {names}{own}.")
    return found


def listed(store: Store | None, models: Sequence[Model], in_use: str) -> list[ListedModel]:
    """Return these models, and others that have encoded something in the store."""
    counts = {} if store is None else store.models.counts()
    known = [_listed(model.id, model, counts.get(model.id), in_use) for model in models]
    ids = {model.id for model in models}
    return known + [_listed(id_, None, count, in_use) for id_, count in counts.items() if id_ not in ids]


def _summary(id_: str) -> str:
    return NOT_NAMED if is_own(id_) else "a model that is not known here"


def _listed(id_: str, model: Model | None, counts: ModelCounts | None, in_use: str) -> ListedModel:
    counts = counts or ModelCounts()
    return ListedModel(
        name=id_ if model is None else model.name,
        id=id_,
        summary=_summary(id_) if model is None else model.summary,
        licence=None if model is None else model.licence,
        dimension=None if model is None else model.dimension,
        in_use=id_ == in_use,
        faces=counts.faces,
        references=counts.references,
        kept_faces=counts.kept_faces,
    )


async def plan_of(store: Store, workers: Workers, model: Model, progress: Callable[[int, int], None]) -> ModelPlan:
    """Return what it takes to use a model; some photos are encoded for it, and what comes of that is not kept."""
    photos = store.embeddings.missing(model.id)
    readable = [(photo, path) for photo in photos if (path := _path_of(store, photo)) is not None]
    step = max(1, len(readable) // _SAMPLE)
    sample = [
        EncodeTask(path=path, hash=wanted.hash, faces=wanted.faces, turn=wanted.turn)
        for photo, path in readable[::step][:_SAMPLE]
        if (wanted := store.embeddings.to_encode(photo, model.id)) is not None
    ]
    return ModelPlan(
        model=model.name,
        faces=store.embeddings.count_missing(model.id),
        photos=len(photos),
        unreadable=len(photos) - len(readable),
        kept_faces=store.models.counts().get(model.id, ModelCounts()).kept_faces,
        references_left=store.references.without_face(model.id),
        seconds=await _seconds_of(workers, sample, progress) / len(sample) * len(readable) if sample else None,
        sample=len(sample),
    )


def _path_of(store: Store, photo: int) -> Path | None:
    return next(filter(os.path.lexists, places_of(store, photo)), None)


async def _seconds_of(workers: Workers, tasks: Sequence[EncodeTask], progress: Callable[[int, int], None]) -> float:
    """Return how long it takes to encode the faces of photos, without the start of the workers."""
    await run_all(workers.encode(tasks[:1]) for _ in range(workers.count))
    begun = time.monotonic()
    # each worker gets its share, as if there were many more
    share = min(TOGETHER, math.ceil(len(tasks) / workers.count))
    await run_all((workers.encode(part) for part in in_parts(tasks, share)), progress)
    return time.monotonic() - begun
