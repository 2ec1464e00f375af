"""The groups that wait for a name, kept in memory: to count all faces of a large library takes seconds.

The list is read again when anything in the store has changed. If that takes long, it is done in the background, and the
former list is shown in the meantime: a decision about a group that has changed since is refused then, as from any page
that is not up to date. Groups that this page decides on are read again at once, and alone.
"""

import asyncio
import time
from bisect import bisect
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from familiar.api.library import Library
from familiar.errors import FamiliarError
from familiar.review.library_thread import LibraryThread
from familiar.store.clusters.clusters import ClusterRow

_SHORT = 0.05
"""Seconds that a page may wait for the list to be read again."""

GroupPlace: TypeAlias = tuple[bool, int, int]
"""Where a group stands in the list: junk comes last, then large groups first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """All groups that waited, the number of faces in no group, and how long it took to read them, in seconds."""

    rows: Sequence[ClusterRow]
    ungrouped: int
    seconds: float


class GroupList:
    """The groups that wait for a name, the largest first."""

    def __init__(self, library: LibraryThread, background: LibraryThread, *, short: float = _SHORT) -> None:
        """Take the library that pages ask, and another one that reads the list in the background.

        `short` is the number of seconds that a page may wait for the list.
        """
        self._short = short
        self._library = library
        self._background = background
        self._reading: _Reading | None = None
        self._version: str | None = None
        self._task: asyncio.Task[None] | None = None
        self._decided: set[int] = set()

    async def rows(self) -> Sequence[ClusterRow]:
        """Return the groups."""
        version = await self._library.ask(lambda library: library.version)
        if self._reading is None:
            await self._read_first(version)
        elif version != self._version and self._reading.seconds <= self._short:
            self._reading, self._version = await self._library.ask(_read), version
        elif version != self._version:
            self._begin(version)
        assert self._reading is not None
        return self._reading.rows

    @property
    def ungrouped(self) -> int:
        """The number of faces that are in no group and nobody's, as of the groups that were returned last."""
        return 0 if self._reading is None else self._reading.ungrouped

    async def _read_first(self, version: str) -> None:
        """Read the list for the first time, while other pages are shown."""
        await asyncio.wait([self._begin(version)])
        if self._reading is None:
            self._reading = await self._library.ask(_read)  # which tells what is wrong

    def _begin(self, version: str) -> asyncio.Task[None]:
        """Read the list in the background, unless it is being read."""
        if self._task is None:
            self._version = version
            self._task = asyncio.create_task(self._read_in_background())
        return self._task

    async def decided(self, groups: Iterable[int]) -> None:
        """Read groups again that were decided on, at once."""
        if self._reading is None or self._reading.seconds <= self._short:
            return
        ids = set(groups)
        self._decided |= ids
        fresh = await self._library.ask(lambda library: _find(library, ids))
        self._reading = _with(self._reading, ids, fresh)

    async def _read_in_background(self) -> None:
        self._decided.clear()
        try:
            reading = await self._background.ask(_read)
            decided = set(self._decided)  # in the meantime
            fresh = await self._library.ask(lambda library: _find(library, decided))
            self._reading = _with(reading, decided, fresh)
        except FamiliarError:
            self._version = None  # the next page tries it again, and the library tells what is wrong
        finally:
            self._task = None

    async def close(self) -> None:
        """Wait for what is read in the background."""
        if self._task is not None:
            await self._task


def _read(library: Library) -> _Reading:
    begin = time.monotonic()
    rows, ungrouped = library.clusters.waiting(), library.clusters.ungrouped()
    return _Reading(rows=rows, ungrouped=ungrouped, seconds=time.monotonic() - begin)


def _find(library: Library, groups: Collection[int]) -> Sequence[ClusterRow]:
    """Return those of the groups that still wait for a name."""
    return library.clusters.waiting(among=sorted(groups))


def _with(reading: _Reading, decided: Collection[int], fresh: Iterable[ClusterRow]) -> _Reading:
    """Return a reading with some of its groups as they are now."""
    rows = [row for row in reading.rows if row.id not in decided]
    for row in fresh:
        rows.insert(bisect(rows, place_of(row), key=place_of), row)
    return replace(reading, rows=rows)


def place_of(row: ClusterRow) -> GroupPlace:
    """Return where a group stands in the list."""
    return row.is_junk, -row.faces, row.id
