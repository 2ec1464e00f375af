"""The workers of this machine: a pool of processes, and where that is one process, another one for videos."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from familiar.errors import FamiliarError
from familiar.media import is_video
from familiar.model import Photo
from familiar.settings import VisionSettings
from familiar.vision.workers.pool import Health
from familiar.vision.workers.process_pool import ProcessPool
from familiar.vision.workers.tasks import EncodedFaces, EncodeTask, IndexTask


class LocalWorkers(ProcessPool):
    """Worker processes of this machine. A single one does not look at videos: it would be busy for minutes."""

    def __init__(
        self,
        *,
        settings: VisionSettings,
        models: Path,
        tasks: int | None = None,
        networks: bool = True,
        urgent: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what a `ProcessPool` takes; if the number of `tasks` is known, there is no process for videos alone."""
        super().__init__(settings=settings, models=models, tasks=tasks, networks=networks, urgent=urgent, clock=clock)
        self._for_videos: ProcessPool | None = None
        if tasks is None and self.count == 1:
            self._for_videos = ProcessPool(
                settings=settings,
                models=models,
                tasks=1,
                networks=networks,
                urgent=urgent,
                clock=clock,
                alone=self._alone,
            )

    async def fingerprint(self, path: Path) -> str:
        """Return the SHA-256 of a file's bytes, 64 hexadecimal digits."""
        if self._for_videos is not None and is_video(path):
            return await self._for_videos.fingerprint(path)
        return await super().fingerprint(path)

    async def look_at(self, task: IndexTask) -> Photo:
        """Do a task of `look`."""
        if self._for_videos is not None and is_video(task.path):
            return await self._for_videos.look_at(task)
        return await super().look_at(task)

    async def encode(
        self, tasks: Sequence[EncodeTask], settings: VisionSettings | None = None
    ) -> list[EncodedFaces | FamiliarError]:
        """Encode faces again that were found before, those of several photos in one go."""
        if self._for_videos is not None and any(is_video(task.path) for task in tasks):
            return await self._for_videos.encode(tasks, settings)
        return await super().encode(tasks, settings)

    def health(self) -> Health:
        """Return the state of the workers; call this regularly, as it also ends idle workers."""
        own = super().health()
        if self._for_videos is None:
            return own
        videos = self._for_videos.health()
        return replace(
            own,
            running=own.running or videos.running,
            tasks=own.tasks + videos.tasks,
            deaths=own.deaths + videos.deaths,
            last_death=own.last_death or videos.last_death,
        )

    def close(self, within: float = 0.0) -> None:
        """End all workers; tasks in progress get `within` seconds."""
        if self._for_videos is not None:
            self._for_videos.close(within)
        super().close(within)
