"""The shim that counts calls and lets one go wrong: built, preloaded, and armed from Python."""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from faults.armings import Arming

SOURCE = Path(__file__).with_name("shim.c")
LABELS = (
    "open", "create", "read", "write", "copy", "fsync", "rename", "exchange", "link", "symlink", "unlink", "mkdir",
    "rmdir", "truncate", "chmod", "utime", "stat", "list", "lease", "close",
)  # fmt: skip
WRITING = frozenset(LABELS) - {"open", "read", "stat", "list", "lease", "close"}
"""Calls that change something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that was counted; `result` is that of the call itself, minus the error, None if it was not made."""

    number: int
    label: str
    result: int | None
    injected: str
    one: str
    two: str


def compiler() -> str | None:
    """Return the C compiler, or None if there is none."""
    return shutil.which("cc") or shutil.which("gcc")


def build(folder: Path) -> Path:
    """Compile the shim into a folder; return the library."""
    cc = compiler()
    assert cc is not None, "there is no C compiler"
    library = folder / "familiar-shim.so"
    command = [cc, "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return library


def preloaded(library: Path) -> dict[str, str]:
    """Return the environment of a process that has the shim, and nothing armed."""
    return os.environ | {"LD_PRELOAD": str(library)}


def armed(library: Path, tops: Sequence[Path], arming: Arming | None, log: Path | None = None) -> dict[str, str]:
    """Return what has to be added to the environment of a command in which something goes wrong."""
    given = {"LD_PRELOAD": str(library), "FAULT_TOPS": ":".join(map(str, tops))}
    if arming is not None:
        given |= {"FAULT_AT": str(arming.at), "FAULT_WHAT": arming.code, "FAULT_COUNT": str(arming.count)}
    if log is not None:
        given["FAULT_LOG"] = str(log)
    return given


class Shim:
    """The shim of this process, which was started with it."""

    def __init__(self) -> None:
        """Find it in what is loaded; raises AttributeError if it is not."""
        self._library = ctypes.CDLL(None)
        self._library.fault_arm.argtypes = (ctypes.c_long, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_long)

    def arm(self, tops: Sequence[Path], arming: Arming | None, log: Path) -> None:
        """Count from here on in this process, and write each call down; with an arming something goes wrong."""
        self._library.fault_tops(":".join(map(str, tops)).encode())
        self._library.fault_log(os.fsencode(log))
        if arming is None or arming.what == "storm":
            self._library.fault_arm(0, b"", b"", 1)
        else:
            self._library.fault_arm(arming.at, arming.code.encode(), b"", 1 if arming.act else arming.count)

    def disarm(self) -> None:
        self._library.fault_disarm()


def calls_in(log: Path) -> Iterator[Call]:
    """Give the calls that a log has."""
    if not log.exists():
        return
    for line in os.fsdecode(log.read_bytes()).splitlines():
        number, label, result, injected, one, two = line.split("\t")
        made = None if result == "?" else int(result)
        yield Call(number=int(number), label=label, result=made, injected=injected, one=one, two=two)


def is_loaded() -> bool:
    """Return whether this process was started with the shim."""
    return hasattr(ctypes.CDLL(None), "fault_arm") and sys.platform == "linux"
