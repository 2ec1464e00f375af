"""Decide whether a file is complete: unchanged, and without an event, for long enough."""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from familiar.filesystem.stamps import modified_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The file did not change: it is complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The file changed: look again when it may have settled."""

    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The file is gone, or is not a regular file."""


Decision: TypeAlias = Settled | Wait | Gone


def look(path: Path) -> tuple[int, int] | None:
    """Return size in bytes and mtime in ns of the regular file at `path`, or None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_size, modified_ns(found)) if stat.S_ISREG(found.st_mode) else None


def settle(remembered: tuple[int, int], present: tuple[int, int] | None) -> Decision:
    """Decide on a file whose time has come, from its remembered and its present (size, mtime in ns)."""
    if present is None:
        return Gone()
    if present != remembered:
        return Wait(size=present[0], mtime_ns=present[1])
    return Settled()
