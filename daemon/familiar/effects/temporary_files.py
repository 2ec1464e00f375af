"""Make a file under a hidden name, through to the disk, and read back what was written."""

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from familiar.filesystem.files import HeldFile, Pulse, hold
from familiar.filesystem.folders import Entry, naming
from familiar.filesystem.removal import discard
from familiar.filesystem.rights import ACCESS, Rights

_PORTION = 32
"""Blocks that may be written before they have to be on the disk."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def written(data: bytes, temporary: Entry, *, rights: Rights | None = None, pulse: Pulse) -> Iterator[HeldFile]:
    """Give a file with these bytes, whole and on the disk; it is removed at the end if it got no other name.

    `rights` are those that it is to have at most, by default those of every new file.

    Raises:
        OSError: it can't be written.
    """
    with _made(temporary, [data], hashlib.sha256(data).hexdigest(), rights=rights, pulse=pulse) as made:
        yield made


@contextmanager
def copied(source: HeldFile, temporary: Entry, *, hash_: str, pulse: Pulse) -> Iterator[HeldFile]:
    """Give a copy of a held file with its times and rights, whole and on the disk, as `written` does.

    Raises:
        ChangedError: the source has not the content of `hash_`, or was changed in the meantime.
        OSError: it can't be read or written.
    """
    rights = Rights.of(source.descriptor)
    with _made(temporary, source.blocks(), hash_, rights=rights, like=source, pulse=pulse) as made:
        yield made


@contextmanager
def _made(
    temporary: Entry,
    blocks: Iterable[bytes],
    hash_: str,
    *,
    rights: Rights | None,
    like: HeldFile | None = None,
    pulse: Pulse,
) -> Iterator[HeldFile]:
    with naming(temporary.path):
        mode = 0o666 if rights is None else 0o600  # until it is whole, it is for nobody else
        descriptor = os.open(temporary.name, _NEW, mode, dir_fd=temporary.folder.descriptor)
    made = os.fstat(descriptor)
    try:
        try:
            _write(descriptor, temporary, blocks, pulse)
            if rights is not None:
                rights.give(descriptor)
            if like is not None:
                _copy_metadata(like.descriptor, descriptor)
            with naming(temporary.path):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        with hold(temporary) as held:
            if held.hash(pulse) != hash_:
                if like is not None:
                    like.verify(hash_, pulse)  # it was another content all along, or was changed in the meantime
                raise OSError(errno.EIO, "the written bytes differ when read back", str(temporary.path))
            yield held
    finally:
        discard(temporary, (made.st_dev, made.st_ino))


def _write(descriptor: int, temporary: Entry, blocks: Iterable[bytes], pulse: Pulse) -> None:
    """Write blocks, each as a whole, to the disk in portions: nothing could end a sync of many gigabytes."""
    for number, block in enumerate(blocks, 1):
        rest = memoryview(block)
        with naming(temporary.path):
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            if number % _PORTION == 0:
                os.fdatasync(descriptor)
        pulse()


def _copy_metadata(source: int, target: int) -> None:
    """Copy what a file system keeps of times and attributes, besides rights; FAT and network shares keep less."""
    found = os.fstat(source)
    with suppress(OSError):
        for name in os.listxattr(source):
            if name != ACCESS:
                with suppress(OSError):
                    os.setxattr(target, name, os.getxattr(source, name))
    with suppress(OSError, OverflowError):
        os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))
