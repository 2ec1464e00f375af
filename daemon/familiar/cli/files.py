"""Files that a command is asked to write."""

import os
from pathlib import Path

import click

from familiar.errors import UsageError

force_option = click.option("--force", is_flag=True, help="Replace a file of that name.")


def check_new(path: Path, *, force: bool) -> None:
    """Check, before anything is done, that a file can be written without loss.

    Raises:
        UsageError: a file of that name is there, and it was not said that it may be replaced; or it is a folder.
    """
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; name a file in it.")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: is no regular file; name a new one.")
    if os.path.lexists(path) and not force:
        raise UsageError(f"{path}: is there already; name another file, or replace it with --force.")
