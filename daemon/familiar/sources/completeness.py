"""Decide whether a file is complete: unchanged, and without an event, for long enough."""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from familiar.filesystem.stamps import Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The file did not change: it is complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The file changed: look again when it may have settled."""

    stamp: Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The file is gone, or is not a regular file."""


Decision: TypeAlias = Settled | Wait | Gone


def look(path: Path) -> Stamp | None:
    """Return the stamp of the regular file at `path`, or None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return Stamp.of_status(found) if stat.S_ISREG(found.st_mode) else None


def settle(remembered: Stamp, present: Stamp | None) -> Decision:
    """Decide on a file whose time has come, from its remembered and its present stamp."""
    if present is None:
        return Gone()
    if not present.is_of(remembered):
        return Wait(stamp=present)
    return Settled()
