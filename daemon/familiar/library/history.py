"""All that can be undone, as one list: operations on files, and decisions about clusters and people."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from familiar.store.decisions.decisions import PastDecision
from familiar.store.store import Store
from familiar.store.views.past_operations import PastOperation

About: TypeAlias = Literal["files", "clusters", "people"]
"""What something was done to."""

_NOT_DONE = {"undone": "undone already", "undo": "its undo waits", "undoing": "its undo is in progress"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One thing that was done, when (ISO 8601, UTC) and by whom: a rule, a command, a person or the program.

    `undo` is the command that undoes it; None if it can't be undone now, and `reason` says why. The numbers of
    operations and of decisions are counted separately.
    """

    about: About
    id: int
    at: str
    by: str
    what: str
    undo: str | None
    reason: str | None


def history_of(store: Store, *, limit: int | None = None) -> list[HistoryEntry]:
    """Return what was done, the newest first, at most `limit` entries.

    Whether files still are where an operation left them is not looked at here: `undo` does so.
    """
    operations = map(_of_operation, store.past_operations.all(limit=limit))
    decisions = map(_of_decision, store.decisions.history(limit=limit))
    return sorted((*operations, *decisions), key=lambda entry: entry.at, reverse=True)[:limit]


def _of_operation(operation: PastOperation) -> HistoryEntry:
    where = operation.target if operation.source is None else f"{operation.source} to {operation.target}"
    reason = _NOT_DONE.get(operation.state)
    return HistoryEntry(
        about="files",
        id=operation.id,
        at=operation.at,
        by=operation.rule,
        what=f"{operation.kind} {where}",
        undo=None if reason else f"familiar undo {operation.id}",
        reason=reason,
    )


def _of_decision(decision: PastDecision) -> HistoryEntry:
    event = decision.event
    reason = "undone already" if event.undone_at is not None else None
    if decision.builder is not None:
        reason = f"event {decision.builder} builds on it"
    return HistoryEntry(
        about=event.subject,
        id=event.id,
        at=event.at,
        by=event.by,
        what=event.summary,
        undo=None if reason else f"familiar {event.subject} undo {event.id}",
        reason=reason,
    )
