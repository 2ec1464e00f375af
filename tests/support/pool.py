"""Workers with a loop of their own, for tests that are not asynchronous themselves."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from familiar.errors import FamiliarError
from familiar.filesystem.reading import fingerprint
from familiar.model import Embeddings, Face
from familiar.settings import VisionSettings
from familiar.vision.workers.local import LocalWorkers
from familiar.vision.workers.tasks import EncodeTask
from support.photos import MODELS

T = TypeVar("T")


class Pool:
    """Workers, and the loop that they are used from."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.workers = LocalWorkers(models=MODELS, settings=VisionSettings(workers=2, time_limit=20))

    def __call__(self, act: Callable[[LocalWorkers], Coroutine[Any, Any, T]]) -> T:
        return self.loop.run_until_complete(act(self.workers))

    def encode(self, path: Path, faces: Sequence[Face]) -> Embeddings:
        """Encode faces of one photo again."""
        (found,) = self(lambda workers: workers.encode([EncodeTask(path=path, hash=fingerprint(path), faces=faces)]))
        if isinstance(found, FamiliarError):
            raise found
        return found.embeddings
