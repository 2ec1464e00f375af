"""The messages of watchers and walks, which run in other threads."""

import queue
import time
from collections.abc import Callable, Iterable, Iterator

from familiar.sources.messages import Listing, Message, WalkFinished

_SLICE = 0.2
"""Seconds for which listings are taken in one go, before the loop sees to its other work."""
_QUEUE = 64
"""Listings that wait at most; the walker is held back beyond that."""


class Messages:
    """Messages that wait for the loop."""

    def __init__(self, on_message: Callable[[], None]) -> None:
        """Take what is called, in the threads of others, when a message waits."""
        self._on_message = on_message
        self._hints: queue.Queue[Message] = queue.Queue()
        self._listings: queue.Queue[Message] = queue.Queue(_QUEUE)

    def __len__(self) -> int:
        """Return how many messages wait."""
        return self._hints.qsize() + self._listings.qsize()

    def post(self, message: Message) -> None:
        """Take a message from another thread. A listing waits for room; a hint never does."""
        if isinstance(message, Listing | WalkFinished):
            self._listings.put(message)
        else:
            self._hints.put(message)
        self._on_message()

    def hints(self) -> Iterable[Message]:
        """Yield the waiting hints; new ones wait for the next turn."""
        for _ in range(self._hints.qsize()):
            yield self._hints.get_nowait()

    def listings(self) -> Iterator[Message]:
        """Yield listings and ends of walks for a short time."""
        ends = time.monotonic() + _SLICE
        while time.monotonic() < ends and not self._listings.empty():
            yield self._listings.get_nowait()
        if not self._listings.empty():
            self._on_message()

    def drop_listings(self) -> None:
        """Make room for a walker that waits for it, so that it can end."""
        while not self._listings.empty():
            self._listings.get_nowait()
