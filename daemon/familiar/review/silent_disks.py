"""Looks at files without waiting for disks that do not answer, such as network drives whose server is gone."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from familiar.filesystem.mounts import MOUNTS, mounts_in

R = TypeVar("R")

_REST = 30
"""Seconds after which a disk that did not answer is asked again."""


class SilentDiskError(Exception):
    """A disk does not answer."""


class SilentDisks:
    """Asks disks, and remembers those that do not answer.

    Each question has a thread of its own, as nothing ends a call to the kernel that does not return.
    """

    def __init__(self, *, patience: float = 2.0) -> None:
        """Take the seconds that an answer may take."""
        self._patience = patience
        self._silent: dict[Path, float] = {}

    async def ask(self, path: Path, question: Callable[[], R]) -> R:
        """Return what a function returns that looks at a path.

        Raises:
            SilentDiskError: its disk does not answer, now or a moment ago.
        """
        if self.is_silent(path):
            raise SilentDiskError
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        threading.Thread(target=_answer, args=(loop, answer, question), name="disk", daemon=True).start()
        try:
            async with asyncio.timeout(self._patience):
                return await answer
        except TimeoutError as error:
            self._silent[_mount_point(path)] = loop.time() + _REST
            raise SilentDiskError from error

    async def answers(self, paths: Sequence[Path]) -> bool:
        """Return whether the disks of these paths answer."""
        try:
            for path in paths:
                await self.ask(path, path.exists)
        except (SilentDiskError, OSError):
            return False
        return True

    def is_silent(self, path: Path) -> bool:
        """Return whether the disk of a path did not answer a moment ago."""
        if not self._silent:
            return False
        now = asyncio.get_running_loop().time()
        self._silent = {point: until for point, until in self._silent.items() if until > now}
        return bool(self._silent) and _mount_point(path) in self._silent


def _answer(loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[R]", question: Callable[[], R]) -> None:
    def tell(take: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the page has ended meanwhile
            loop.call_soon_threadsafe(lambda: None if answer.done() else take())

    try:
        found = question()
    except Exception as error:  # noqa: BLE001 - it is raised where the answer is waited for
        reason = error
        tell(lambda: answer.set_exception(reason))
    else:
        tell(lambda: answer.set_result(found))


def _mount_point(path: Path) -> Path:
    """Return where the file system of a path is mounted, which is found without asking it."""
    text = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    points = [mount.point for mount in mounts_in(text) if path.is_relative_to(mount.point)]
    return max(points, key=lambda point: len(point.parts), default=Path("/"))
