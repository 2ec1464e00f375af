"""Regular files that are held open: actions apply to the file that was checked, even if its name has changed."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from familiar.errors import ChangedError, GoneError, SetAsideError, WriterError
from familiar.filesystem.folders import Entry, naming
from familiar.filesystem.writers import kept_away

BLOCK = 1 << 20
"""Bytes that are read at once."""

Pulse = Callable[[], None]
"""Called between the parts of long work, so that a watchdog can be fed."""

_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def no_pulse() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of a file and its state: programs can set `mtime_ns` back, but not `ctime_ns`."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> "Identity":
        """Return the identity of a status."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class HeldFile:
    """A regular file that is held open for reading, and the name by which it was found."""

    def __init__(self, entry: Entry, descriptor: int) -> None:
        """Take a descriptor, which its opener closes."""
        self.entry = entry
        self.descriptor = descriptor
        self.identity = Identity.of(os.fstat(descriptor))

    def is_at(self, entry: Entry) -> bool:
        """Return whether a name refers to this file."""
        found = entry.look()
        return found is not None and (found.st_dev, found.st_ino) == (self.identity.device, self.identity.inode)

    def is_one_with(self, other: "HeldFile") -> bool:
        """Return whether two are one file with two names."""
        mine, theirs = self.identity, other.identity
        return (mine.device, mine.inode) == (theirs.device, theirs.inode)

    def follow(self, entry: Entry) -> None:
        """Note that the file was renamed.

        Raises:
            ChangedError: the new name refers to another file, or the bytes have changed.
        """
        if not self.is_at(entry) or not self.has_same_bytes():
            raise ChangedError(f"{self.entry.path}: was replaced while it was renamed")
        self.entry = entry
        self.identity = Identity.of(os.fstat(self.descriptor))

    def is_unchanged(self) -> bool:
        """Return whether the file is unchanged since it was opened, including changes with a reset mtime."""
        return Identity.of(os.fstat(self.descriptor)) == self.identity

    def has_same_bytes(self) -> bool:
        """Return whether size and mtime are unchanged; a rename changes the ctime."""
        found = os.fstat(self.descriptor)
        return (found.st_size, found.st_mtime_ns) == (self.identity.size, self.identity.mtime_ns)

    def hash(self, pulse: Pulse = no_pulse) -> str:
        """Return the SHA-256 of the file's bytes, 64 hexadecimal digits; raises OSError."""
        digest = hashlib.sha256()
        for block in self.blocks():
            digest.update(block)
            pulse()
        return digest.hexdigest()

    def blocks(self) -> Iterator[bytes]:
        """Yield the file's bytes from the start; raises OSError."""
        offset = 0
        with naming(self.entry.path):
            while block := os.pread(self.descriptor, BLOCK, offset):
                offset += len(block)
                yield block

    def verify(self, hash_: str, pulse: Pulse = no_pulse) -> None:
        """Check that the file has the expected content.

        Raises:
            ChangedError: it has not, or was changed while it was read.
        """
        if self.hash(pulse) != hash_ or not self.is_unchanged():
            raise ChangedError(f"{self.entry.path}: was changed after the plan was made")

    def sync(self) -> None:
        """Sync the bytes to disk; raises OSError."""
        with naming(self.entry.path):
            os.fsync(self.descriptor)

    @contextmanager
    def quiet(self) -> Iterator[Callable[[], bool]]:
        """Block writers, as `kept_away` does; yield a function that tells whether no program waits to write.

        Raises:
            WriterError: somebody has the file open for writing.
        """
        with ExitStack() as stack:
            try:
                is_wanted = stack.enter_context(kept_away(self.descriptor))
            except BlockingIOError as error:
                raise WriterError(f"{self.entry.path}: is open for writing in another program") from error
            yield lambda: not is_wanted()


@contextmanager
def hold(entry: Entry) -> Iterator[HeldFile]:
    """Hold the regular file of a name for a block.

    Raises:
        GoneError: the name does not exist.
        SetAsideError: it is a link, a folder, a pipe, a socket or a device.
        OSError: it can't be read.
    """
    found = entry.look()
    if found is None:
        raise GoneError(f"{entry.path}: no longer exists")
    if stat.S_ISLNK(found.st_mode):
        raise SetAsideError(f"{entry.path}: is a symbolic link")
    if not stat.S_ISREG(found.st_mode):
        raise SetAsideError(f"{entry.path}: is not a regular file")
    try:
        with naming(entry.path):
            descriptor = os.open(entry.name, _READING, dir_fd=entry.folder.descriptor)
    except FileNotFoundError as error:
        raise GoneError(f"{entry.path}: no longer exists") from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise SetAsideError(f"{entry.path}: is a symbolic link") from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SetAsideError(f"{entry.path}: is not a regular file")
        yield HeldFile(entry, descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def hold_if_regular(entry: Entry) -> Iterator[HeldFile | None]:
    """Hold the regular file of a name for a block; give None if the name refers to nothing or something else."""
    try:
        holding = hold(entry)
        held = holding.__enter__()
    except (GoneError, SetAsideError):
        yield None
        return
    try:
        yield held
    finally:
        holding.__exit__(None, None, None)


def has_content(entry: Entry, hash_: str, pulse: Pulse = no_pulse) -> bool:
    """Return whether a name refers to a regular file, not a link, whose SHA-256 is `hash_`."""
    with hold_if_regular(entry) as held:
        return held is not None and held.hash(pulse) == hash_
