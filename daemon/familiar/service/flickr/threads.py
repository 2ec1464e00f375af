"""Blocking calls in threads of their own, which nobody waits for at the end."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

R = TypeVar("R")


async def in_thread(function: Callable[..., R], *arguments: Any) -> R:
    """Run a function in a thread, and return what it returns.

    Unlike those of a pool, the thread does not hold up the end of the process: a server that does not answer must not.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[R] = loop.create_future()

    def tell(set_: Callable[[Any], None], outcome: Any) -> None:
        if not answer.done():  # somebody may have stopped waiting
            set_(outcome)

    def work() -> None:
        try:
            told: tuple[Callable[[Any], None], Any] = (answer.set_result, function(*arguments))
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is awaited
            told = (answer.set_exception, error)
        with suppress(RuntimeError):  # the loop has ended, and nobody waits
            loop.call_soon_threadsafe(tell, *told)

    threading.Thread(target=work, name="flickr", daemon=True).start()
    return await answer
