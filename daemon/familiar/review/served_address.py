"""The address of the page that is served, for the user of the state folder: a command prints it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from familiar.errors import StoreError, UsageError
from familiar.private_files import make_private_folder
from familiar.state import keep_owner

_NAME = "address"
_LONGEST = 4096
_NOT_SERVED = (
    "The page is not served now. Serve it with `familiar review`, or have the daemon serve it: set `review.serve` to "
    "true in the configuration."
)


@contextmanager
def published(folder: Path, address: str) -> Iterator[None]:
    """Keep an address in the folder of the review page for a block, unless another server does, which locks the file.

    Raises:
        StoreError: it can't be written.
    """
    make_private_folder(folder)
    try:
        descriptor = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StoreError(f"{folder / _NAME}: can't be written: {error.strerror}.") from error
    try:
        if _locked(descriptor, fcntl.LOCK_EX):
            keep_owner(descriptor, folder)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, address.encode(), 0)
        yield
    finally:
        os.close(descriptor)


def served_address(folder: Path) -> str:
    """Return the address of the page that is served now.

    Raises:
        UsageError: none is.
    """
    try:
        descriptor = os.open(folder / _NAME, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise UsageError(_NOT_SERVED) from None
    except OSError as error:
        raise UsageError(f"{folder / _NAME}: can't be read: {error.strerror}.") from error
    try:
        if _locked(descriptor, fcntl.LOCK_SH):
            raise UsageError(_NOT_SERVED)
        return os.pread(descriptor, _LONGEST, 0).decode()
    finally:
        os.close(descriptor)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
