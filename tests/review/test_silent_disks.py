"""Disks that do not answer hold up nobody but who asks for them."""

import asyncio
import threading
import time
from pathlib import Path

import pytest

from familiar.review.silent_disks import SilentDiskError, SilentDisks


def test_an_answer_is_passed_on_and_so_is_an_error(tmp_path: Path) -> None:
    async def ask() -> None:
        disks = SilentDisks()
        assert await disks.ask(tmp_path, tmp_path.is_dir)
        with pytest.raises(FileNotFoundError):
            await disks.ask(tmp_path, (tmp_path / "none").stat)
        assert not disks.is_silent(tmp_path)

    asyncio.run(ask())


def test_a_disk_that_does_not_answer_is_not_asked_again_at_once(tmp_path: Path) -> None:
    go = threading.Event()

    async def ask() -> tuple[float, float]:
        disks = SilentDisks(patience=0.2)
        begin = time.monotonic()
        with pytest.raises(SilentDiskError):
            await disks.ask(tmp_path, go.wait)
        middle = time.monotonic()
        assert disks.is_silent(tmp_path / "below")
        assert not disks.is_silent(Path("/proc/self"))
        with pytest.raises(SilentDiskError):
            await disks.ask(tmp_path, go.wait)
        assert await disks.answers([Path("/proc/self/stat")])
        assert not await disks.answers([tmp_path])
        return middle - begin, time.monotonic() - middle

    try:
        first, again = asyncio.run(ask())
    finally:
        go.set()
    assert first >= 0.2
    assert again < 0.2
