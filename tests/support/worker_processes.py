"""The worker processes of a daemon, or of a program that uses familiar, as the kernel knows them."""

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def workers_of(pid: int) -> list[int]:
    """Return the ids of worker processes in order: children of the server that their pool has."""
    return sorted(worker for server in _children_of(pid) for worker in _children_of(server))


def servers_of(pid: int) -> list[int]:
    """Return the ids of the fork servers of a process."""
    return _children_of(pid)


def kill(pids: Iterable[int]) -> None:
    """Kill processes, and wait until they are dead."""
    pids = list(pids)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while any(is_alive(pid) for pid in pids):
        time.sleep(0.005)


def processes_of(pid: int) -> set[int]:
    """Return the ids of fork servers and workers of a process."""
    return {*servers_of(pid), *workers_of(pid)}


def is_alive(pid: int) -> bool:
    """Return whether a process is there, and not a dead one that nobody has asked for."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


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
