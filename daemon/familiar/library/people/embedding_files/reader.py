"""Embeddings in files of other programs: what the arrays mean, and whether a model can have made them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from familiar.embedding_models import DLIB, MODELS, Model
from familiar.errors import UsageError
from familiar.library.models import known_model
from familiar.library.people.embedding_files.arrays import HOW_TO_SAVE, Array, read_arrays
from familiar.model import Embeddings

SHORTEST, LONGEST = 0.7, 2.4
"""Lengths of embeddings of dlib that are believed. Its network gives 1.18 to 1.69 (14,835 faces), and the means of many
lie between, too; other networks give 1 (normalised), or 10 and more."""

SHORTEST_DLIB, LONGEST_DLIB = 1.1, 1.8
"""Lengths that embeddings of dlib have, and others hardly."""

_LONGEST_PATH = 4096  # PATH_MAX of Linux, in bytes
_SAME_LENGTH = 1e-6
"""How much float32 rounds the length of an embedding at most."""

_UNIT = 1e-3
"""How near to 1 all lengths are when they were made so, in half precision, too."""
_NAMED_ROWS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EmbeddingFile:
    """Embeddings from a file, shape (n, numbers), with the file that each comes from, and what is odd about them.

    They are on familiar's scale: those of a model whose embeddings have one length have that.
    """

    model: Model
    embeddings: Embeddings
    origins: tuple[Path | None, ...]
    warning: str | None


def read_embeddings(
    file: Path,
    paths: Path | None = None,
    *,
    model: Model | None = None,
    in_use: Model = DLIB,
    models: Sequence[Model] = MODELS,
) -> EmbeddingFile:
    """Read an embedding, or a stack of them, and where they come from if the file says so.

    Args:
        file: embeddings of any precision, alone or with an array of paths, and with the name of their model.
        paths: another file with the array of paths.
        model: the model that made them; by default the one that the file names, or else the one in use.
        in_use: the model in use.
        models: those that the file may name.

    Raises:
        UsageError: a file can't be read, or holds something else; the message says what was found.
    """
    content = read_arrays(file)
    arrays = list(content.arrays)
    names = str(file)
    if paths is not None:
        arrays += read_arrays(paths).arrays
        names = f"{file} and {paths}"
    numbers = [array for array in arrays if array.dtype.kind == "f"]
    texts = [array for array in arrays if array.dtype.kind != "f"]
    if len(numbers) != 1 or len(texts) > 1:
        raise UsageError(
            f"{names}: must hold one array of embeddings, and at most one of paths, without pickle "
            f"({HOW_TO_SAVE}); it holds {_described(arrays)}."
        )
    told = None if content.model is None else _told_model(file, content.model, models)
    if told is not None and model is not None and told != model:
        raise UsageError(f"{file}: the file says that its embeddings are of the model {told.name}, not {model.name}.")
    chosen = model or told or in_use
    embeddings = _checked(file, numbers[0], chosen)
    if model is None and told is None:
        _refuse_dlibs(file, embeddings, chosen)
    origins: Sequence[Path | None] = [Path(os.path.abspath(file))] * len(embeddings)
    if texts:
        origins = _as_paths(paths or file, texts[0], count=len(embeddings))
    return EmbeddingFile(
        model=chosen,
        embeddings=_on_scale(embeddings, chosen),
        origins=tuple(origins),
        warning=None if chosen.length is not None else _warning(embeddings),
    )


def _told_model(file: Path, found: Array, models: Sequence[Model]) -> Model:
    """Return the model that a file names.

    Raises:
        UsageError: that is no name, or there is no such model.
    """
    name = found.reshape(-1)[0] if found.size == 1 and found.dtype.kind in "SU" else None
    if name is None:
        raise UsageError(f"{file}: the array model is {found.shape} of {found.dtype}; right is one string.")
    try:
        return known_model(name.decode() if isinstance(name, bytes) else str(name), models)
    except (UsageError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: the file names the model of its embeddings. {error}") from error


def _described(arrays: Sequence[Array]) -> str:
    return ", ".join(f"{array.shape} of {array.dtype}" for array in arrays) or "none"


def _checked(file: Path, found: Array, model: Model) -> Embeddings:
    """Return embeddings as a stack of float32.

    Raises:
        UsageError: they are of another shape, or can't be of this model.
    """
    numbers = model.dimension
    if found.ndim not in {1, 2} or found.shape[-1] != numbers or not len(found):
        of = "" if model.length is None else f" of the model {model.name}"
        raise UsageError(
            f"{file}: the shape of the embeddings is {found.shape}; it must be ({numbers},) for one, or (n, {numbers}) "
            f"for several{of}."
        )
    stacked = found.reshape(-1, numbers)
    with np.errstate(over="ignore", invalid="ignore"):
        embeddings: Embeddings = stacked.astype(np.float32)
        lengths: npt.NDArray[np.float32] = np.sqrt(np.einsum("nd,nd->n", embeddings, embeddings))
    sound: npt.NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(stacked), axis=1)
    _refuse(file, ~sound, "have numbers that are NaN or infinite")
    _refuse(file, lengths == 0, "are all zeros")
    wrong = (lengths < SHORTEST) | (lengths > LONGEST)
    if model.length is not None:
        _refuse(file, ~np.isfinite(lengths), "are too long")
    elif wrong.any():
        length = float(lengths[wrong][0])
        why = f"can't be of dlib's network: their lengths are not 1.2 to 1.7, but for example {length:.3g}"
        _refuse(file, wrong, why)
    return embeddings


def _refuse(file: Path, wrong: npt.NDArray[np.bool_], why: str) -> None:
    """Refuse a file if some of its rows are wrong.

    Raises:
        UsageError: they are.
    """
    rows = np.flatnonzero(wrong).tolist()
    if rows:
        named = ", ".join(map(str, rows[:_NAMED_ROWS]))
        more = f" and {len(rows) - _NAMED_ROWS} more" if len(rows) > _NAMED_ROWS else ""
        raise UsageError(f"{file}: {len(rows)} of {len(wrong)} embeddings {why}; rows, from 0: {named}{more}.")


def _refuse_dlibs(file: Path, embeddings: Embeddings, model: Model) -> None:
    """Refuse embeddings that nobody named the model of, if they look like dlib's and would count as another one's.

    Raises:
        UsageError: they do.
    """
    lengths = np.linalg.norm(embeddings, axis=1)
    if model.length is not None and ((lengths > SHORTEST_DLIB) & (lengths < LONGEST_DLIB)).all():
        raise UsageError(
            f"{file}: the embeddings are as long as dlib's ({float(lengths[0]):.3g}), and the model in use is "
            f"{model.name}. Name their model: --model dlib-plain for those of face_recognition, or --model "
            f"{model.name}."
        )


def _on_scale(embeddings: Embeddings, model: Model) -> Embeddings:
    """Return embeddings with the length that those of the model have here, if that is one.

    Those that have it stay as they are to the last bit, so that an exported reference is known when it is imported.
    """
    if model.length is None:
        return embeddings
    lengths = np.linalg.norm(embeddings.astype(np.float64), axis=1, keepdims=True)
    scaled: Embeddings = (embeddings * (model.length / lengths)).astype(np.float32)
    return np.where(np.abs(lengths - model.length) < _SAME_LENGTH, embeddings, scaled)


def _warning(embeddings: Embeddings) -> str | None:
    lengths = np.linalg.norm(embeddings, axis=1)
    if (np.abs(lengths - 1) < _UNIT).all():
        return "All embeddings have length 1. dlib's do not: distances mean little if they were normalised."
    return None


def _as_paths(file: Path, found: Array, *, count: int) -> list[Path | None]:
    """Return an array of strings as paths; an empty string is an unknown path.

    A path that does not begin with / is taken from the current folder, as in lists.

    Raises:
        UsageError: there are more or fewer than embeddings, or some can't be paths.
    """
    if found.ndim > 1 or found.size != count:
        raise UsageError(
            f"{file}: the shape of the paths is {found.shape}, with {count} embeddings; it must be ({count},)."
        )
    paths = []
    for row in range(count):
        try:
            text = os.fsencode(found.reshape(-1)[row])
        except (ValueError, SystemError) as error:  # not in paths, or no characters at all: that is numpy's second one
            raise UsageError(f"{file}: path {row}, from 0, is not text: {error}.") from error
        if b"\0" in text or len(text) > _LONGEST_PATH:
            raise UsageError(f"{file}: path {row}, from 0, can't be a path: {text[: _NAMED_ROWS * 10]!r}.")
        paths.append(Path.cwd() / os.fsdecode(text) if text else None)
    return paths
