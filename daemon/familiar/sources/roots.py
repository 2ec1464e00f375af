"""Judge whether a watched folder is in place: absence is not deletion."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from familiar.filesystem.stamps import modified_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class RootView:
    """The state of a root; `error` is the reason if it is unreadable."""

    device: int | None
    is_empty: bool
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a root is in place, and if not, why."""

    online: bool
    reason: str | None = None


def look_at(path: Path) -> RootView:
    """Check a root, listing only its first entry."""
    try:
        device = path.stat().st_dev
        with os.scandir(path) as entries:
            is_empty = next(entries, None) is None
    except OSError as error:
        return RootView(device=None, is_empty=True, error=_ERRORS.get(type(error), error.strerror or str(error)))
    return RootView(device=device, is_empty=is_empty, error=None)


def judge(view: RootView, *, moved: str | None, known_files: int, vouched: bool) -> Verdict:
    """Decide whether a root is in place.

    Args:
        view: its state.
        moved: on what it is now and was before, to follow "it is on", if that is another disk; None if it is not.
        known_files: how many files are known in it.
        vouched: whether files that are known are in it unchanged; then the disk is only known by something else, or
            its files were taken to a new one.
    """
    if view.error is not None:
        return Verdict(online=False, reason=view.error)
    if view.is_empty and known_files:
        return Verdict(online=False, reason=f"it is empty, but {known_files} of its files are known")
    if moved is not None and known_files and not vouched:
        return Verdict(online=False, reason=f"it is on {moved}, without its known files")
    return Verdict(online=True)


def vouches(sample: Iterable[tuple[Path, int, int]]) -> bool:
    """Return whether at least half of the known files (path, size, mtime in ns) are where they were, unchanged."""
    known = list(sample)
    return bool(known) and 2 * sum(_is_unchanged(*file) for file in known) >= len(known)


def _is_unchanged(path: Path, size: int, mtime_ns: int) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    return (found.st_size, modified_ns(found)) == (size, mtime_ns)


_ERRORS = {
    FileNotFoundError: "it is missing",
    NotADirectoryError: "it is not a folder",
    PermissionError: "it is not readable",
}
