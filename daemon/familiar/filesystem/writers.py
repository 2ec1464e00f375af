"""Writers of a file: blocked by a lease if possible, otherwise found among the open files of processes."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from familiar.filesystem import kernel

_READING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_PROCESSES = Path("/proc")


@contextmanager
def kept_away(descriptor: int) -> Iterator[Callable[[], bool]]:
    """Keep writers away from a file for a block; give what tells whether one waits by now.

    Where there is no lease (other users' files, network file systems) nothing keeps them away; those that are there
    already are found as far as their processes can be looked at, and changes are known by the file's times alone.

    Raises:
        BlockingIOError: a process has the file open for writing.
    """
    try:
        kernel.take_lease(descriptor)
    except BlockingIOError:
        raise
    except OSError:
        if _is_written(descriptor):
            raise BlockingIOError from None
        yield lambda: False
        return
    try:
        yield lambda: not kernel.has_lease(descriptor)
    finally:
        kernel.give_back_lease(descriptor)


def is_known(descriptor: int) -> bool:
    """Return whether the kernel reports writers of a file: not for other users, nor on a network file system."""
    return _lease(descriptor) != "unknown"


def is_open_for_writing(path: str | os.PathLike[str]) -> bool:
    """Return whether a program has the regular file at a path open for writing, as far as the kernel gives leases.

    A program that has it mapped for writing counts.
    """
    try:
        descriptor = os.open(path, _READING)
    except OSError:
        return False
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return False
        return _lease(descriptor) == "refused"
    finally:
        os.close(descriptor)


def _lease(descriptor: int) -> Literal["given", "refused", "unknown"]:
    """Try to get a lease, and release it immediately; it is refused while a program writes."""
    try:
        kernel.take_lease(descriptor)
    except BlockingIOError:
        return "refused"
    except OSError:
        return "unknown"
    kernel.give_back_lease(descriptor)
    return "given"


def _is_written(descriptor: int) -> bool:
    """Return whether a readable process has a file open for writing (proc(5))."""
    sought = os.fstat(descriptor)
    for process in filter(str.isdigit, os.listdir(_PROCESSES)):
        with suppress(OSError):  # it has ended, or belongs to another user
            for number in os.listdir(_PROCESSES / process / "fd"):
                if _is_writer(_PROCESSES / process, number, sought):
                    return True
    return False


def _is_writer(process: Path, number: str, sought: os.stat_result) -> bool:
    with suppress(OSError):
        if os.path.samestat(os.stat(process / "fd" / number), sought):
            return kernel.open_flags(process, number) & os.O_ACCMODE != os.O_RDONLY
    return False
