"""The operations that were done, for people who look at what they can undo."""

import os
from dataclasses import dataclass
from pathlib import Path

from familiar.store.database import Database

_PAST = """
SELECT operations.id, kind, rule, source, COALESCE(target, wish), state, COALESCE(started_at, finished_at)
FROM operations WHERE state IN ('done', 'undo', 'undoing', 'undone') AND done_order IS NOT NULL
ORDER BY done_order DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOperation:
    """An operation that was done: its rule or command, its files, its state, and its time (ISO 8601, UTC).

    `state` is "done", "undone", or "undo" or "undoing" while its undo waits or is in progress.
    """

    id: int
    kind: str
    rule: str
    source: Path | None
    target: str
    state: str
    at: str


class PastOperations:
    """Reads operations that were done."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def all(self, *, limit: int | None = None) -> list[PastOperation]:
        """Return the operations that were done, the newest first, at most `limit` of them."""
        rows = self._db.conn.execute(_PAST, (-1 if limit is None else limit,))
        return [
            PastOperation(
                id=id_,
                kind=kind.replace("_", " "),
                rule=rule,
                source=None if source is None else Path(os.fsdecode(source)),
                target=os.fsdecode(target),
                state=state,
                at=at,
            )
            for id_, kind, rule, source, target, state, at in rows
        ]

    def between(self, first: int, last: int) -> list[int]:
        """Return the numbers from `first` to `last` of the operations that were done and not yet undone."""
        rows = self._db.conn.execute(
            "SELECT id FROM operations WHERE id BETWEEN ? AND ? AND state = 'done' ORDER BY id", (first, last)
        )
        return [int(row[0]) for row in rows]
