"""Read files by name, only if they are regular files: reading a pipe could block forever."""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

MOST = 1 << 30
"""Bytes that are read into memory at most; no list and no manifest is larger."""

_PART = 1 << 20
"""Bytes that are read at once from what has no size."""

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading; symbolic links are followed.

    Raises:
        OSError: it can't be opened, or is something else.
    """
    return _opened(path, handed_over=False)


def read_regular(path: Path, *, at_most: int = MOST) -> bytes:
    """Return the content of a regular file of up to `at_most` bytes; raises as `open_regular` does."""
    with open_regular(path) as file:
        return _content(file, path, at_most)


def read_given(path: Path) -> bytes:
    """Return the content of a given file: a regular file, or a pipe of the shell for `<(command)`.

    Raises:
        OSError: it can't be read, is too large, or is something else, as a pipe that is in a folder and that nobody
            may write to.
    """
    with _opened(path, handed_over=True) as file:
        return _content(file, path, MOST)


def _content(file: BufferedReader, path: Path, at_most: int) -> bytes:
    """Return what is left of a file; a pipe or a file that grows has no size beforehand.

    Each part takes the memory that was asked for, even if there is less to read.
    """
    size = os.fstat(file.fileno()).st_size
    parts, left = [], at_most + 1 if size <= at_most else 0
    while left and (part := file.read(min(left, max(size + 1, _PART)))):
        parts.append(part)
        left -= len(part)
    if not left:
        raise OSError(errno.EFBIG, f"it is larger than {at_most >> 20} MiB", os.fspath(path))
    return b"".join(parts)


def _opened(path: Path, *, handed_over: bool) -> BufferedReader:
    found = os.stat(path)
    if not stat.S_ISFIFO(found.st_mode):
        _check(found, path)  # before it is opened, as opening some devices has effects
    file = open(path, "rb", opener=_opener)  # noqa: SIM115 - a path has no opener; the caller closes it
    try:
        if handed_over and _is_nameless_pipe(file.fileno()):
            os.set_blocking(file.fileno(), True)
        else:
            _check(os.fstat(file.fileno()), path)
    except BaseException:
        file.close()
        raise
    return file


def _check(found: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, not a regular file", os.fspath(path))


def _is_nameless_pipe(descriptor: int) -> bool:
    return os.readlink(f"/proc/self/fd/{descriptor}").startswith("pipe:[")


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)
