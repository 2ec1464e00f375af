"""The messages of watchers and walks, which run in other threads."""

import queue
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from familiar.sources.messages import EventsLost, Listing, Message, WalkFinished

SLICE = 0.05
"""Seconds for which listings are taken, or files forgotten, in one go, before the loop sees to its other work."""
_QUEUE = 64
"""Listings that wait at most; the walker is held back beyond that."""
HINTS = 100
"""Different hints that are taken in one go."""
_MOST_HINTS = 10_000
"""Hints that wait at most. To compare the root takes less time and memory than more of them would."""


class Messages:
    """Messages that wait for the loop."""

    def __init__(self, on_message: Callable[[], None], *, most_hints: int = _MOST_HINTS) -> None:
        """Take what is called, in the threads of others, when a message waits, and how many hints may wait."""
        self._on_message = on_message
        self._most_hints = most_hints
        self._hints: queue.Queue[Message] = queue.Queue()
        self._listings: queue.Queue[Message] = queue.Queue(_QUEUE)
        self._lost: set[Path] = set()

    def __len__(self) -> int:
        """Return how many messages wait."""
        return self._hints.qsize() + self._listings.qsize() + len(self._lost)

    def post(self, message: Message) -> None:
        """Take a message from another thread. A listing waits for room; a hint without room is lost."""
        if isinstance(message, Listing | WalkFinished):
            self._listings.put(message)
        elif self._hints.qsize() < self._most_hints or isinstance(message, EventsLost):
            self._hints.put(message)
        else:
            self._lost.add(message.root)
        self._on_message()

    def hints(self) -> Iterable[Message]:
        """Yield some different ones of the waiting hints, and at their end which roots have lost some."""
        found = set[Message]()
        for _ in range(self._hints.qsize()):
            message = self._hints.get_nowait()
            if message not in found:  # of a file that is written, there are many
                found.add(message)
                yield message
            if len(found) == HINTS:
                break
        if not self._hints.empty():
            self._on_message()
        while self._lost and self._hints.empty():
            yield EventsLost(root=self._lost.pop(), reason=f"more than {self._most_hints} events waited")

    def listings(self) -> Iterator[Message]:
        """Yield listings and ends of walks for a short time."""
        ends = time.monotonic() + SLICE
        while time.monotonic() < ends and not self._listings.empty():
            yield self._listings.get_nowait()
        if not self._listings.empty():
            self._on_message()

    def drop_listings(self) -> None:
        """Make room for a walker that waits for it, so that it can end."""
        while not self._listings.empty():
            self._listings.get_nowait()
