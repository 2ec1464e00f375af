"""The state folder: where things are in it, and the lock file that names its holder.

The file says as well when the store of the folder was lost under its holder: no new one is to be made then unasked,
as a service manager would have it that starts the daemon again.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from familiar.errors import FamiliarError, StoreError, StoreUnavailableError
from familiar.filesystem.anchors import Anchor

LOCK_NAME = "familiar.lock"

_LASTS = "daemon"
"""What stands behind the pid of a holder that lasts."""
_LOST = "lost"
"""What stands there after the store was lost."""
_LENGTH = 64


def flickr_in(state: Path) -> Path:
    """Return the folder for all of Flickr: of the account without a name of its own, and of the others in it."""
    return state / "flickr"


class BusyError(FamiliarError):
    """Another process has the state folder; `pid` says which, if it is known, and `lasts` that it is the daemon."""

    def __init__(self, state: Path, pid: int | None, *, lasts: bool) -> None:
        """Name the folder and its holder."""
        super().__init__(
            f"familiar is already running on {state} (pid {pid or 'unknown'}); stop it first, or use another --state."
        )
        self.pid = pid
        self.lasts = lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock that is held; `anchor` is its file, which must stay in its place: another one could be locked there."""

    anchor: Anchor
    descriptor: int
    lasts: bool

    def note(self, *, lost: bool) -> None:
        """Record who has the folder, and whether its store was lost."""
        words = [str(os.getpid()), *([_LASTS] if self.lasts else []), *([_LOST] if lost else [])]
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, " ".join(words).encode() + b"\n", 0)


@contextmanager
def locked(state: Path, *, lasts: bool = False) -> Iterator[Lock]:
    """Hold the state folder's lock for a block. The kernel frees it however the process ends.

    A process that `lasts`, such as the daemon, also carries out operations that others record.

    Raises:
        BusyError: another process has it.
        StoreUnavailableError: its disk is full.
        StoreError: the folder may not be written.
    """
    path = state / LOCK_NAME
    try:
        descriptor = _locked(path, os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX)
    except BlockingIOError as error:
        pid, lasts = _holder(path)
        raise BusyError(state, pid, lasts=lasts) from error
    except OSError as error:
        raise _refused(state, error) from error
    try:
        lock = Lock(anchor=Anchor.of(path, descriptor), descriptor=descriptor, lasts=lasts)
        try:
            keep_owner(descriptor, state)
            lock.note(lost=_LOST in _words(descriptor))
        except OSError as error:
            raise _refused(state, error) from error
        yield lock
    finally:
        os.close(descriptor)


def keep_owner(descriptor: int, folder: Path) -> None:
    """Give a file of root's to the owner of its folder, for whom a service runs; raises OSError."""
    found, owner = os.fstat(descriptor), folder.stat()
    if os.geteuid() == 0 and found.st_uid == 0 and owner.st_uid != 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def keep_owner_of(path: Path, folder: Path) -> None:
    """Give a file or folder of root's to the owner of a folder, as `keep_owner` does; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        keep_owner(descriptor, folder)
    finally:
        os.close(descriptor)


def is_without_room(error: OSError) -> bool:
    """Return whether an error says that a disk, or the share of a user, is full."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT}


def _refused(state: Path, error: OSError) -> StoreError:
    kind = StoreUnavailableError if is_without_room(error) else StoreError
    return kind(f"{state}: the state folder can't be written: {error.strerror}.")


def holder(state: Path) -> int | None:
    """Return the pid of the process that has the state folder's lock, or None if nobody has; nothing is written."""
    path = state / LOCK_NAME
    try:
        os.close(_locked(path, os.O_RDONLY, fcntl.LOCK_SH))
    except BlockingIOError:
        return _holder(path)[0]
    except OSError:
        return None
    return None


def was_lost(state: Path) -> bool:
    """Return whether the store of the folder was lost under the one who had it last."""
    try:
        descriptor = _opened(state / LOCK_NAME, os.O_RDONLY)
    except OSError:
        return False
    try:
        return _LOST in _words(descriptor)
    finally:
        os.close(descriptor)


def _locked(path: Path, flags: int, kind: int) -> int:
    """Open and lock the file that has this name once it is locked: until then another could have taken its place.

    Raises:
        BlockingIOError: another process has it.
        OSError: it can't be opened.
    """
    while True:
        descriptor = _opened(path, flags)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            if Anchor.of(path, descriptor).loss() is None:
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _opened(path: Path, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW, 0o600)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(0, f"{path.name} is not a regular file")


def _holder(path: Path) -> tuple[int | None, bool]:
    """Return the pid of the one who has the lock, if it is known, and whether it lasts."""
    try:
        descriptor = _opened(path, os.O_RDONLY)
    except OSError:
        return None, False
    try:
        words = _words(descriptor)
    finally:
        os.close(descriptor)
    return int(words[0]) if words and words[0].isdigit() else None, _LASTS in words


def _words(descriptor: int) -> list[str]:
    return os.pread(descriptor, _LENGTH, 0).decode("ascii", "replace").split()
