"""What the daemon is doing, what waits or was set aside, and the last operations and decisions with their undo."""

from collections.abc import Sequence
from dataclasses import dataclass

from familiar.api.library import Library
from familiar.library.history import HistoryEntry
from familiar.library.status import LibraryStatus

ENTRIES = 40
"""Entries of the history that are shown at first."""

MOST_ENTRIES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadActivity:
    """The state of the library, and what was done last, the newest first."""

    status: LibraryStatus
    history: Sequence[HistoryEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownActivity(ReadActivity):
    """What the page shows.

    `more` is the number of entries to ask for if there may be more. `is_old` says that the store has changed since
    this was read.
    """

    more: int | None
    is_old: bool

    @property
    def waiting(self) -> int:
        """Files that wait to be handled."""
        return self.status.files.get("settling", 0) + self.status.files.get("pending", 0)


def read_activity(library: Library, entries: int) -> ReadActivity:
    """Return the state of the library, and so many entries of what was done last."""
    return ReadActivity(status=library.status(), history=library.history(limit=entries))
