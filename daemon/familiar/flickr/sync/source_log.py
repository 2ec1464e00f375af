"""The log of one account: its events name the account where they are about no photo."""

from typing import Any

from familiar.events import FIELDS, EventLog


class SourceLog:
    """An `EventLog` that adds the name of the account to events that have it."""

    def __init__(self, log: EventLog, source: str) -> None:
        """Take the log that gets all events, and the name of the account as a source."""
        self._log = log
        self._source = source

    def emit(self, name: str, /, **fields: Any) -> None:
        """Log the event of the catalogue with this name."""
        source = {"source": self._source} if "source" in FIELDS[name] else {}
        self._log.emit(name, **source, **fields)
