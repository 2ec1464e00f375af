"""What is known here of a worker of Dask."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from familiar.remote_state import RemoteWorker, WorkerState
from familiar.vision.remote.connection import ListedWorker

AHEAD = 2
"""Calls that a worker has for each that it makes: the next one is there when one is done."""

_MINUTE = 60.0


@dataclass(slots=True, kw_only=True, eq=False)
class KnownWorker:
    """A worker, as far as it is known; `lost` is set when what it has is to be given to others."""

    listed: ListedWorker
    seen_at: float
    state: WorkerState = "joining"
    version: str | None = None
    reason: str | None = None
    calls: int = 0
    in_flight: int = 0
    ended: "deque[float]" = field(default_factory=deque)
    ask_at: float = 0.0
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_free(self) -> bool:
        """Whether it can get another call."""
        return self.state == "ready" and self.calls < AHEAD * self.listed.threads

    @property
    def load(self) -> float:
        """The calls that it has for each that it makes side by side."""
        return self.calls / self.listed.threads

    def note(self, listed: ListedWorker, now: float) -> None:
        """Note what the scheduler says now."""
        if listed.last_seen != self.listed.last_seen:
            self.seen_at = now
        self.listed = listed

    def lose(self) -> None:
        """Give what it has to others."""
        self.lost.set()
        self.lost = asyncio.Event()

    def shown(self, photos: int, now: float) -> RemoteWorker:
        """Return what is shown of it; `photos` is how many it has analysed in all."""
        while self.ended and self.ended[0] < now - _MINUTE:
            self.ended.popleft()
        return RemoteWorker(
            address=self.listed.address,
            name=self.listed.name,
            threads=self.listed.threads,
            state=self.state,
            version=self.version,
            in_flight=self.in_flight,
            photos=photos,
            per_minute=len(self.ended),
            reason=self.reason,
        )
