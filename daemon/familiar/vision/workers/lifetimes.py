"""Processes whose ends belong together."""

import ctypes
import os
import signal
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
"""prctl(2)"""


def end_with_parent(parent: int) -> None:
    """End with the process of this id, which is the parent."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # the parent died before the line above


def end_as(code: int) -> NoReturn:
    """End this process as another one did: with its exit status, or by a signal, whose number is negative here."""
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(abs(code))
