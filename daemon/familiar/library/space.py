"""The space that a store takes, and that is left on its disk."""

import os
from pathlib import Path


def space_of(store: Path) -> dict[str, int | None]:
    """Return the bytes of a store, and those that are free on its disk; None for what can't be told."""
    try:
        found = os.statvfs(store.parent)
        return {"store_bytes": store.stat().st_size, "free_bytes": found.f_bavail * found.f_frsize}
    except OSError:
        return {"store_bytes": None, "free_bytes": None}
