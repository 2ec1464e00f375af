"""A pool of worker processes on this machine, as the daemon's loop uses it."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

from familiar.errors import (
    FamiliarError,
    MoreMemoryError,
    RetryError,
    SetAsideError,
    WorkerLimitError,
    WorkersError,
)
from familiar.filesystem.reading import fingerprint
from familiar.media import is_video
from familiar.model import Crop, Face, Photo, SidecarContent
from familiar.settings import VisionSettings
from familiar.vision import sidecars
from familiar.vision.sidecars import Rendered, SidecarFaces
from familiar.vision.workers import pictures as picture_files
from familiar.vision.workers import tasks as worker
from familiar.vision.workers.memory import run_with_more
from familiar.vision.workers.pool import Health
from familiar.vision.workers.processes import TimeLimitError, WorkerDiedError, WorkerProcesses
from familiar.vision.workers.start_failures import NoWorkersError, StartFailures

_IDLE = 60.0
"""Seconds without a task after which the workers end: an idle daemon should cost neither memory nor time."""

_ATTEMPTS = 3
"""How often workers are started for a task before it is given back, where all of them end."""

_SLOWEST = 10_000_000
"""Bytes a second of the slowest drive: it gives the extra time for a large file."""

_Waiting: TypeAlias = tuple[worker.IndexTask, "asyncio.Future[Photo]"]

R = TypeVar("R")


class ProcessPool:
    """Worker processes that decode photos; they start with the first task, and end after some time without tasks.

    What its methods take and raise is in the contract, `pool.Workers`.
    """

    def __init__(
        self,
        *,
        settings: VisionSettings,
        models: Path,
        tasks: int | None = None,
        networks: bool = True,
        urgent: bool = False,
        clock: Callable[[], float] = time.monotonic,
        alone: asyncio.Lock | None = None,
    ) -> None:
        """Take limits and the number of workers: by default one for each core that this process may use.

        `models` is the folder in which converted networks are kept. If the number of `tasks` is known, there are no
        more workers than tasks. Workers that only crop need no `networks`, and start sooner. Those that a person waits
        for are `urgent`: they do not run at a low priority. `alone` is held while a task has more memory than usual:
        there is one such task at a time, also of several pools.
        """
        count = settings.workers or len(os.sched_getaffinity(0))
        self._processes_wanted = count if tasks is None else max(1, min(count, tasks))
        self.count = self._processes_wanted
        self._batch = settings.together
        self._waiting: list[_Waiting] = []
        self._batches = 0
        self._running: set[asyncio.Task[None]] = set()
        self._settings = settings
        self._options = settings.options
        self._models = models
        self._networks = networks
        self._urgent = urgent
        self._clock = clock
        self._processes: WorkerProcesses | None = None
        self._alone = alone or asyncio.Lock()
        self._tasks = 0
        self._used_at = clock()
        self._deaths = 0
        self._last_death: str | None = None
        self._retiring: list[threading.Thread] = []
        self._fallback: str | None = None
        self._start_failures = StartFailures(clock)

    @property
    def slots(self) -> int:
        """Number of photos in progress: enough to keep all workers busy, few enough for crops not to wait long."""
        return 2 * self.count * self._batch

    async def fingerprint(self, path: Path) -> str:
        """Return the SHA-256 of a file's bytes, 64 hexadecimal digits."""
        try:
            return await self._run(fingerprint, path, seconds=self._limit(path))
        except SetAsideError as error:
            raise RetryError(f"can't be read: {error}") from error

    async def look(self, path: Path, hash_: str, *, beside_still: bool = False, turn: int | None = None) -> Photo:
        """Decode a photo or a video and find the faces in it; `beside_still` and `turn` as in `worker.IndexTask`."""
        return await self.look_at(worker.IndexTask(path=path, hash=hash_, beside_still=beside_still, turn=turn))

    async def look_at(self, task: worker.IndexTask) -> Photo:
        """Do a task of `look`."""
        if self._batch == 1 or is_video(task.path):
            return await self._look_alone(task)
        answer: asyncio.Future[Photo] = asyncio.get_running_loop().create_future()
        self._waiting.append((task, answer))
        self._look_together()
        return await answer

    async def check(self, path: Path) -> worker.CheckedFile:
        """Decode a file to its end, of a video the first picture; return its hash and its size."""
        return await self._run(worker.check, path, self._options, seconds=self._limit(path))

    async def encode(
        self, tasks: Sequence[worker.EncodeTask], settings: VisionSettings | None = None
    ) -> list[worker.EncodedFaces | FamiliarError]:
        """Encode faces again that were found before, those of several photos in one go."""
        chosen = self._options if settings is None else settings.options
        seconds = sum(self._limit(task.path) for task in tasks)
        try:
            return await self._run(worker.encode, tasks, chosen, self._models, seconds=seconds)
        except SetAsideError as error:
            if len(tasks) == 1:
                return [error]
        return [one for task in tasks for one in await self.encode([task], settings)]  # so that it is seen which it is

    async def devices(self) -> str:
        """Return the device of each network, and the file with the weights."""
        return await self._run(worker.devices, self._options, self._models)

    async def crop(self, path: Path, hash_: str, wish: Crop) -> bytes:
        """Return the picture file of a face."""
        (cut,) = await self.crops(path, hash_, (wish,))
        if isinstance(cut, FamiliarError):
            raise cut
        return cut

    async def crops(self, path: Path, hash_: str, wishes: Sequence[Crop]) -> list[bytes | FamiliarError]:
        """Return the picture files of faces of one photo, which is decoded once, or why one can't be cropped."""
        return await self._run(picture_files.crop, path, hash_, wishes, self._options, seconds=self._limit(path))

    async def pictures(self, task: picture_files.PictureTask) -> list[bytes | FamiliarError]:
        """Return pictures of one photo or video for a page, or why one of them can't be made."""
        # the file is not looked at here: a disk that does not answer holds up a worker, and nothing else
        is_video = any(wish.time is not None for wish in task.wishes)
        seconds = self._settings.time_limit + (self._settings.video_time_limit if is_video else 0.0)
        return await self._run(picture_files.picture, task, self._options, seconds=seconds)

    async def find_drawn(self, task: worker.DrawnTask) -> Face | None:
        """Return the face in a box that a person has drawn; None if there is none."""
        seconds = self._settings.time_limit + (0.0 if task.time is None else self._settings.video_time_limit)
        return await self._run(worker.find_drawn, task, self._options, self._models, seconds=seconds)

    async def render_sidecar(
        self, photo: Path, sidecar: Path, wanted: SidecarContent, former: SidecarContent
    ) -> Rendered:
        """Return the present and the intended content of a sidecar, as `sidecars.render` does."""
        return await self._run(sidecars.render, photo, sidecar, wanted, former)

    async def listen_to_sidecar(
        self, photo: Path, sidecar: Path, size: tuple[int, int], former: SidecarContent
    ) -> SidecarFaces:
        """Return the named faces of other programs in a sidecar, as `sidecars.listen` does."""
        return await self._run(sidecars.listen, photo, sidecar, size, former)

    async def turn_of(self, photo: Path, listed: Sequence[Path]) -> int | None:
        """Return how the sidecars of a photo turn it, as `sidecars.turn_of` does."""
        return await self._run(sidecars.turn_of, photo, listed)

    def warm_up(self) -> None:
        """Start the workers ahead of their next task, if they do not run: loading the networks takes a second."""
        if not self._start_failures.hold:
            self._current()
            self._used_at = self._clock()

    def health(self) -> Health:
        """Return the state of the workers; call this regularly, as it also ends idle workers."""
        if self._processes is not None and not self._tasks and self._clock() - self._used_at > _IDLE:
            self._retire()
        self._read_notes()
        return Health(
            running=self._processes is not None,
            tasks=self._tasks,
            deaths=self._deaths,
            last_death=self._last_death,
            fallback=self._fallback,
        )

    @property
    def fallback(self) -> str | None:
        """Why another engine or device than the settings say is used; None if that is used."""
        self._read_notes()
        return self._fallback

    def close(self, within: float = 0.0) -> None:
        """End all workers; tasks in progress get `within` seconds."""
        self._read_notes()
        processes, self._processes = self._processes, None
        if processes is not None:
            processes.end(within)
        for thread in self._retiring:
            thread.join()

    async def __aenter__(self) -> Self:
        """Return the workers; they end with the block."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all workers."""
        await asyncio.to_thread(self.close)

    async def _look_alone(self, task: worker.IndexTask) -> Photo:
        seconds = self._limit(task.path)
        (seen,) = await self._run(worker.look, (task,), self._options, self._models, seconds=seconds)
        if isinstance(seen, Exception):
            raise seen
        return seen

    def _look_together(self) -> None:
        """Give waiting photos to the workers in batches; while they are busy, the next batch grows."""
        self._waiting = [waiting for waiting in self._waiting if not waiting[1].done()]
        while self._waiting and self._batches < 2 * self.count:
            batch, self._waiting = self._waiting[: self._batch], self._waiting[self._batch :]
            self._batches += 1
            task = asyncio.create_task(self._look_at_batch(batch))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _look_at_batch(self, batch: Sequence[_Waiting]) -> None:
        try:
            for (_, answer), seen in zip(batch, await self._seen([task for task, _ in batch]), strict=True):
                if answer.done():
                    continue  # its caller has gone
                if isinstance(seen, BaseException):
                    answer.set_exception(seen)
                else:
                    answer.set_result(seen)
        finally:
            for _, answer in batch:
                answer.cancel()  # this does nothing if it already has its answer
            self._batches -= 1
            self._look_together()

    async def _seen(self, tasks: Sequence[worker.IndexTask]) -> Sequence[Photo | BaseException]:
        """Analyse photos in one batch, or one by one after an error, to find the one that causes it."""
        seconds = sum(self._limit(task.path) for task in tasks)
        try:
            return await self._run(worker.look, tasks, self._options, self._models, seconds=seconds)
        except WorkersError as error:
            return [error] * len(tasks)
        except Exception:  # noqa: BLE001 - it comes again with the one that raises it
            return await asyncio.gather(*map(self._look_alone, tasks), return_exceptions=True)

    def _limit(self, path: Path) -> float:
        """Return the time limit of one task with this file, in seconds."""
        try:
            reading = path.stat().st_size // _SLOWEST
        except OSError:
            reading = 0
        return self._settings.time_limit + reading + (self._settings.video_time_limit if is_video(path) else 0.0)

    async def _run(self, function: Callable[..., R], *arguments: Any, seconds: float | None = None) -> R:
        """Run a function in a worker; if the usual memory is not enough, again with more, while no other one has it."""
        seconds = self._settings.time_limit if seconds is None else seconds
        try:
            return await self._try(function, arguments, seconds)
        except MoreMemoryError:
            async with self._alone:
                return await self._try(run_with_more, (self._options, function, arguments), seconds)

    async def _try(self, function: Callable[..., R], arguments: tuple[Any, ...], seconds: float) -> R:
        """Run a function in a worker. If the worker dies, one new worker tries again."""
        self._tasks += 1
        try:
            with suppress(WorkerDiedError):
                return await self._attempt(function, arguments, seconds)
            return await self._attempt(function, arguments, seconds)
        except WorkerDiedError as error:
            raise WorkerLimitError(f"it crashed its worker ({error})") from error
        except TimeLimitError as error:
            raise WorkerLimitError(f"it took longer than {seconds:g} s") from error
        finally:
            self._tasks -= 1
            self._used_at = self._clock()

    async def _attempt(self, function: Callable[..., R], arguments: tuple[Any, ...], seconds: float) -> R:
        """Run a function in a worker; where all of them have ended, new ones are started.

        Raises:
            WorkersError: no worker can be started.
        """
        self._start_failures.check()
        for attempt in range(_ATTEMPTS):
            try:
                result: R = await self._current().run(function, arguments, seconds)
            except NoWorkersError as error:
                if error.is_final or attempt == _ATTEMPTS - 1:
                    raise self._start_failures.refuse(str(error)) from error
            else:
                self._start_failures.forget()
                return result
        raise AssertionError("the last attempt returns or raises")

    def _current(self) -> WorkerProcesses:
        if self._processes is not None and not self._processes.is_active:
            self._retire()
        if self._processes is None:
            self._processes = WorkerProcesses(
                options=self._options,
                models=self._models,
                count=self._processes_wanted,
                most=2 * self._settings.recycle,  # a photo is hashed, then analysed
                networks=self._networks,
                urgent=self._urgent,
            )
        return self._processes

    def _read_notes(self) -> None:
        """Take over what the processes have noted."""
        if self._processes is not None:
            self._fallback = self._processes.fallback or self._fallback
            while self._processes.deaths:
                self._deaths, self._last_death = self._deaths + 1, self._processes.deaths.popleft()

    def _retire(self) -> None:
        self._read_notes()
        processes, self._processes = self._processes, None
        if processes is not None:
            self._retiring = [thread for thread in self._retiring if thread.is_alive()]
            self._retiring.append(threading.Thread(target=processes.end, args=(5.0,), name="retire workers"))
            self._retiring[-1].start()
