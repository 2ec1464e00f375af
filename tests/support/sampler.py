"""Sample where the processor time of a command goes, in all of its processes.

Python runs this file as it starts, where a folder of `PYTHONPATH` has it as `sitecustomize.py`. Each process appends
lines to a file in the folder `FAMILIAR_SAMPLES`, one for each thread that used the processor since the last sample: the
process, the thread, the nanoseconds, and the functions that it is in, from the innermost one.
"""

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

FOLDER = "FAMILIAR_SAMPLES"
"""The variable of the environment with the folder."""

_EVERY = 0.002
"""Seconds of processor time between two samples; the kernel may take them less often."""

_LEAST = 50_000
"""Nanoseconds of a thread that are told; less is told with the next sample."""


class Sampler:
    """Takes samples of this process."""

    def __init__(self, folder: str, role: str) -> None:
        """Begin; `role` is a part of the name of the file."""
        self._file = os.open(os.path.join(folder, f"{role}-{os.getpid()}"), os.O_CREAT | os.O_WRONLY | os.O_APPEND)  # noqa: PTH118 - loaded first of all
        self._told: dict[int, int] = {}
        signal.signal(signal.SIGPROF, self._take)
        signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)
        atexit.register(signal.setitimer, signal.ITIMER_PROF, 0)

    def _take(self, _number: int, frame: FrameType | None) -> None:
        frames = {**sys._current_frames(), threading.get_ident(): frame}
        lines = []
        for thread in threading.enumerate():
            clock = time.pthread_getcpuclockid(thread.ident or 0) if thread.ident in frames else None
            now = 0 if clock is None else time.clock_gettime_ns(clock)
            used = now - self._told.get(thread.ident or 0, 0)
            if clock is not None and used >= _LEAST:
                self._told[thread.ident or 0] = now
                within = "|".join(_functions(frames[thread.ident or 0]))
                lines.append(f"{os.getpid()}\t{thread.name}\t{used}\t{within}\n")
        os.write(self._file, "".join(lines).encode(errors="replace"))


def _functions(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        yield f"{frame.f_code.co_filename}:{frame.f_code.co_qualname}"
        frame = frame.f_back


if FOLDER in os.environ and __name__ == "sitecustomize":
    Sampler(os.environ[FOLDER], "process")
    os.register_at_fork(after_in_child=lambda: Sampler(os.environ[FOLDER], "copy"))
