"""File systems of their own for tests, where there are the rights to mount one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, options: str = "size=8m") -> Iterator[None]:
    """Mount an empty file system in memory on a folder for a block; skip the test where that is not allowed."""
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("a file system can't be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def on_disk(folder: Path, image: Path) -> Iterator[None]:
    """Mount an empty file system of a disk, which `fsfreeze` can freeze, on a folder for a block; skip as `mounted`."""
    folder.mkdir(exist_ok=True)
    with image.open("wb") as file:
        file.truncate(1 << 26)
    for command in (["mkfs.ext4", "-q", image], ["mount", "-o", "loop", image, folder]):
        if os.geteuid() != 0 or subprocess.run([*map(str, command)], check=False, capture_output=True).returncode != 0:
            pytest.skip("a disk can't be mounted here")
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "-u", str(folder)], check=False, capture_output=True)
        subprocess.run(["umount", str(folder)], check=True)
