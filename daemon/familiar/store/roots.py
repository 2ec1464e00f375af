"""The watched folders in the store, each with its device and whether it is available."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from familiar.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class RootRow:
    """One root; `device` is None before it was seen for the first time."""

    id: int
    path: Path
    device: int | None
    state: str
    reason: str | None
    scanned_at: str | None


class Roots:
    """The table of roots."""

    def __init__(self, db: Database, *, now: Callable[[], datetime]) -> None:
        """Take the open store and a clock that gives UTC."""
        self._db = db
        self._now = now

    def know(self, path: Path) -> RootRow:
        """Return the root at `path`, recording a new one."""
        known = next((root for root in self.all() if root.path == path), None)
        if known is not None:
            return known
        self._db.conn.execute("INSERT INTO roots (path) VALUES (?)", (os.fsencode(path),))
        return self.know(path)

    def all(self) -> list[RootRow]:
        """Return all roots that were ever watched, by path."""
        rows = self._db.conn.execute("SELECT id, path, device, state, reason, scanned_at FROM roots ORDER BY path")
        return [
            RootRow(id=id_, path=Path(os.fsdecode(path)), device=device, state=state, reason=reason, scanned_at=scanned)
            for id_, path, device, state, reason, scanned in rows
        ]

    def set_online(self, root_id: int, *, device: int) -> None:
        """Record that a root is available, and its device."""
        self._db.conn.execute(
            "UPDATE roots SET state = 'online', reason = NULL, device = ? WHERE id = ?", (device, root_id)
        )

    def set_offline(self, root_id: int, *, reason: str) -> None:
        """Record that a root is unavailable; nothing in it is forgotten."""
        self._db.conn.execute("UPDATE roots SET state = 'offline', reason = ? WHERE id = ?", (reason, root_id))

    def set_scanned(self, root_id: int) -> None:
        """Record that a root was just compared with the store."""
        self._db.conn.execute("UPDATE roots SET scanned_at = ? WHERE id = ?", (self._now().isoformat(), root_id))
