"""The files of a unit: written and removed only if `familiar service` wrote them."""

from pathlib import Path

from familiar.errors import FamiliarError, UsageError
from familiar.filesystem.regular_files import read_regular
from familiar.library.output_files import write_new
from familiar.library.unit.texts import MARK

_MODE = 0o644
"""The manager and the user of a service read them."""


def read_own(path: Path) -> str | None:
    """Return the text of a file that `familiar service` wrote; None if there is no such file.

    Raises:
        UsageError: a person wrote it.
        FamiliarError: it can't be read.
    """
    try:
        text = read_regular(path).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FamiliarError(f"{path}: can't be read: {error.strerror}.") from error
    if not text.startswith(MARK):
        raise UsageError(
            f"{path} was not written by `familiar service`, and is not changed; move it away first. Drop-ins "
            "next to it stay in effect."
        )
    return text


def write(path: Path, text: str) -> None:
    """Write a file, as a whole or not at all; one that is there is replaced.

    Raises:
        FamiliarError: it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FamiliarError(f"{path.parent}: can't be created: {error.strerror}.") from error
    write_new(path, text.encode(), replace=True)
    path.chmod(_MODE)


def remove(path: Path) -> None:
    """Remove a file, and its folder if nothing else is in it.

    Raises:
        FamiliarError: it can't be removed.
    """
    try:
        path.unlink()
        if path.parent.name.endswith(".d") and not any(path.parent.iterdir()):
            path.parent.rmdir()
    except OSError as error:
        raise FamiliarError(f"{path}: can't be removed: {error.strerror}.") from error
