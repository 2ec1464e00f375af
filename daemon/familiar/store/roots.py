"""The watched folders in the store, each with its device and whether it is available."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from familiar.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class RootRow:
    """One root; `device` is None before it was seen for the first time.

    `passed_by` are the numbers of files that are no photos by their names, by suffix, at the last scan.
    """

    id: int
    path: Path
    device: int | None
    state: str
    reason: str | None
    scanned_at: str | None
    passed_by: Mapping[str, int] = field(default_factory=dict)


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
        rows = self._db.conn.execute(
            "SELECT id, path, device, state, reason, scanned_at, passed_by FROM roots ORDER BY path"
        )
        return [
            RootRow(
                id=id_,
                path=Path(os.fsdecode(path)),
                device=device,
                state=state,
                reason=reason,
                scanned_at=scanned,
                passed_by=json.loads(passed_by or "{}"),
            )
            for id_, path, device, state, reason, scanned, passed_by in rows
        ]

    def set_online(self, root_id: int, *, device: int) -> None:
        """Record that a root is available, and its device."""
        self._db.conn.execute(
            "UPDATE roots SET state = 'online', reason = NULL, device = ? WHERE id = ?", (device, root_id)
        )

    def set_offline(self, root_id: int, *, reason: str) -> None:
        """Record that a root is unavailable; nothing in it is forgotten."""
        self._db.conn.execute("UPDATE roots SET state = 'offline', reason = ? WHERE id = ?", (reason, root_id))

    def set_scanned(self, root_id: int, *, passed_by: Mapping[str, int]) -> None:
        """Record that a root was just compared with the store, and how many files are no photos by their names."""
        self._db.conn.execute(
            "UPDATE roots SET scanned_at = ?, passed_by = ? WHERE id = ?",
            (self._now().isoformat(), json.dumps(passed_by), root_id),
        )
