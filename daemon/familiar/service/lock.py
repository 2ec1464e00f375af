"""One daemon per state folder: a lock file that says who has it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from familiar.errors import FamiliarError, StoreError

LOCK_NAME = "familiar.lock"

_LASTS = "daemon"
"""What stands behind the pid of a holder that lasts."""


class BusyError(FamiliarError):
    """Another process has the state folder; `pid` says which, if it is known, and `lasts` that it is the daemon."""

    def __init__(self, state: Path, pid: int | None, *, lasts: bool) -> None:
        """Name the folder and its holder."""
        super().__init__(
            f"familiar already runs on {state} (pid {pid or 'unknown'}); stop it first, or use another --state."
        )
        self.pid = pid
        self.lasts = lasts


@contextmanager
def locked(state: Path, *, lasts: bool = False) -> Iterator[None]:
    """Hold the state folder's lock for a block. The kernel frees it however the process ends.

    Whoever `lasts`, as the daemon does, also carries out what others write down meanwhile.

    Raises:
        BusyError: another process has it.
        StoreError: the folder may not be written.
    """
    try:
        descriptor = os.open(state / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{state}: the state folder can't be written: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            text = os.pread(descriptor, 64, 0).decode("ascii", "replace").split()
            pid = int(text[0]) if text and text[0].isdigit() else None
            raise BusyError(state, pid, lasts=_LASTS in text) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}{' ' + _LASTS if lasts else ''}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(state: Path) -> int | None:
    """Return the pid of the process that has the state folder's lock, or None if nobody has."""
    try:
        with locked(state):
            return None
    except BusyError as error:
        return error.pid
    except StoreError:
        return None
