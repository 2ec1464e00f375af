"""The memory of the page's process, as malloc(3) of glibc keeps it."""

import ctypes

_ARENAS = (-8, 2)
"""M_ARENA_MAX: two instead of eight for each core, of which each keeps what its threads have freed."""
_LARGE, _FREE_AT_END = (-3, 1 << 20), (-1, 1 << 20)
"""M_MMAP_THRESHOLD, M_TRIM_THRESHOLD: bytes of a block, and of the free end of an arena, that go back to the system."""


def keep_little_free_memory() -> None:
    """Give memory that was freed back to the system, where the C library can do so (mallopt(3))."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        for number, value in (_ARENAS, _LARGE, _FREE_AT_END):
            library.mallopt(number, value)
