"""What runs in a fork server, in its copies and in workers, which import it by its name."""

import os
import signal
import stat
import sys
import time
from pathlib import Path, PurePosixPath
from typing import Any

from familiar.vision.workers.channel import Channel

LOADED: list[object] = []
"""What the server has loaded: it is filled in the server, and only there."""


def load(what: object) -> object:
    LOADED.append(what)
    return what


def refuse(reason: str) -> None:
    raise ValueError(reason)


def leave(number: int) -> None:
    os._exit(number)


def leave_a_child_behind() -> None:
    """End, while a child goes on for a while that has all descriptors."""
    if os.fork():
        os._exit(5)
    time.sleep(2)
    os._exit(0)


def end_by(number: int) -> None:
    os.kill(os.getpid(), number)


def answer(channel: Channel) -> None:
    channel.answer()


def leave_at_once(channel: Channel) -> None:
    os._exit(3)


def identify() -> tuple[list[object], int, int]:
    return LOADED, os.getpid(), os.getppid()


def modules() -> list[str]:
    return list(sys.modules)


def give(value: Any) -> Any:
    return value


class KillsWhenRead:
    """A value that kills the process that unpickles it, once: in the instant in which a worker takes its task."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return die_once, (self._mark,)


class KillsWhenWritten:
    """A value that kills the process that pickles it, once: in the instant in which a worker sends its answer."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (die_once(self._mark),)


def answer_and_die(mark: Path) -> KillsWhenWritten:
    return KillsWhenWritten(mark)


def die_once(mark: Path) -> str:
    try:
        mark.unlink()
    except FileNotFoundError:
        return "done"
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("it is dead")


def die_in_half_an_answer(mark: Path) -> str:
    """Leave the first bytes of a message in all that leads out of this process, and die, once."""
    if mark.exists():
        _write_everywhere((1000).to_bytes(8) + b"half of it")
    return die_once(mark)


def answer_nonsense(mark: Path) -> str:
    """Send a whole message that is no answer, once."""
    if mark.exists():
        mark.unlink()
        _write_everywhere((4).to_bytes(8) + b"oops")
        time.sleep(60)
    return "done"


def die_after(seconds: float, size: int) -> bytes:
    """Answer with so many bytes, and die a little later, wherever that is: in the answer, or as a task is taken."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    return bytes(size)


def work(seconds: float) -> str:
    """Keep the processor busy."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
    return "done"


def stop(mark: Path) -> str:
    """Stop, as by SIGSTOP, once."""
    if mark.exists():
        mark.unlink()
        os.kill(os.getpid(), signal.SIGSTOP)
    return "done"


class StopsCopies(PurePosixPath):
    """A folder of networks that makes each copy of the fork server stop at its birth, while there is a mark."""

    def __reduce__(self) -> tuple[Any, ...]:
        return stop_copies, (str(self),)


def stop_copies(mark: str) -> Path:
    os.register_at_fork(after_in_child=lambda: stop(Path(mark)))
    return Path(mark)


class ForeignError(Exception):
    """An error of a library."""


def raise_foreign() -> None:
    raise ForeignError("a picture of nothing")


def raise_value_error() -> None:
    raise ValueError("no number")


def give_unpicklable() -> object:
    return lambda: None


def _write_everywhere(data: bytes) -> None:
    for descriptor in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode) or stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                os.write(descriptor, data)
        except OSError:  # it was closed meanwhile, or leads in
            continue
