"""The state of the workers of Dask, as the daemon knew it last; other processes show it."""

import json
from collections.abc import Mapping
from typing import Any

from familiar.store.database import Database
from familiar.store.facts import keep_fact, read_fact

_NAME = "remote workers"


class KeptRemoteState:
    """What is known of the workers of Dask, as plain values."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def keep(self, state: Mapping[str, Any] | None) -> None:
        """Keep the present state; None if there is no connection."""
        keep_fact(self._db, _NAME, None if state is None else json.dumps(state))

    def last(self) -> dict[str, Any] | None:
        """Return the state that was kept last."""
        text = read_fact(self._db, _NAME)
        return None if text is None else json.loads(text)
