"""The log of one account: its events name the account where they are about no photo."""

from typing import Any

from familiar.events import FIELDS, EventLog


class AccountLog:
    """An `EventLog` that adds the name of the account to events that have it."""

    def __init__(self, log: EventLog, account: str) -> None:
        """Take the log that gets all events, and the name of the account in the configuration."""
        self._log = log
        self._account = account

    def emit(self, name: str, /, **fields: Any) -> None:
        """Log the event of the catalogue with this name."""
        account = {"account": self._account} if "account" in FIELDS[name] else {}
        self._log.emit(name, **account, **fields)
