"""Whether a file is at a path. A path that can't be looked at is neither there nor missing."""

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_NOTHING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


def is_missing(path: Path) -> bool:
    """Return whether no regular file is at a path: nothing, a link that leads nowhere, or something else.

    A file in a folder that may not be entered, or on a disk that fails, may be there.
    """
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError as error:
        return error.errno in _NOTHING


def has_file(path: Path) -> bool:
    """Return whether a regular file is at a path, or at the end of the link there, as far as that can be told."""
    return os.path.isfile(path)


class Unread:
    """The folders that a command could not look into, and why; it goes on, and tells of them at the end."""

    def __init__(self) -> None:
        """Start with none."""
        self._folders: dict[Path, str] = {}

    @property
    def folders(self) -> Mapping[Path, str]:
        """The reason for each folder."""
        return MappingProxyType(self._folders)

    def note(self, folder: Path, reason: str) -> None:
        """Note a folder that could not be looked into."""
        self._folders.setdefault(folder, reason)

    def has_file(self, path: Path) -> bool:
        """Return what the function of this name does; where it can't be told, the folder is noted."""
        try:
            return stat.S_ISREG(os.stat(path).st_mode)
        except OSError as error:
            if error.errno not in _NOTHING:
                self.note(path.parent, error.strerror or str(error))
            return False
