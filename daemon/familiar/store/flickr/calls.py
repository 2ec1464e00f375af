"""How often Flickr was asked, so that no limit is passed by several uses together, or by a restart."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal, TypeAlias

from familiar.store.clock import is_ahead
from familiar.store.database import Database, writing

Kind: TypeAlias = Literal["api", "images", "handled"]

_LEARNT = "flickr images pause"
"""Name of the fact that tells the pause between two downloads."""

_HOUR = 61
"""Minutes for which a call counts: an hour from the end of its minute, and one more for calls counted ahead."""


class FlickrCalls:
    """The table of calls, counted by the minute; `handled` counts finished photos, for the rate."""

    def __init__(self, db: Database, *, now: Callable[[], datetime]) -> None:
        """Take the open store and a clock that gives UTC."""
        self._db = db
        self._now = now

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
            (kind, minute, count),
        )
        self._db.conn.execute(
            "DELETE FROM flickr_calls WHERE minute NOT BETWEEN ? AND ?", (minute - 2 * _HOUR, minute + 1)
        )

    def give_back(self, kind: Kind, count: int, *, counted_at: float) -> None:
        """Undo calls that were counted ahead, at this time in seconds since 1970, and not made."""
        self._db.conn.execute(
            "UPDATE flickr_calls SET count = count - ? WHERE kind = ? AND minute = ?",
            (count, kind, int(counted_at // 60)),
        )

    def wait(self, kind: Kind, *, limit: int) -> float:
        """Return in how many seconds a call may be made: at once while there are fewer than `limit` in the hour."""
        pause = self.paused_until(kind) - self._now().timestamp()
        rows = self._db.conn.execute(
            "SELECT minute, count FROM flickr_calls WHERE kind = ? AND minute BETWEEN ? AND ? ORDER BY minute",
            (kind, self._minute() - _HOUR, self._minute() + 1),
        ).fetchall()
        used = sum(count for _, count in rows)
        for minute, count in rows:
            if used < limit:
                break
            used -= count
            pause = max(pause, (minute + _HOUR + 1) * 60 - self._now().timestamp())
        return max(pause, 0.0)

    def last_hour(self, kind: Kind) -> int:
        """Return how many calls were made in the last hour, as it counts for the limit."""
        return self._since(kind, _HOUR)

    def pace(self) -> float:
        """Return how many photos a minute were done lately."""
        return self._since("handled", 9) / 10

    def pause(self, kind: Kind, seconds: float) -> None:
        """Make no call for so long, as the server has asked for."""
        until = max(self.paused_until(kind), self._now().timestamp() + seconds)
        self._db.conn.execute(
            "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (_fact(kind), repr(until)),
        )

    def paused_until(self, kind: Kind) -> float:
        """Return until when the server has asked to make no call, in seconds since 1970; 0 if it never has."""
        row = self._db.conn.execute("SELECT value FROM facts WHERE name = ?", (_fact(kind),)).fetchone()
        return 0.0 if row is None or is_ahead(float(row[0]), self._now()) else float(row[0])

    def learn_pause(self, seconds: float) -> None:
        """Remember how long the image servers want us to pause between two downloads; 0 forgets it."""
        self._db.conn.execute(
            "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (_LEARNT, repr(seconds)),
        )

    def learnt_pause(self) -> float:
        """Return the seconds that were learnt, or 0."""
        row = self._db.conn.execute("SELECT value FROM facts WHERE name = ?", (_LEARNT,)).fetchone()
        return 0.0 if row is None else float(row[0])

    def _since(self, kind: Kind, minutes: int) -> int:
        row = self._db.conn.execute(
            "SELECT total(count) FROM flickr_calls WHERE kind = ? AND minute BETWEEN ? AND ?",
            (kind, self._minute() - minutes, self._minute() + 1),
        ).fetchone()
        return int(row[0])

    def _minute(self) -> int:
        return int(self._now().timestamp() // 60)


def _fact(kind: Kind) -> str:
    return f"flickr {kind} paused until"
