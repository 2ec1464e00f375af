"""Workers with a loop of their own, for tests that are not asynchronous themselves."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from familiar.settings import VisionSettings
from familiar.vision.workers.pool import Workers
from support.photos import MODELS

T = TypeVar("T")


class Pool:
    """Workers, and the loop that they are used from."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.workers = Workers(models=MODELS, settings=VisionSettings(workers=2, time_limit=20))

    def __call__(self, act: Callable[[Workers], Coroutine[Any, Any, T]]) -> T:
        return self.loop.run_until_complete(act(self.workers))
