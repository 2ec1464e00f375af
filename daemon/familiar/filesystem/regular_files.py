"""Read files that are found by their name: a pipe of that name would be waited for, and is refused at once."""

import errno
import os
import stat
from pathlib import Path


def read_regular(path: Path) -> bytes:
    """Return what a regular file has; symbolic links are followed.

    Raises:
        OSError: it can't be read, or is something else.
    """
    with open(path, "rb", opener=_opener) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "no regular file", os.fspath(path))
        return file.read()


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)
