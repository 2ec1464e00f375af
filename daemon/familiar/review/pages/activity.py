"""What the daemon is doing, what waits or was set aside, and the last operations and decisions with their undo."""

from collections.abc import Sequence
from dataclasses import dataclass

from familiar.api.library import Library
from familiar.library.history import HistoryEntry
from familiar.library.status import LibraryStatus

_ENTRIES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownActivity:
    """The state of the library, and what was done last, the newest first."""

    status: LibraryStatus
    history: Sequence[HistoryEntry]


def show_activity(library: Library) -> ShownActivity:
    """Return the state of the library, and what was done last."""
    return ShownActivity(status=library.status(), history=library.history(limit=_ENTRIES))
