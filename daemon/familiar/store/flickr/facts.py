"""What is remembered of an account on Flickr as a whole, such as how far its listing is."""

import json
from typing import Any, Literal, TypeAlias

from familiar.model import FLICKR
from familiar.store.database import Database
from familiar.store.facts import keep_fact, read_fact

Fact: TypeAlias = Literal["account", "trouble", "walk", "since", "listed at", "polled at", "walks", "look", "albums"]


class AccountFacts:
    """The facts of an account, each a value that JSON can have."""

    def __init__(self, db: Database, *, account: str = FLICKR) -> None:
        """Take the open store, and the account's name."""
        self._db = db
        self._account = account

    def accounts(self) -> list[str]:
        """Return the names of the accounts that are known, in order."""
        rows = self._db.conn.execute("SELECT name FROM facts WHERE name LIKE 'flickr% account'")
        names = [str(row[0]).removeprefix("flickr").removesuffix(" account") for row in rows]
        return sorted(name.removeprefix(":") or FLICKR for name in names)

    def get(self, name: Fact) -> Any:
        """Return what is remembered under a name, or None."""
        text = read_fact(self._db, self._key(name))
        return None if text is None else json.loads(text)

    def remember(self, name: Fact, value: Any) -> None:
        """Remember a value under a name; None forgets it."""
        keep_fact(self._db, self._key(name), None if value is None else json.dumps(value))

    def _key(self, name: Fact) -> str:
        return f"flickr {name}" if self._account == FLICKR else f"flickr:{self._account} {name}"
