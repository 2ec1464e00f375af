"""Processes that may not read everything, though the tests may run as root."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DROP = 24  # PR_CAPBSET_DROP of prctl(2)
_VERSION = 0x20080522  # of capset(2)
_OVERRIDES = (1, 2)  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH of capabilities(7)
_LEASE = 28  # CAP_LEASE of capabilities(7)


def drop_overrides() -> None:
    """Make the program that this process becomes obey the permissions of files; for `preexec_fn`."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in _OVERRIDES:
            libc.prctl(_DROP, capability, 0, 0, 0)


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
