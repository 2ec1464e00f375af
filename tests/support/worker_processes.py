"""The worker processes of a daemon, or of a program that uses familiar, as the kernel knows them."""

from pathlib import Path


def workers_of(pid: int) -> list[int]:
    """Return the ids of worker processes in order: children of the server that their pool has."""
    return sorted(worker for server in _children_of(pid) for worker in _children_of(server))


def _children_of(pid: int) -> list[int]:
    """Return the children of all threads of a process that `multiprocessing` started, or that were copied from such."""
    try:
        found = [
            int(child) for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()
        ]
        return [child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
    except (FileNotFoundError, ProcessLookupError):
        return []  # one has ended meanwhile
