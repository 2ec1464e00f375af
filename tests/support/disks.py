"""The file systems that tests use: one in memory for most of their files, and another one beside it."""

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - it is the file system in memory that every Linux has

_ROOM = 4 << 30
"""Bytes that have to be free in memory; the tests need a fraction of that."""


def use_memory() -> None:
    """Let temporary files of this process, and of those that it starts, be in memory, unless `TMPDIR` says where.

    Stores write each step to the disk: in tests, waiting for that takes a third of the time, and shows nothing, as no
    test cuts the power. Without room in memory, the files are on the disk.
    """
    if "TMPDIR" not in os.environ and _has_room():
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # it is looked up again


def other_than(folder: Path) -> Path | None:
    """Return a folder on another file system than this one, to which can be written; None if there is none."""
    device = folder.stat().st_dev
    places = (MEMORY, Path("/tmp"), Path.home())  # noqa: S108 - only folders of their own are made there
    return next((place for place in places if os.access(place, os.W_OK) and place.stat().st_dev != device), None)


def _has_room() -> bool:
    try:
        system = os.statvfs(MEMORY)
        memory = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        free = min(system.f_bavail * system.f_frsize, int(memory["MemAvailable"].split()[0]) << 10)
    except (OSError, KeyError):
        return False
    return free >= _ROOM and os.access(MEMORY, os.W_OK) and not system.f_flag & os.ST_NOEXEC
