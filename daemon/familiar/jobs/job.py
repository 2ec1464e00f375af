"""The contract of jobs in the daemon's loop."""

from collections.abc import Callable
from typing import Protocol


class Job(Protocol):
    """Work that advances in each turn of the loop, and may have tasks in between."""

    async def advance(self, now: float, /) -> None:
        """Advance for a short time; `now` is in monotonic seconds.

        Raises:
            StoreError, WorkersError: the store can't be used, or no worker can be started; they are raised for tasks
                of the job, too.
        """

    @property
    def is_idle(self) -> bool:
        """Whether a daemon that ends when all is done need not wait for this job."""

    async def close(self) -> None:
        """Cancel running tasks; the next start continues them."""


class Stop(Protocol):
    """The request to end, which jobs wait for beside their own work."""

    @property
    def is_set(self) -> bool:
        """Whether the daemon is to end."""

    async def wait(self, seconds: float) -> None:
        """Wait until the end is requested, for this many seconds at most."""


class Periodic:
    """A short call in each turn of the loop, or at an interval in seconds."""

    def __init__(self, call: Callable[[], object], *, every: float = 0.0) -> None:
        """Take what is called, and the seconds between two calls."""
        self._call = call
        self._every = every
        self._called_at = float("-inf")

    async def advance(self, now: float) -> None:
        """Call, if it is time."""
        if now - self._called_at >= self._every:
            self._called_at = now
            self._call()

    @property
    def is_idle(self) -> bool:
        """Always true: nothing is left to do."""
        return True

    async def close(self) -> None:
        """End; nothing is in progress."""


class Spare:
    """A job that advances only when no other work is waiting."""

    def __init__(self, job: Job, *, when: Callable[[], bool]) -> None:
        """Take the job, and what says whether there is time for it."""
        self._job = job
        self._when = when

    async def advance(self, now: float) -> None:
        """Go on, if there is time."""
        if self._when():
            await self._job.advance(now)

    @property
    def is_idle(self) -> bool:
        """Always true: nothing waits for it."""
        return True

    async def close(self) -> None:
        """End the job."""
        await self._job.close()


class Eager:
    """A job that requests the next turn immediately while it has more to do."""

    def __init__(self, job: Job, *, when: Callable[[], bool], on_more: Callable[[], None]) -> None:
        """Take the job, what says whether it can go on at once, and what is called then."""
        self._job = job
        self._when = when
        self._on_more = on_more

    async def advance(self, now: float) -> None:
        """Go on, and ask for the next turn."""
        await self._job.advance(now)
        if not self._job.is_idle and self._when():
            self._on_more()

    @property
    def is_idle(self) -> bool:
        """Whether the job is."""
        return self._job.is_idle

    async def close(self) -> None:
        """End the job."""
        await self._job.close()
