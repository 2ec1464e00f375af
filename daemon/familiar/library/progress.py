"""How long work tells how far it is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

Count: TypeAlias = Callable[[int, int], None]
"""Takes how many are done, and of how many; 0 where that is not known."""

Progress: TypeAlias = Callable[[str], AbstractContextManager[Count]]
"""Begins one piece of work, which it is told the name of; the block gets the function that counts."""


@contextmanager
def no_progress(_label: str) -> Iterator[Count]:
    """Tell nobody."""
    yield lambda _done, _total: None
