"""Measure commands alike: time on the clock, processor seconds and memory of all their processes."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.scanning import ENVIRONMENT, reap
from support.process_tree import tree_of

PYTHON = sys.executable
_LOOK = 0.2
"""Seconds between two looks at the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds on the clock, processor seconds, and most MiB of memory of all processes of a command together."""

    clock: float = 0.0
    processor: float = 0.0
    memory: float = 0.0

    def __add__(self, other: Self) -> "Cost":
        """Return the cost of one after the other."""
        return Cost(
            clock=self.clock + other.clock,
            processor=self.processor + other.processor,
            memory=max(self.memory, other.memory),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A program on a task: its cost and how right it was, or why it was skipped."""

    program: str
    cost: Cost | None = None
    accuracy: str = ""
    skipped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task that several programs did in one run."""

    name: str
    work: str
    rows: Sequence[Row]


class FailedError(Exception):
    """A command has failed."""


def run(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> tuple[Cost, str]:
    """Run a command to its end; return its cost and what it printed.

    Raises:
        FailedError: its exit status is not 0.
    """
    begin, before, most = time.perf_counter(), _used_by_children(), 0.0
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=out, stderr=errors, env={**ENVIRONMENT, **(environment or {})})
        while process.poll() is None:
            most = max(most, memory_of(process.pid))
            time.sleep(_LOOK)
        clock = time.perf_counter() - begin
        reap()
        out.seek(0)
        errors.seek(0)
        if process.returncode:
            raise FailedError(errors.read().decode(errors="replace").strip().splitlines()[-1])
        return Cost(clock=clock, processor=_used_by_children() - before, memory=most), out.read().decode()


def memory_of(pid: int) -> float:
    """Return the MiB of a process and all that it has started, each with its share of what they share."""
    return sum(map(_proportional, tree_of(pid))) if Path(f"/proc/{pid}").exists() else 0.0


def _proportional(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _used_by_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def processors() -> int:
    return len(os.sched_getaffinity(0))
