"""Limits of the kernel on what can be watched."""

from pathlib import Path

WATCH_LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")


def watch_limit() -> int | None:
    """Return how many folders a user may watch, or None where it is not known."""
    try:
        return int(WATCH_LIMIT.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
