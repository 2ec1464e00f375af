"""What runs in a fork server and in its processes, which import it by its name."""

import os
import sys
import time
from multiprocessing.connection import Connection
from typing import Any

LOADED: list[object] = []
"""What the server has loaded: it is filled in the server, and only there."""


def load(what: object) -> None:
    LOADED.append(what)


def refuse(reason: str) -> None:
    sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - of this process, which ends
    raise ValueError(reason)


def tell(pipe: Connection, given: object) -> None:
    pipe.send((LOADED, given, os.getpid(), os.getppid()))


def leave(code: int) -> None:
    sys.exit(code)


def end_by(number: int) -> None:
    os.kill(os.getpid(), number)


def wait() -> None:
    time.sleep(60)


def take(lock: Any, pipe: Connection) -> None:
    with lock:
        pipe.send("taken")
