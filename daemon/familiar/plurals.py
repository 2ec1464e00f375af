"""Numbers with their nouns, and lists of names."""

from collections.abc import Sequence

_MOST = 4
"""Names of which a list names each."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun, as in "1 face" or "3 faces"; `plural` is for nouns whose plural needs no s."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def listed(names: Sequence[str]) -> str:
    """Return one or more names, as in "Ann, Bob and Cid", or "Ann, Bob, Cid and 5 more"."""
    shown = names if len(names) <= _MOST else [*names[: _MOST - 1], f"{len(names) - _MOST + 1} more"]
    *first, last = shown
    return f"{', '.join(first)} and {last}" if first else last
