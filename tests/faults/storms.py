"""A second process that swaps names, folders and disks as fast as it can, or writes slowly, while familiar works."""

import ctypes
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from faults.contents import Ledger, hash_of
from faults.disks import Disks

STORMS = ("swap", "link-file", "link-folder", "append")
MOUNT_STORMS = ("unmount",)

_RENAME_EXCHANGE = 2
_AT_FDCWD = -100
_BLOCK = 64
_MOST = 100
"""Blocks that a slow writer writes: its process tells their number by its status."""


@contextmanager
def storm(kind: str, disks: Disks, ledger: Ledger, files: Sequence[Path], chance: random.Random) -> Iterator[None]:
    """Let a second process rage during a block; what it swaps is as before in the end, unless it was moved."""
    regular = [path for path in files if path.is_file() and not path.is_symlink()]
    if not regular:
        yield
        return
    file = chance.choice(regular)
    data = file.read_bytes()
    slow = os.open(file, os.O_WRONLY | os.O_APPEND)
    blocks = [chance.randbytes(_BLOCK) for _ in range(_MOST)]
    ahead, behind = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(behind)
        os.set_blocking(ahead, False)
        acts: dict[str, Callable[[], None]] = {
            "swap": lambda: _exchange_twice(file, chance.choice(regular)),
            "link-file": lambda: _link(file, file.with_name(f"storm-{file.name}")),
            "link-folder": lambda: _link_folder(file.parent, disks),
            "unmount": lambda: _unplug(disks),
        }
        _rage(acts.get(kind), slow, blocks, lambda: not _is_closed(ahead))
    os.close(ahead)
    os.close(slow)
    if kind == "append":
        ledger.release(hash_of(data))
        ledger.known |= {hash_of(data + b"".join(blocks[:number])) for number in range(_MOST + 1)}
    try:
        yield
    finally:
        os.close(behind)
        _, status = os.waitpid(child, 0)
        assert os.WIFEXITED(status)
        if kind == "append":
            written = b"".join(blocks[: os.WEXITSTATUS(status)])
            ledger.arrive(data + written, f"what was written slowly into {file.name}")


def _rage(act: Callable[[], None] | None, slow: int, blocks: Sequence[bytes], goes_on: Callable[[], bool]) -> None:
    """Act again and again, or write blocks, in this process, which was forked for it; end it."""
    number = 0
    try:
        if act is not None:
            os.close(slow)
        while goes_on():
            if act is not None:
                act()
            elif number < len(blocks):
                os.write(slow, blocks[number])
                number += 1
            time.sleep(0.0003)
    finally:
        os._exit(number)


def _is_closed(pipe: int) -> bool:
    try:
        return os.read(pipe, 1) == b""
    except BlockingIOError:
        return False


def _exchange(one: Path, other: Path) -> None:
    ctypes.CDLL(None).renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)


def _exchange_twice(one: Path, other: Path) -> None:
    _exchange(one, other)
    time.sleep(0.0003)
    _exchange(one, other)


def _link(place: Path, aside: Path) -> None:
    """Put a link in the place of a file or folder, which is moved aside in the meantime."""
    _through(place, aside, aside)


def _link_folder(folder: Path, disks: Disks) -> None:
    """Have a link to an empty folder outside in the place of a folder."""
    trap = disks.away / "storm"
    trap.mkdir(exist_ok=True)
    _through(folder, folder.with_name(f"storm-{folder.name}"), trap)


def _through(place: Path, aside: Path, end: Path) -> None:
    with suppress(OSError):
        aside.symlink_to(end)
    if aside.is_symlink():
        _exchange_twice(place, aside)
        with suppress(OSError):
            if aside.is_symlink():
                aside.unlink()


def _unplug(disks: Disks) -> None:
    disks.detach()
    time.sleep(0.0003)
    disks.attach()
