"""Files that must stay in place while a program uses them."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_LEADS_NOWHERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A path, and the file (device and inode) that it must lead to."""

    path: Path
    device: int
    inode: int

    @classmethod
    def at(cls, path: Path) -> Self:
        """Return a path with the file to which it leads now; symbolic links are followed.

        Raises:
            OSError: it leads to none.
        """
        return cls._of(path, os.stat(path))

    @classmethod
    def of(cls, path: Path, descriptor: int) -> Self:
        """Return a path with the file that was opened there."""
        return cls._of(path, os.fstat(descriptor))

    @classmethod
    def _of(cls, path: Path, found: os.stat_result) -> Self:
        return cls(path=path, device=found.st_dev, inode=found.st_ino)

    def loss(self) -> str | None:
        """Return what happened to the file, to follow its path in a sentence; None while it is in place.

        A path that can't be followed for now (a disk that fails, a folder that may not be entered) is no loss: the
        file may be there.
        """
        try:
            found = os.stat(self.path)
        except OSError as error:
            return "was deleted or moved away" if error.errno in _LEADS_NOWHERE else None
        is_same = (found.st_dev, found.st_ino) == (self.device, self.inode)
        return None if is_same else "was replaced by another file"
