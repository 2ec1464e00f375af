"""Read files; missing files and unreadable files have different errors."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from familiar.errors import ChangedError, GoneError, RetryError, SetAsideError
from familiar.filesystem.regular_files import open_regular

MAX_BYTES = 1 << 30
"""Larger files are no photos."""

MOST_BYTES = 1 << 40
"""Larger files are no videos either. A sparse file of any size takes no room, and would be read for years."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Translate system errors of reading a file.

    Raises:
        GoneError: it does not exist.
        SetAsideError: its name is too long, which no retry changes.
        RetryError: it can't be read for now.
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise GoneError(f"{path}: no longer exists") from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise SetAsideError(f"{path}: the name is too long; use a shorter one") from error
        raise RetryError(f"can't be read: {error.strerror}") from error


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, 64 hexadecimal digits; raises as `reading` does.

    Raises:
        SetAsideError: it is too large for a photo or a video.
    """
    with reading(path), open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > MOST_BYTES:
            raise SetAsideError(f"larger than {MOST_BYTES >> 40} TiB, the limit for photos and videos")
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_head(path: Path, size: int) -> bytes:
    """Return up to this many first bytes of a file; raises as `reading` does."""
    with reading(path), open_regular(path) as file:
        return file.read(size)


def read_bytes(path: Path) -> bytes:
    """Read a whole file; raises as `reading` does.

    Raises:
        SetAsideError: it is too large for a photo.
    """
    with reading(path), open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > MAX_BYTES:
            raise SetAsideError(f"larger than {MAX_BYTES >> 20} MiB, the limit for photos")
        return file.read()


@contextmanager
def opened(path: Path, hash_: str) -> Iterator[BufferedReader]:
    """Open a file whose content has this hash; it is verified and read through the same descriptor.

    Raises:
        GoneError, RetryError: as `reading`, while it is opened and compared.
        SetAsideError: it is empty.
        ChangedError: its content is different.
    """
    with reading(path):
        file = open_regular(path)
    with file:
        with reading(path):
            actual = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        if size == 0:
            raise SetAsideError("the file is empty")
        if actual != hash_:
            raise ChangedError(f"{path}: changed while it was handled")
        file.seek(0)
        yield file
