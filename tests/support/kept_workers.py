"""A worker process that goes on running for the next command in the same process: to start one takes most of a second.

Each command gets its own `Workers` otherwise, which end with it.
"""

import os
from pathlib import Path
from typing import Any

from familiar.api.environment import start_workers
from familiar.settings import VisionSettings, WorkerSettings
from familiar.vision.workers.local import LocalWorkers
from familiar.vision.workers.pool import Workers
from support.photos import MODELS

_MOST = 2
"""Workers that are kept at a time, as each has networks in memory."""


class KeptWorkers:
    """Starts workers as `start_workers` does, and lends the same ones again where the same are wanted.

    More than one worker, and those with files of a test's own, are not kept, and neither are those that died.
    """

    def __init__(self) -> None:
        self._kept: dict[VisionSettings, _LentWorkers] = {}

    def __call__(
        self,
        *,
        settings: VisionSettings,
        models: Path,
        remote: WorkerSettings | None = None,
        **options: Any,
    ) -> Workers:
        is_remote = remote is not None and remote.engine != "local"
        if is_remote or settings.workers != 1 or settings.model_file is not None or models != MODELS:
            return start_workers(settings=settings, models=models, remote=remote, **options)
        kept = self._kept.pop(settings, None)
        if kept is None or kept.is_broken:
            self._end(*filter(None, [kept]))
            kept = _LentWorkers(settings=settings, models=models)
        self._kept[settings] = kept
        self._end(*[self._kept.pop(old) for old in list(self._kept)[:-_MOST]])
        return kept

    def end(self) -> None:
        """End all workers, and the threads that wait for them."""
        self._end(*self._kept.values())
        self._kept.clear()

    def _end(self, *workers: "_LentWorkers") -> None:
        for one in workers:
            one.end()


class _LentWorkers(LocalWorkers):
    """A worker that goes on when a command has ended."""

    @property
    def is_broken(self) -> bool:
        """Whether its process has died: the next command would tell of that."""
        return self.health().deaths > 0 or (self._processes is not None and not self._processes.is_active)

    def close(self, within: float = 0.0) -> None:
        if self._tasks:  # what a command left unfinished must not be in the way of the next one
            super().close(within)

    def end(self) -> None:
        super().close()


KEPT = KeptWorkers()
os.register_at_fork(before=KEPT.end)  # a process that is forked has no threads
