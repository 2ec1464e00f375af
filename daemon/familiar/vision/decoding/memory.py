"""How much memory a picture needs before it is decoded: decoders do not tell a lack of it from a damaged file."""

import resource
from collections.abc import Mapping
from pathlib import Path

_BYTES: Mapping[str, int] = {"WEBP": 16, "AVIF": 12, "HEIF": 8}
"""Bytes for each pixel, with all copies that the decoder and Pillow make (tests/benchmarks/decoding_memory.py)."""

_USUAL = 4
"""Bytes for each pixel of any other format: Pillow has RGB with four bytes."""

_STATUS = Path("/proc/self/status")


def needed(format_: str | None, size: tuple[int, int]) -> int:
    """Return the bytes that it takes to load a picture of this format and size."""
    return size[0] * size[1] * _BYTES.get(format_ or "", _USUAL)


def check_memory(format_: str | None, size: tuple[int, int]) -> None:
    """Check that the limit of this process leaves enough memory to load a picture.

    Raises:
        MemoryError: it does not.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if limit != resource.RLIM_INFINITY and needed(format_, size) > limit - used():
        raise MemoryError("it needs more memory than the limit leaves")


def used() -> int:
    """Return the private writable memory of this process in bytes, which is what `RLIMIT_DATA` limits."""
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmData:"))
    return int(line.split()[1]) * 1024
