"""Times of day until which something waits: the clock may have been wrong when they were written.

Nothing waits longer than `LONGEST_WAIT`. A time that is farther ahead was written by a clock that ran ahead, and
counts as reached.
"""

from datetime import datetime, timedelta

LONGEST_WAIT = timedelta(hours=2)
"""Longer than any pause between two tries: operations, tags, downloads, and what Flickr may ask for, wait an hour."""


def is_due(column: str = "retry_at") -> str:
    """Return the SQL that is true of a row whose time to be tried has come; it takes the values of `due_at`."""
    return f"({column} IS NULL OR {column} <= ? OR {column} > ?)"


def due_at(now: datetime) -> tuple[str, str]:
    """Return the values of `is_due`: the time, and the time up to which others may be ahead."""
    return now.isoformat(), (now + LONGEST_WAIT).isoformat()


def is_ahead(seconds: float, now: datetime) -> bool:
    """Return whether a time, in seconds since 1970, is farther ahead than anything waits."""
    return seconds > (now + LONGEST_WAIT).timestamp()
