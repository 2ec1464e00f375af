"""The progress of long work."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

Count: TypeAlias = Callable[[int, int], None]
"""Takes the number done and the total; 0 if unknown."""

Progress: TypeAlias = Callable[[str], AbstractContextManager[Count]]
"""Starts a piece of work with this name; the block gets the function that counts."""


@contextmanager
def no_progress(_label: str) -> Iterator[Count]:
    """Report nothing."""
    yield lambda _done, _total: None
