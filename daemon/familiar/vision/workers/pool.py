"""The pool of worker processes, as the daemon's loop uses it."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

from pebble import ProcessExpired

from familiar.errors import FamiliarError, MoreMemoryError, RetryError, SetAsideError, WorkersError
from familiar.filesystem.reading import fingerprint
from familiar.media import is_video
from familiar.model import Crop, Photo, SidecarContent
from familiar.settings import VisionSettings
from familiar.vision import sidecars
from familiar.vision.sidecars import Rendered, SidecarFaces
from familiar.vision.workers import tasks as worker
from familiar.vision.workers.memory import run_with_more
from familiar.vision.workers.processes import WorkerProcesses
from familiar.vision.workers.start_failures import StartFailures, not_started

_IDLE = 60.0
"""Seconds without a task after which the workers end: an idle daemon should cost neither memory nor time."""

_ROOM = 5.0
"""Seconds until it is tried again to start workers for which the system had no room (files, processes, memory)."""

_POOLS = 3
"""Pools that may break under one task before it is given back."""

_SLOWEST = 10_000_000
"""Bytes a second of the slowest drive: it gives the extra time for a large file."""

_Waiting: TypeAlias = tuple[worker.IndexTask, "asyncio.Future[Photo]"]

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of the workers: deaths, the reason of the last one, and why the configured engine is not used."""

    running: bool
    tasks: int
    deaths: int
    last_death: str | None
    fallback: str | None


class Workers:
    """Worker processes that decode photos; they start with the first task, and end after some time without tasks."""

    def __init__(
        self,
        *,
        settings: VisionSettings,
        models: Path,
        tasks: int | None = None,
        networks: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take limits and the number of workers: by default one for each core that this process may use.

        `models` is the folder in which converted networks are kept. If the number of `tasks` is known, there are no
        more workers than tasks. Workers that only crop need no `networks`, and start sooner.
        """
        count = settings.workers or len(os.sched_getaffinity(0))
        self.count = count if tasks is None else max(1, min(count, tasks))
        self._batch = settings.together
        self._waiting: list[_Waiting] = []
        self._batches = 0
        self._running: set[asyncio.Task[None]] = set()
        self._settings = settings
        self._models = models
        self._networks = networks
        self._clock = clock
        self._processes: WorkerProcesses | None = None
        self._alone = asyncio.Lock()
        self._tasks = 0
        self._used_at = clock()
        self._deaths = 0
        self._no_room_at = float("-inf")
        self._no_room = ""
        self._last_death: str | None = None
        self._retiring: list[threading.Thread] = []
        self._failure: str | None = None
        self._fallback: str | None = None
        self._start_failures = StartFailures(clock)

    @property
    def slots(self) -> int:
        """Number of photos in progress: enough to keep all workers busy, few enough for crops not to wait long."""
        return 2 * self.count * self._batch

    async def fingerprint(self, path: Path) -> str:
        """Return the SHA-256 of a file's bytes, 64 hexadecimal digits.

        Raises:
            GoneError: it does not exist.
            RetryError: it can't be read for now, or not within the time limit.
        """
        try:
            return await self._run(fingerprint, path, seconds=self._limit(path))
        except SetAsideError as error:
            raise RetryError(f"can't be read: {error}") from error

    async def look(self, path: Path, hash_: str, *, beside_still: bool = False) -> Photo:
        """Decode a photo or a video and find the faces in it; `beside_still` as in `worker.Look`.

        Raises:
            GoneError, RetryError: the file can't be read.
            ChangedError: its content is not that of `hash_`.
            SetAsideError: it can't be decoded within the limits, or it crashes its worker.
        """
        task = worker.IndexTask(path=path, hash=hash_, beside_still=beside_still)
        if self._batch == 1 or is_video(path):
            return await self._look_alone(task)
        answer: asyncio.Future[Photo] = asyncio.get_running_loop().create_future()
        self._waiting.append((task, answer))
        self._look_together()
        return await answer

    async def check(self, path: Path) -> worker.CheckedFile:
        """Decode a file to its end, of a video the first picture; return its hash and its size.

        Raises:
            GoneError, RetryError: the file can't be read.
            SetAsideError: it can't be decoded within the limits, or it crashes its worker.
        """
        return await self._run(worker.check, path, self._settings, seconds=self._limit(path))

    async def encode(
        self, tasks: Sequence[worker.EncodeTask], settings: VisionSettings | None = None
    ) -> list[worker.EncodedFaces | FamiliarError]:
        """Encode faces again that were found before, those of several photos in one go.

        Args:
            tasks: the photos, each with its faces.
            settings: those of another model, if that is to encode them.

        Returns:
            For each photo the embeddings and qualities of its faces, or an error of `look`.

        Raises:
            WorkersError: no worker can be started.
        """
        chosen = self._settings if settings is None else settings
        seconds = sum(self._limit(task.path) for task in tasks)
        try:
            return await self._run(worker.encode, tasks, chosen, self._models, seconds=seconds)
        except WorkersError:
            raise
        except RetryError as error:  # the system has no room for workers now
            return [error] * len(tasks)
        except SetAsideError as error:
            if len(tasks) == 1:
                return [error]
        return [one for task in tasks for one in await self.encode([task], chosen)]  # so that it is seen which it is

    async def devices(self) -> str:
        """Return the device of each network, and the file with the weights."""
        return await self._run(worker.devices, self._settings, self._models)

    async def crop(self, path: Path, hash_: str, wish: Crop) -> bytes:
        """Return the picture file of a face.

        Raises:
            GoneError, RetryError, ChangedError, SetAsideError: as `look` does.
        """
        (cut,) = await self.crops(path, hash_, (wish,))
        if isinstance(cut, FamiliarError):
            raise cut
        return cut

    async def crops(self, path: Path, hash_: str, wishes: Sequence[Crop]) -> list[bytes | FamiliarError]:
        """Return the picture files of faces of one photo, which is decoded once, or why one of them can't be cropped.

        Raises:
            GoneError, RetryError, ChangedError, SetAsideError: as `look` does.
        """
        return await self._run(worker.crop, path, hash_, wishes, self._settings, seconds=self._limit(path))

    async def render_sidecar(
        self, photo: Path, sidecar: Path, wanted: SidecarContent, former: SidecarContent
    ) -> Rendered:
        """Return the present and the intended content of a sidecar, as `sidecars.render` does.

        Raises:
            GoneError, RetryError: photo or sidecar can't be read.
            SetAsideError: the sidecar is damaged, is not XMP, or crashes its worker.
        """
        return await self._run(sidecars.render, photo, sidecar, wanted, former)

    async def listen_to_sidecar(
        self, photo: Path, sidecar: Path, size: tuple[int, int], former: SidecarContent
    ) -> SidecarFaces:
        """Return the named faces of other programs in a sidecar, as `sidecars.listen` does.

        Raises:
            GoneError, RetryError, SetAsideError: as `render_sidecar` does.
        """
        return await self._run(sidecars.listen, photo, sidecar, size, former)

    def warm_up(self) -> None:
        """Start the workers ahead of their next task, if they do not run: loading the networks takes a second."""
        if not self._start_failures.hold:
            with suppress(RetryError):  # the task tells
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

    def close(self, within: float = 0.0) -> None:
        """End all workers; tasks in progress get `within` seconds."""
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
        (seen,) = await self._run(worker.look, (task,), self._settings, self._models, seconds=seconds)
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
            return await self._run(worker.look, tasks, self._settings, self._models, seconds=seconds)
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
                return await self._try(run_with_more, (self._settings, function, arguments), seconds)

    async def _try(self, function: Callable[..., R], arguments: tuple[Any, ...], seconds: float) -> R:
        """Run a function in a worker. If the worker dies, one new worker tries again."""
        self._tasks += 1
        try:
            try:
                return await self._attempt(function, arguments, seconds)
            except ProcessExpired as error:
                self._note_death(_cause(error))
            try:
                return await self._attempt(function, arguments, seconds)
            except ProcessExpired as error:
                self._note_death(_cause(error))
                raise SetAsideError(f"it crashed its worker ({_cause(error)})") from error
        except FutureTimeoutError as error:
            raise SetAsideError(f"it took longer than {seconds:g} s") from error
        finally:
            self._tasks -= 1
            self._used_at = self._clock()

    async def _attempt(self, function: Callable[..., R], arguments: tuple[Any, ...], seconds: float) -> R:
        """Run a function in the pool; a pool that breaks, as it does when an idle worker dies, is replaced.

        Raises:
            WorkersError: no worker can be started.
        """
        self._start_failures.check()
        for _ in range(_POOLS):
            try:
                result: R = await self._current().run(function, arguments, seconds)
            except BrokenProcessPool:
                continue
            self._start_failures.forget()
            return result
        self._retire_if_broken()
        raise self._start_failures.refuse(self._failure or not_started(self._last_death or "they end at once"))

    def _current(self) -> WorkerProcesses:
        self._retire_if_broken()
        if self._processes is None:
            self._failure = None
            self._processes = self._fresh()
        return self._processes

    def _fresh(self) -> WorkerProcesses:
        """Return new processes; raises RetryError if the system has no room for them, or had none a moment ago."""
        if self._clock() - self._no_room_at < _ROOM:
            raise RetryError(self._no_room)
        try:
            return WorkerProcesses(
                settings=self._settings, models=self._models, count=self.count, networks=self._networks
            )
        except OSError as error:
            self._no_room_at = self._clock()
            self._no_room = not_started(error.strerror or str(error))
            raise RetryError(self._no_room) from error

    def _retire_if_broken(self) -> None:
        self._read_notes()
        if self._processes is not None and not self._processes.is_active:
            self._note_death(self._failure or "ended without a task")
            self._retire()

    def _read_notes(self) -> None:
        for note in () if self._processes is None else self._processes.notes():
            if note.fatal:
                self._failure = note.text
            else:
                self._fallback = note.text
        if self._processes is not None and self._processes.refusal is not None:
            self._failure = not_started(self._processes.refusal)

    def _retire(self) -> None:
        processes, self._processes = self._processes, None
        if processes is not None:
            self._retiring = [thread for thread in self._retiring if thread.is_alive()]
            self._retiring.append(threading.Thread(target=processes.end, args=(5.0,), name="retire workers"))
            self._retiring[-1].start()

    def _note_death(self, cause: str) -> None:
        self._deaths += 1
        self._last_death = cause


def _cause(error: ProcessExpired) -> str:
    code = error.exitcode
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit status {code}"
