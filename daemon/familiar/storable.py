"""Values as a column of the store takes them, whatever a file, a picture or a server gave: 64 bits, and UTF-8."""

from typing import Any

_SMALLEST, _LARGEST = -(1 << 63), (1 << 63) - 1
"""What an integer of SQLite holds (Datatypes In SQLite, 2)."""


def storable_integer(number: int) -> int:
    """Return a number that fits 64 bits: itself, or the nearest one."""
    return number if _SMALLEST <= number <= _LARGEST else _SMALLEST if number < 0 else _LARGEST


def storable_text(text: str) -> str:
    r"""Return text that UTF-8 can encode: a lone surrogate, as of a byte in a file name, becomes `\udcff`."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def storable(value: Any) -> Any:
    """Return a value of a column that SQLite takes: itself, or the nearest one."""
    if isinstance(value, int):
        return storable_integer(value)
    return storable_text(value) if isinstance(value, str) else value
