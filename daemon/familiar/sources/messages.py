"""The messages of sources: hints about changes, and listings of folders."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHint:
    """A file has changed, or may be gone."""

    root: Path
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderHint:
    """A folder appeared, was moved, or disappeared: walk it."""

    root: Path
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsLost:
    """Events were lost, or will no longer arrive: walk the root."""

    root: Path
    reason: str
    is_lasting: bool = False
    """Whether the events of some folders will be missed from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Part of a folder's listing: all its photos with names in `after < name <= upto` (None: to the end).

    `entries` are (name, size in bytes, mtime in ns, last change of any kind in ns), in the order of names. `sidecars`
    are those of the folder, in the same form, if requested; they are in its first part. `passed_by` are the numbers of
    files that are no photos by their names, by suffix, also there.
    """

    root: Path
    top: Path
    folder: Path
    device: int
    after: bytes
    upto: bytes | None
    entries: tuple[tuple[bytes, int, int, int], ...]
    sidecars: tuple[tuple[bytes, int, int, int], ...] = ()
    passed_by: Mapping[str, int] = field(default_factory=dict)

    def halves(self) -> tuple["Listing", "Listing"]:
        """Return the files of the first and of the second half, of at least two, without sidecars."""
        middle = len(self.entries) // 2
        last = self.entries[middle - 1][0]
        first = replace(self, upto=last, entries=self.entries[:middle], sidecars=(), passed_by={})
        return first, replace(self, after=last, entries=self.entries[middle:], sidecars=(), passed_by={})


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkFinished:
    """The walk of `top` has ended; `errors` are the folders that could not be listed, and why."""

    root: Path
    top: Path
    errors: tuple[tuple[Path, str], ...]
    stopped: bool = False


Message: TypeAlias = FileHint | FolderHint | EventsLost | Listing | WalkFinished
