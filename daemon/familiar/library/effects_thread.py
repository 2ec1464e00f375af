"""A thread for work on files that may take long; the store stays with the thread that owns it.

While the thread reads, writes and compares, the event loop goes on. Each call to the journal is made by the thread of
the loop, between two of its own steps, and the other one waits for the result: nothing is done that is not recorded.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

R = TypeVar("R")


class InterruptedWorkError(Exception):
    """Raised in the work when it is to end; what it has begun is completed as after a crash."""


class EffectsThread:
    """Runs one piece of work at a time in a thread of its own."""

    def __init__(self, *, tick: float = 1.0) -> None:
        """Begin with no work; work that goes on is reported each `tick` seconds."""
        self._tick = tick
        self._owner: tuple[int, asyncio.AbstractEventLoop] | None = None
        self._is_interrupted = False
        self._blocks = 0

    async def run(self, work: Callable[[], R], *, on_tick: Callable[[int], None]) -> R:
        """Run work that calls `pulse` now and then, and return its result.

        `on_tick` is called at each tick with the number of pulses so far. If the caller is cancelled, the work ends at
        its next pulse, and is waited for: when this returns or raises, nothing goes on.
        """
        loop = asyncio.get_running_loop()
        self._owner, self._is_interrupted, self._blocks = (threading.get_ident(), loop), False, 0
        result: Future[R] = Future()
        threading.Thread(target=_fulfil, args=(result, work), name="effects", daemon=True).start()
        ended = asyncio.wrap_future(result)
        is_cancelled = False
        while not ended.done():
            try:
                await asyncio.wait([ended], timeout=self._tick)
            except asyncio.CancelledError:
                self._is_interrupted = is_cancelled = True
            else:
                on_tick(self._blocks)
        if is_cancelled:
            _cancel_after(ended)
        return ended.result()

    def pulse(self) -> None:
        """Count a part of the work; called in the thread.

        Raises:
            InterruptedWorkError: the work is to end.
        """
        if self._is_interrupted:
            raise InterruptedWorkError
        self._blocks += 1

    def call(self, function: Callable[[], R]) -> R:
        """Call a function in the thread that started the work, and return what it returns; raises what it raises."""
        if self._owner is None or self._owner[0] == threading.get_ident():
            return function()
        result: Future[R] = Future()
        self._owner[1].call_soon_threadsafe(_fulfil, result, function)
        return result.result()


class Owned:
    """An object whose methods are called in the thread that owns it; what they yield is collected there."""

    def __init__(self, whole: object, thread: EffectsThread) -> None:
        """Take the object, and the thread in which this is used."""
        self._whole = whole
        self._thread = thread

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a method that is called where the object belongs."""
        method = getattr(self._whole, name)
        return lambda *values, **named: self._thread.call(partial(_collected, method, *values, **named))


def _collected(method: Callable[..., Any], *values: Any, **named: Any) -> Any:
    result = method(*values, **named)
    return list(result) if isinstance(result, Iterator) else result


def _fulfil(result: Future[R], work: Callable[[], R]) -> None:
    """Run work, and give its result, or its error, to who waits for it."""
    try:
        value = work()
    except BaseException as error:  # noqa: BLE001 - raised where the result is taken
        result.set_exception(error)
    else:
        result.set_result(value)


def _cancel_after(ended: "asyncio.Future[Any]") -> None:
    """Let a task that was cancelled while its work ended take the result first, and be cancelled at its next wait.

    Raises:
        CancelledError: the work was interrupted, and there is no result.
    """
    if isinstance(ended.exception(), InterruptedWorkError):
        raise asyncio.CancelledError
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
        task.cancel()
