"""The worker processes of one time: a fork server, and a pool of the processes that it starts."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

from pebble import ProcessPool

from familiar.settings import VisionSettings
from familiar.vision.workers import tasks as worker
from familiar.vision.workers.fork_server import ForkServer
from familiar.vision.workers.resource_tracker import start_quietly

_SPAWN = multiprocessing.get_context("spawn")

_ENVIRONMENT = {
    # there is a worker for each core: libraries that start threads of their own would only get in each other's way
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # memory in large pages, where the kernel has them: networks take a quarter less time, as they pass over megabytes
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
"""What is read by libraries as a worker loads them."""


class WorkerProcesses:
    """Processes that run tasks; they start in a thread, as loading the networks takes a second."""

    def __init__(self, *, settings: VisionSettings, models: Path, count: int, networks: bool) -> None:
        """Start `count` processes; `models` is the folder of converted networks, which are loaded with `networks`."""
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        start_quietly()
        self._notes: SimpleQueue[worker.WorkerNote] = _SPAWN.SimpleQueue()
        with _uninterrupted():
            self._server = ForkServer(
                partial(worker.load, networks=networks), settings, models, os.getpid(), self._notes
            )
        self._pool = ProcessPool(
            max_workers=count,
            max_tasks=2 * settings.recycle,  # a photo is hashed, then analysed
            initializer=partial(worker.start, networks=networks),
            initargs=(settings, models, self._server.pid, self._notes),
            context=self._server,
        )
        self.refusal: str | None = None
        """What the system said when it refused to start a process."""
        self._started: Future[bool] = Future()
        self._starting = threading.Thread(target=self._start, name="start workers")
        self._starting.start()

    @property
    def is_active(self) -> bool:
        """Whether tasks can be run, now or as soon as the processes have started."""
        return not self._started.done() or (self._started.result() and self._pool.active)

    async def run(self, function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float) -> Any:
        """Run a function in one of the processes, within this time.

        Raises:
            BrokenProcessPool: the processes have ended, or can't be started.
            ProcessExpired: the process has ended meanwhile.
            FutureTimeoutError: it takes longer.
        """
        if not await asyncio.shield(asyncio.wrap_future(self._started)):
            raise BrokenProcessPool
        try:
            future = self._pool.schedule(function, args=arguments, timeout=seconds)
        except RuntimeError as error:
            raise BrokenProcessPool from error  # it broke just now
        return await asyncio.wrap_future(future)

    def notes(self) -> Iterator[worker.WorkerNote]:
        """Give what the processes reported as they started; a full queue would block them."""
        while not self._notes.empty():
            yield self._notes.get()

    def end(self, within: float) -> None:
        """End all processes, waiting for that; tasks in progress get `within` seconds."""
        if not self._started.done():
            self._server.kill()
        self._starting.join()
        self._end_pool(within)
        self._server.close()

    def _start(self) -> None:
        """Start the pool: it starts its processes, and the threads that start others, when it is first asked."""
        try:
            with _uninterrupted():
                self._started.set_result(self._pool.active)
        except (BrokenProcessPool, OSError) as error:
            cause = error if isinstance(error, OSError) else error.__cause__
            self.refusal = getattr(cause, "strerror", None)
            self._started.set_result(False)

    def _end_pool(self, within: float) -> None:
        self._pool.close()  # type: ignore[no-untyped-call]  # pebble annotates it halfway
        if within:
            try:
                self._pool.join(timeout=within)
            except FutureTimeoutError:
                pass
            else:
                return
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Block Ctrl-C in threads and processes that start here: a process that is loading would print a traceback."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
