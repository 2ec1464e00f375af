"""Output files: lists, plots, tables, reports. Other files of the same name are not replaced."""

import os
from pathlib import Path

from familiar.effects.replacement import replace_files, whole_file
from familiar.errors import UsageError


def check_new(path: Path, *, replace: bool) -> None:
    """Check, before anything is done, that a file can be written without loss.

    Raises:
        UsageError: a file of that name is there, and it was not said that it may be replaced; it is a folder; or the
            folder that it is to be in does not exist.
    """
    if not path.parent.exists():
        raise UsageError(f"{path}: the folder {path.parent} does not exist; create it, or choose another file.")
    if path.is_dir():
        raise UsageError(f"{path} is a folder; give a file in it.")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is not a regular file; give a new file.")
    if os.path.lexists(path) and not replace:
        raise UsageError(f"{path} already exists; choose another file, or replace it with --force.")


def write_new(path: Path, data: bytes, *, replace: bool) -> None:
    """Write a file, as a whole or not at all.

    Raises:
        UsageError: as `check_new` does.
        FamiliarError: it can't be written, or a file came there just now that is not to be replaced.
    """
    check_new(path, replace=replace)
    if replace:
        replace_files({path: data})
        return
    with whole_file(path, replace=False) as file:
        file.write(data)
