"""The stamps of files, by which an unchanged file is known again."""

import os
from dataclasses import dataclass
from pathlib import Path

from familiar.storable import storable_integer


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The size of a file in bytes, and its times in nanoseconds: of the last modification, and of the last change.

    Programs can set the time of modification back, as `exiftool -P` does, but not that of the change, which is also set
    by renames and new rights. A time of change that is not known is None.
    """

    size: int
    mtime_ns: int
    ctime_ns: int | None = None

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        """Return the stamp of a file; raises OSError."""
        return cls.of_status(path.stat())

    @classmethod
    def of_status(cls, found: os.stat_result) -> "Stamp":
        """Return the stamp of a file with this status."""
        return cls(size=found.st_size, mtime_ns=modified_ns(found), ctime_ns=changed_ns(found))

    def is_of(self, other: "Stamp") -> bool:
        """Return whether both may be of one unchanged file: they are equal, where both are known."""
        return (self.size, self.mtime_ns) == (other.size, other.mtime_ns) and (
            self.ctime_ns is None or other.ctime_ns is None or self.ctime_ns == other.ctime_ns
        )

    def unchanged_for(self, now: float) -> float:
        """Return for how many seconds the file has surely not changed at a time, in seconds since 1970.

        Programs set the time of modification, so one in the future says nothing. A time of change in the future is from
        a clock that was ahead: then nothing is sure, and it is 0.
        """
        modified, changed = self.mtime_ns / 1e9, self.mtime_ns if self.ctime_ns is None else self.ctime_ns
        latest = max(changed / 1e9, modified if modified <= now else float("-inf"))
        return max(0.0, now - latest)


def modified_ns(found: os.stat_result) -> int:
    """Return when a file was modified, in nanoseconds since 1970, as the store has it.

    File systems have times that 64 bits can't hold: NTFS begins in 1601, and a clock can be set to 2400. The nearest
    time that can be stored (1677 or 2262) takes their place.
    """
    return storable_integer(found.st_mtime_ns)


def changed_ns(found: os.stat_result) -> int:
    """Return when a file was changed in any way, its name and rights included, as `modified_ns` does."""
    return storable_integer(found.st_ctime_ns)
