"""The worker processes of a daemon, or of a program that uses familiar, as the kernel knows them."""

import os
import time
from pathlib import Path


def workers_of(pid: int) -> list[int]:
    """Return the ids of worker processes in order: children of the server that their pool has."""
    return sorted(worker for server in _children_of(pid) for worker in _children_of(server))


def servers_of(pid: int) -> list[int]:
    """Return the ids of the fork servers of a process."""
    return _children_of(pid)


def await_work(pid: int) -> None:
    """Wait until a process has worked for a twentieth of a second: it is no longer taking its task."""
    until = _processor_seconds(pid) + 0.05
    while _processor_seconds(pid) < until:
        time.sleep(0.005)


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children_of(pid: int) -> list[int]:
    """Return the children of all threads of a process that are fork servers, or copies of one."""
    try:
        found = [
            int(child) for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()
        ]
        return [child for child in found if b"fork_server" in Path(f"/proc/{child}/cmdline").read_bytes()]
    except (FileNotFoundError, ProcessLookupError):
        return []  # one has ended meanwhile
