"""How often Flickr was asked, so that no limit is passed by several uses together, or by a restart."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from familiar.model import FLICKR
from familiar.store.clock import is_ahead
from familiar.store.database import Database, writing
from familiar.store.facts import keep_fact, read_fact

Kind: TypeAlias = Literal["api", "images", "handled"]

KEY_LIMIT = 3600
"""Calls of the API in an hour that Flickr allows for one key."""

_LEARNT = "flickr images pause"
"""Name of the fact that tells the pause between two downloads."""

_HOUR = 61
"""Minutes for which a call counts: an hour from the end of its minute, and one more for calls counted ahead."""


class FlickrCalls:
    """The calls of an account, counted by the minute; `handled` counts finished photos, for the rate."""

    def __init__(
        self, db: Database, *, now: Callable[[], datetime], account: str = FLICKR, sharing: Sequence[str] = ()
    ) -> None:
        """Take the open store, a clock that gives UTC, the account's name, and those of others with the same key."""
        self._db = db
        self._now = now
        self._account = account
        self._sharing = sharing

    def take(self, kind: Kind, *, limit: int, count: int = 1) -> float:
        """Count calls, if no more than `limit` are made in an hour with them; return 0, or the seconds to wait."""
        with writing(self._db):
            seconds = self.wait(kind, limit=limit - count + 1)
            if seconds <= 0:
                self.note(kind, count)
        return seconds

    def note(self, kind: Kind, count: int = 1) -> None:
        """Count calls that are made, whatever the limit."""
        minute = self._minute()
        self._db.conn.execute(
            "INSERT INTO flickr_calls (kind, minute, count) VALUES (?, ?, ?) "
            "ON CONFLICT (kind, minute) DO UPDATE SET count = count + excluded.count",
            (_name(kind, self._account), minute, count),
        )
        self._db.conn.execute(
            "DELETE FROM flickr_calls WHERE minute NOT BETWEEN ? AND ?", (minute - 2 * _HOUR, minute + 1)
        )

    def give_back(self, kind: Kind, count: int, *, counted_at: float) -> None:
        """Undo calls that were counted ahead, at this time in seconds since 1970, and not made."""
        self._db.conn.execute(
            "UPDATE flickr_calls SET count = count - ? WHERE kind = ? AND minute = ?",
            (count, _name(kind, self._account), int(counted_at // 60)),
        )

    def wait(self, kind: Kind, *, limit: int) -> float:
        """Return in how many seconds a call may be made: at once while there are fewer than `limit` in the hour.

        All calls with one key keep to its limit together.
        """
        pause = self.paused_until(kind) - self._now().timestamp()
        wait = max(pause, self._wait(kind, [self._account], limit), 0.0)
        if kind == "api" and self._sharing:
            return max(wait, self._wait(kind, [self._account, *self._sharing], KEY_LIMIT))
        return wait

    def _wait(self, kind: Kind, accounts: Sequence[str], limit: int) -> float:
        """Return in how many seconds these accounts together have made fewer calls than `limit` in the last hour."""
        names = json.dumps([_name(kind, account) for account in accounts])
        rows = self._db.conn.execute(
            "SELECT minute, sum(count) FROM flickr_calls WHERE kind IN (SELECT value FROM json_each(?)) "
            "AND minute BETWEEN ? AND ? GROUP BY minute ORDER BY minute",
            (names, self._minute() - _HOUR, self._minute() + 1),
        ).fetchall()
        used, wait = sum(count for _, count in rows), 0.0
        for minute, count in rows:
            if used < limit:
                break
            used -= count
            wait = (minute + _HOUR + 1) * 60 - self._now().timestamp()
        return wait

    def last_hour(self, kind: Kind) -> int:
        """Return how many calls were made in the last hour, as it counts for the limit."""
        return self._since(kind, _HOUR)

    def pace(self) -> float:
        """Return how many photos a minute were done lately."""
        return self._since("handled", 9) / 10

    def pause(self, kind: Kind, seconds: float) -> None:
        """Make no call for so long, as the server has asked for."""
        until = max(self.paused_until(kind), self._now().timestamp() + seconds)
        keep_fact(self._db, _fact(kind, self._account), repr(until))

    def paused_until(self, kind: Kind) -> float:
        """Return until when the server has asked to make no call, in seconds since 1970; 0 if it never has."""
        until = float(read_fact(self._db, _fact(kind, self._account)) or 0.0)
        return 0.0 if is_ahead(until, self._now()) else until

    def learn_pause(self, seconds: float) -> None:
        """Remember how long the image servers want us to pause between two downloads; 0 forgets it."""
        keep_fact(self._db, _LEARNT, repr(seconds) if seconds else None)

    def learnt_pause(self) -> float:
        """Return the seconds that were learnt, or 0."""
        return float(read_fact(self._db, _LEARNT) or 0.0)

    def _since(self, kind: Kind, minutes: int) -> int:
        row = self._db.conn.execute(
            "SELECT total(count) FROM flickr_calls WHERE kind = ? AND minute BETWEEN ? AND ?",
            (_name(kind, self._account), self._minute() - minutes, self._minute() + 1),
        ).fetchone()
        return int(row[0])

    def _minute(self) -> int:
        return int(self._now().timestamp() // 60)


def _name(kind: Kind, account: str) -> str:
    """Return what the calls of an account are counted under."""
    return kind if account == FLICKR else f"{kind} {account}"


def _fact(kind: Kind, account: str) -> str:
    return f"flickr {_name(kind, account)} paused until"
