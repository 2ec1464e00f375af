"""Processes that may not read everything, though the tests may run as root.

As a program, it becomes the one that its arguments name, which may not.
"""

import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

_DROP = 24  # PR_CAPBSET_DROP of prctl(2)
_VERSION = 0x20080522  # of capset(2)
_OVERRIDES = (1, 2)  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH of capabilities(7)
_LEASE = 28  # CAP_LEASE of capabilities(7)


def obeying_permissions(command: Sequence[str]) -> list[str]:
    """Return the command of a program that obeys the permissions of files.

    What `preexec_fn` does would need a fork, before which the workers of this process end.
    """
    return [sys.executable, "-IS", __file__, *command]


def _become(command: list[str]) -> NoReturn:
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in _OVERRIDES:
            libc.prctl(_DROP, capability, 0, 0, 0)
    os.execv(command[0], command)  # noqa: S606 - that is the purpose


def obey_permissions() -> None:
    """Make this process, a child of the tests, obey the permissions of files from now on."""
    libc = ctypes.CDLL(None)
    header = (ctypes.c_uint32 * 2)(_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable; twice
    libc.capget(header, sets)
    sets[0] &= ~sum(1 << capability for capability in _OVERRIDES)
    libc.capset(header, sets)


@contextmanager
def without_leases() -> Iterator[None]:
    """Let this thread, and those that it starts, take no leases of other users' files for a block."""
    libc = ctypes.CDLL(None)
    header = (ctypes.c_uint32 * 2)(_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable; twice
    libc.capget(header, sets)
    before = sets[0]
    sets[0] &= ~(1 << _LEASE)
    libc.capset(header, sets)
    try:
        yield
    finally:
        sets[0] = before
        libc.capset(header, sets)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let nobody into a folder for a block."""
    before = folder.stat().st_mode
    folder.chmod(0)
    try:
        yield
    finally:
        folder.chmod(before)


if __name__ == "__main__":
    _become(sys.argv[1:])
