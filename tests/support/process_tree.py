"""A process with all that it has started: what they use together."""

import os
from collections.abc import Iterable
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def tree_of(pid: int) -> list[int]:
    """Return a process and all that it has started."""
    children = [int(one) for file in Path(f"/proc/{pid}/task").glob("*/children") for one in file.read_text().split()]
    return [pid, *(one for child in children for one in tree_of(child))]


def processor_seconds(pids: Iterable[int]) -> float:
    """Return the seconds that processes have used processors."""
    fields = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids)
    return sum(int(one[11]) + int(one[12]) for one in fields) / _TICK


def wakeups(pid: int) -> dict[tuple[int, int], int]:
    """Return how often each thread of a process and of all that it has started has waited, by process and thread.

    A thread that has waited once more was woken once more.
    """
    threads = ((one, thread) for one in tree_of(pid) for thread in Path(f"/proc/{one}/task").iterdir())
    return {(one, int(thread.name)): _waits(thread / "status") for one, thread in threads}


def _waits(status: Path) -> int:
    lines = status.read_text().splitlines()
    return int(next(line for line in lines if line.startswith("voluntary_ctxt_switches:")).split()[1])
