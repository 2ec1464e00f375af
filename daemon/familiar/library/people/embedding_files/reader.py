"""Embeddings in files of other programs: what the arrays mean, and whether dlib's network can have made them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from familiar.errors import UsageError
from familiar.library.people.embedding_files.arrays import HOW_TO_SAVE, Array, read_arrays
from familiar.model import Embeddings

SHORTEST, LONGEST = 0.7, 2.4
"""Lengths of embeddings that are believed. dlib's network gives 1.18 to 1.69 (14,835 faces), and the means of many
lie between, too; other networks give 1 (normalised), or 10 and more."""

_DIMENSIONS = 128
_LONGEST_PATH = 4096  # PATH_MAX of Linux, in bytes
_UNIT = 1e-3
"""How near to 1 all lengths are when they were made so, in half precision, too."""
_NAMED_ROWS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EmbeddingFile:
    """Embeddings from a file, shape (n, 128), with the file that each one comes from, and a warning."""

    embeddings: Embeddings
    origins: tuple[Path | None, ...]
    warning: str | None


def read_embeddings(file: Path, paths: Path | None = None) -> EmbeddingFile:
    """Read an embedding (128,), or a stack of them (n, 128), and where they come from if the file says so.

    Args:
        file: embeddings of any precision, alone or with an array of paths.
        paths: another file with the array of paths.

    Raises:
        UsageError: a file can't be read, or holds something else; the message says what was found.
    """
    arrays = read_arrays(file)
    names = str(file)
    if paths is not None:
        arrays += read_arrays(paths)
        names = f"{file} and {paths}"
    numbers = [array for array in arrays if array.dtype.kind == "f"]
    texts = [array for array in arrays if array.dtype.kind != "f"]
    if len(numbers) != 1 or len(texts) > 1:
        raise UsageError(
            f"{names}: must hold one array of embeddings, and at most one of paths, without pickle "
            f"({HOW_TO_SAVE}); it holds {_described(arrays)}."
        )
    embeddings = _checked(file, numbers[0])
    origins: Sequence[Path | None] = [Path(os.path.abspath(file))] * len(embeddings)
    if texts:
        origins = _as_paths(paths or file, texts[0], count=len(embeddings))
    return EmbeddingFile(embeddings=embeddings, origins=tuple(origins), warning=_warning(embeddings))


def _described(arrays: Sequence[Array]) -> str:
    return ", ".join(f"{array.shape} of {array.dtype}" for array in arrays) or "none"


def _checked(file: Path, found: Array) -> Embeddings:
    """Return embeddings as a stack of float32.

    Raises:
        UsageError: they are of another shape, or can't be of dlib's network.
    """
    if found.ndim not in {1, 2} or found.shape[-1] != _DIMENSIONS or not len(found):
        raise UsageError(
            f"{file}: the shape of the embeddings is {found.shape}; it must be (128,) for one, or (n, 128) for several."
        )
    stacked = found.reshape(-1, _DIMENSIONS)
    with np.errstate(over="ignore", invalid="ignore"):
        embeddings: Embeddings = stacked.astype(np.float32)
        lengths: npt.NDArray[np.float32] = np.sqrt(np.einsum("nd,nd->n", embeddings, embeddings))
    sound: npt.NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(stacked), axis=1)
    _refuse(file, ~sound, "have numbers that are NaN or infinite")
    _refuse(file, lengths == 0, "are all zeros")
    wrong = (lengths < SHORTEST) | (lengths > LONGEST)
    if wrong.any():
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
