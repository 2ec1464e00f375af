"""Folders that are held open while names in them change, so that no link that replaces one leads elsewhere."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from familiar.file_names import number_name
from familiar.filesystem.folders import Entry, Folder, rename_new

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def opened_in(folder: int, path: str) -> Iterator[int]:
    """Hold the folder at a relative path open for a block; no part of the path may be a link.

    Raises:
        NotADirectoryError: a part of it is a link, or not a folder.
        OSError: it can't be opened.
    """
    descriptor = os.dup(folder)
    try:
        for part in path.split("/"):
            below = _open(descriptor, part)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def _open(folder: int, name: str) -> int:
    if name in {"", ".", ".."}:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), name)
    try:
        return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), name) from error


def entries(folder: int) -> list[str]:
    """Return the names in a folder that is held open, in order. Raises OSError."""
    return sorted(os.listdir(folder))


def at(folder: int, name: str) -> Path:
    """Return a path into a folder that is held open, wherever the folder is now."""
    return Path(f"/proc/self/fd/{folder}", name)


def entry_in(folder: int, name: str) -> Entry:
    """Return an entry of a folder that is held open by a descriptor."""
    return Entry(Folder(Path(), folder), name)


def is_folder(folder: int, name: str) -> bool:
    """Return whether a name is that of a folder, and not of a link to one."""
    path = at(folder, name)
    return path.is_dir() and not path.is_symlink()


def move_new(source: int, name: str, target: int, wish: str) -> str:
    """Move an entry to another folder, and return its name there: `wish`, or that with a number.

    Raises:
        OSError: it can't be done.
    """
    number = 1
    while True:
        free = wish if number == 1 else number_name(wish, number)
        try:
            rename_new(entry_in(source, name), entry_in(target, free))
        except FileExistsError:
            number += 1
        else:
            return free
