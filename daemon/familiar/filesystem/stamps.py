"""The modification time of files, by which an unchanged file is known again."""

import os

from familiar.storable import storable_integer


def modified_ns(found: os.stat_result) -> int:
    """Return when a file was modified, in nanoseconds since 1970, as the store has it.

    File systems have times that 64 bits can't hold: NTFS begins in 1601, and a clock can be set to 2400. The nearest
    time that can be stored (1677 or 2262) takes their place.
    """
    return storable_integer(found.st_mtime_ns)
