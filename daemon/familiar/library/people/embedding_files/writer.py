"""Embeddings of people, as other programs read them."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from familiar.embedding_models import name_of
from familiar.errors import FamiliarError
from familiar.model import Embeddings
from familiar.store.people import Person
from familiar.store.store import Store


def references_of(store: Store, person: Person, model: str) -> tuple[Embeddings, list[Path | None]]:
    """Return a person's references that a model has encoded, shape (n, numbers), and where they come from.

    Raises:
        FamiliarError: they have none of that model.
    """
    embeddings, origins = store.references.of(person.id, model)
    sound = np.flatnonzero(np.logical_and.reduce(np.isfinite(embeddings), axis=1)).tolist()
    if not sound:
        others = [f"{count} of {name_of(engine)}" for engine, count in store.references.engines_of(person.id).items()]
        has = ", ".join(others) or "none at all"
        raise FamiliarError(
            f"{person.name!r} has no reference of the model {name_of(model)} to export; there are: {has}."
        )
    return embeddings[sound], [origins[row] for row in sound]


def npy_bytes(embeddings: Embeddings) -> bytes:
    """Return a .npy file of little-endian float32."""
    file = io.BytesIO()
    np.save(file, embeddings.astype("<f4"), allow_pickle=False)
    return file.getvalue()


def npz_bytes(embeddings: Embeddings, origins: Sequence[Path | None], model: str) -> bytes:
    """Return an .npz file with the arrays `embeddings`, `paths` and `model`; what has no origin has an empty path."""
    file = io.BytesIO()
    paths = np.array(["" if origin is None else str(origin) for origin in origins], dtype=np.str_)
    np.savez(file, embeddings=embeddings.astype("<f4"), paths=paths, model=np.array(model, dtype=np.str_))
    return file.getvalue()
