"""The state of the workers of Dask, as the daemon knew it last; other processes show it."""

import json
from collections.abc import Mapping
from typing import Any

from familiar.store.database import Database

_NAME = "remote workers"


class KeptRemoteState:
    """What is known of the workers of Dask, as plain values."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def keep(self, state: Mapping[str, Any] | None) -> None:
        """Keep the present state; None if there is no connection."""
        if state is None:
            self._db.conn.execute("DELETE FROM facts WHERE name = ?", (_NAME,))
            return
        self._db.conn.execute(
            "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (_NAME, json.dumps(state)),
        )

    def last(self) -> dict[str, Any] | None:
        """Return the state that was kept last."""
        row = self._db.conn.execute("SELECT value FROM facts WHERE name = ?", (_NAME,)).fetchone()
        return None if row is None else json.loads(row[0])
