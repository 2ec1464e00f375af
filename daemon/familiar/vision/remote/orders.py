"""What workers are to do, and why they did not."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from familiar.vision.remote.answers import WorkerAnswer

MOST_TOGETHER = 16 << 20
"""Bytes that several orders in one call have at most."""

T = TypeVar("T")


class NoWorkerError(Exception):
    """No worker can be used for now; the message says why."""


class FailedError(Exception):
    """The worker that had the order was lost, failed or gave an invalid answer."""


class LostError(FailedError):
    """The scheduler was lost, which is not the fault of what was ordered."""


@dataclass(slots=True, kw_only=True, eq=False)
class Order(Generic[T]):
    """Something to be done by a worker.

    `function` is one of `calls`; `prepare` gives the order as that takes it, in a thread, when a worker is free; `read`
    checks an answer, and returns what it says. `size` are the bytes to be sent, `photos` how many are counted, and
    `seconds` is how long a worker may take for it. What has failed before goes `alone`.
    """

    function: Callable[..., Any]
    prepare: Callable[[], object]
    read: Callable[[WorkerAnswer], T]
    size: int
    photos: int
    seconds: float
    alone: bool
    given: object = field(default=None, repr=False)
    """What is sent: with the contents of photos, of which no text is made."""
    done: "asyncio.Future[T]" = field(default_factory=asyncio.Future)

    def fits(self, others: "Sequence[Order[Any]]") -> bool:
        """Whether it can be in one call with others."""
        size = self.size + sum(order.size for order in others)
        is_alike = not self.alone and not others[0].alone and self.function is others[0].function
        return is_alike and size <= MOST_TOGETHER

    async def is_prepared(self) -> bool:
        """Prepare it; return whether it can be done, and is still wanted."""
        try:
            self.given = None if self.done.done() else await asyncio.to_thread(self.prepare)
        except Exception as error:  # noqa: BLE001 - it is raised where the order was given
            self.fail(error)
        return not self.done.done()

    def succeed(self, found: T) -> None:
        """Return a result where it is waited for."""
        if not self.done.done():
            self.done.set_result(found)

    def fail(self, error: Exception) -> None:
        """Raise an error where it is waited for."""
        if not self.done.done():
            self.done.set_exception(error)
