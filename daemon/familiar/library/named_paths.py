"""Paths as callers name them."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from familiar.errors import UsageError

Paths: TypeAlias = str | Path | Iterable[str | Path]
"""One path, or several."""


def expanded(text: str | Path) -> Path:
    """Return a path with a leading `~` expanded, unless a file of that exact name exists.

    Raises:
        UsageError: it is empty, no file can have it, or it begins with the home of a user who does not exist.
    """
    if not str(text):
        raise UsageError("The path is empty.")
    if "\0" in str(text):
        raise UsageError(f"{str(text)!r}: no file can have this name; leave out the character '\\0'.")
    return with_home(text)


def with_home(text: str | Path) -> Path:
    """Return a path of a list with the home that `~` at its beginning means, as `expanded`; it may name nothing.

    Raises:
        UsageError: it begins with the home of a user who does not exist.
    """
    path = Path(text)
    if not str(path).startswith("~") or os.path.lexists(path):
        return path
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise UsageError(f"{path}: no such home folder; start the path with / or ~/.") from error


def all_expanded(paths: Paths) -> list[Path]:
    """Return one path or several, each as `expanded` does.

    Raises:
        UsageError: as `expanded`.
    """
    return [expanded(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
