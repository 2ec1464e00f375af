"""The worker processes: a fork server, its copies, and for each of them a thread that gives it tasks.

No two workers share a lock or a pipe: each has a channel of its own. Whatever happens to a worker, and at whatever
instant, only the task that it has is affected.
"""

import asyncio
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from familiar.errors import FamiliarError
from familiar.vision.workers import preparation
from familiar.vision.workers.channel import Reply, UnreadableError
from familiar.vision.workers.fork_server import ForkedProcess, ForkServer
from familiar.vision.workers.start_failures import NoWorkersError, not_started, refused
from familiar.vision_options import VisionOptions

_ENVIRONMENT = {
    # there is a worker for each core: libraries that start threads of their own would only get in each other's way
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # memory in large pages, where the kernel has them: networks take a quarter less time, as they pass over megabytes
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
"""What is read by libraries as a worker loads them."""

_LOADING = 240.0
"""Seconds that loading the networks may take beyond the limit for a photo: where they are converted first, and others
have the processors. A network of a user's own may never be done with it."""

_AGAIN = 1.0
"""Seconds until a worker that could not be started, while others run, is started again."""

_TRIES = 5
"""How often a worker is started that ends as it starts, before the thread is without one."""

_WITH_SERVER = "their fork server has ended"

_STOP = 2.0
"""Seconds that workers take to end at most, when their tasks were taken from them."""


class WorkerDiedError(Exception):
    """The worker has ended while it had the task."""


class TimeLimitError(Exception):
    """The task took longer than it may."""


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """A call, pickled; the seconds that it may take; and what is to get its answer."""

    call: bytes
    seconds: float
    future: "Future[Any]" = field(default_factory=Future)

    def settle(self, *, value: Any = None, error: Exception | None = None) -> None:
        """Give the answer, unless the task was cancelled or given up before."""
        with suppress(InvalidStateError):
            self.future.set_result(value) if error is None else self.future.set_exception(error)


class WorkerProcesses:
    """Processes that run tasks; threads start them, as loading the networks takes a second."""

    def __init__(
        self, *, options: VisionOptions, models: Path, count: int, most: int, networks: bool, urgent: bool = False
    ) -> None:
        """Start `count` processes.

        Args:
            options: limits, and which networks are loaded.
            models: the folder of converted networks.
            count: the number of processes.
            most: tasks after which a process is replaced.
            networks: whether networks are loaded at all.
            urgent: whether a person waits for them.
        """
        self.deaths: deque[str] = deque()
        """How workers ended that should not; the reader takes them away."""
        self.fallback: str | None = None
        """Why the configured engine is not used."""
        self._start_server = partial(
            ForkServer,
            partial(preparation.load, options, models, networks=networks, urgent=urgent),
            partial(preparation.work, options, models, networks=networks),
            {**_ENVIRONMENT, **os.environ},
        )
        self._count = count
        self._loading = options.time_limit + _LOADING
        self._most = most
        self._lock = threading.Lock()
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._unfinished: set[_Task] = set()
        self._ending = threading.Event()
        self._failure: NoWorkersError | None = None
        self._without = 0  # threads that could not start a worker
        self._server: ForkServer | None = None
        self._has_loaded = False
        self._main = threading.Thread(target=self._run, name="workers", daemon=True)
        try:
            self._main.start()
        except RuntimeError as error:
            self._fail(refused(error))

    @property
    def is_active(self) -> bool:
        """Whether tasks can be run, now or as soon as the processes have started."""
        return self._failure is None

    async def run(self, function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float) -> Any:
        """Run a function in one of the processes, within this time. If the call is cancelled, its worker is ended.

        Raises:
            NoWorkersError: the processes have ended, or can't be started.
            WorkerDiedError: the process has ended meanwhile.
            TimeLimitError: it takes longer.
        """
        task = _Task(pickle.dumps((function, *arguments)), seconds)
        with self._lock:
            if self._failure is not None:
                raise self._failure.anew()
            self._unfinished.add(task)
        task.future.add_done_callback(lambda _: self._unfinished.discard(task))
        self._tasks.put(task)
        return await asyncio.wrap_future(task.future)

    def end(self, within: float) -> None:
        """End all processes, waiting for that; tasks in progress get `within` seconds."""
        with self._lock:  # a task that comes now would wait for ever
            self._failure = self._failure or NoWorkersError("the worker processes were ended", is_final=True)
        self._stop_threads()
        if self._has_loaded:
            wait([task.future for task in tuple(self._unfinished)], within)
        for task in tuple(self._unfinished):
            task.future.cancel()
        with self._lock:
            server = self._server
        if server is not None and self._main.is_alive():
            self._end_server(server)
        self._main.join()

    def _end_server(self, server: ForkServer) -> None:
        if self._has_loaded:
            server.end()
            self._main.join(_STOP)
        if self._main.is_alive():
            server.kill()

    def _stop_threads(self) -> None:
        self._ending.set()
        for _ in range(self._count):
            self._tasks.put(None)

    def _fail(self, error: NoWorkersError) -> NoWorkersError:
        """Give up all tasks, and let the threads end; return the error."""
        with self._lock:
            self._failure = self._failure or error
        self._stop_threads()
        for task in tuple(self._unfinished):
            task.settle(error=error.anew())
        return error

    def _run(self) -> None:
        """Have a server for as long as threads use it."""
        with self._leaving_no_task():
            try:
                with self._lock, _uninterrupted():  # no server is started after `end` has looked for one
                    if self._ending.is_set():
                        return
                    self._server = self._start_server()
            except OSError as error:
                self._fail(refused(error))
                return
            with self._server as server:
                try:
                    self._wait_for(server)
                except NoWorkersError as error:
                    self._fail(error)
                else:
                    self._has_loaded = True
                    self._attend_all(server)

    @contextmanager
    def _leaving_no_task(self) -> Iterator[None]:
        """Give up all tasks if a thread ends before it should, by an error that Python reports: none waits for ever."""
        try:
            yield
        finally:
            if not self._ending.is_set():
                self._fail(NoWorkersError(not_started("an internal error"), is_final=True))

    def _wait_for(self, process: ForkServer | ForkedProcess) -> None:
        """Wait until the server or a worker is ready; raises NoWorkersError if it can't be used."""
        try:
            loaded = process.loaded(self._loading)
        except TimeoutError as error:
            process.kill()
            reason = not_started(f"loading the networks takes longer than {self._loading:g} s")
            raise NoWorkersError(reason, is_final=True) from error
        except UnreadableError as error:
            raise NoWorkersError(not_started(str(error)), is_final=True) from error
        except EOFError as error:
            raise NoWorkersError(not_started(process.how_it_ended() or _WITH_SERVER), is_final=False) from error
        if loaded.error is not None:
            told = str(loaded.error) if isinstance(loaded.error, FamiliarError) else not_started(repr(loaded.error))
            raise NoWorkersError(told, is_final=True)
        self.fallback = loaded.value or self.fallback

    def _attend_all(self, server: ForkServer) -> None:
        """Have a thread for each worker, until all of them end."""
        threads = []
        for number in range(self._count):
            thread = threading.Thread(target=self._attend, args=(server,), name=f"worker {number + 1}", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                self._go_without(refused(error))
            else:
                threads.append(thread)
        for thread in threads:
            thread.join()

    def _attend(self, server: ForkServer) -> None:
        """Have one worker, and another one whenever it has ended or has done enough, and give it tasks."""
        with self._leaving_no_task():
            while (worker := self._new_worker(server)) is not None:
                with worker:
                    self._give_tasks(worker, server)

    def _new_worker(self, server: ForkServer) -> ForkedProcess | None:
        """Start a worker, again and again while others run; return None if none is needed any more."""
        failures, is_without = 0, False
        while not self._ending.is_set():
            try:
                worker = self._try_to_start(server)
            except NoWorkersError as error:
                failures += 1
                if not is_without and (error.is_final or failures == _TRIES):
                    is_without = True
                    self._go_without(error)
                self._ending.wait(_AGAIN if is_without else 0)
            else:
                with self._lock:
                    self._without -= is_without
                return worker
        return None

    def _try_to_start(self, server: ForkServer) -> ForkedProcess:
        try:
            worker = server.copy()
        except EOFError as error:
            raise self._fail(NoWorkersError(not_started(server.how_it_ended()), is_final=False)) from error
        except OSError as error:
            raise refused(error) from error
        with ExitStack() as unready:
            unready.enter_context(worker)
            self._wait_for(worker)
            unready.pop_all()
        return worker

    def _go_without(self, error: NoWorkersError) -> None:
        """Note that one more thread has no worker; if none has one, give up."""
        with self._lock:
            self._without += 1
            has_none = self._without == self._count
        if has_none:
            self._fail(error)

    def _give_tasks(self, worker: ForkedProcess, server: ForkServer) -> None:
        """Give tasks to a worker until it has ended or has done enough, or until there are no more."""
        for _ in range(self._most):
            task = self._tasks.get()
            if task is None:
                return
            if worker.has_ended:
                self._tasks.put(task)
                self._note_death(worker, server)
                return
            if not task.future.done() and not self._do(task, worker, server):
                return

    def _do(self, task: _Task, worker: ForkedProcess, server: ForkServer) -> bool:
        """Have a worker do a task; return whether it can do another one."""
        task.future.add_done_callback(lambda future: worker.kill() if future.cancelled() else None)
        has_task = False
        try:
            worker.channel.send_pickled(task.call, task.seconds)
            has_task = True
            reply = worker.channel.receive(Reply, task.seconds)
        except TimeoutError:
            task.settle(error=TimeLimitError())
        except UnreadableError as error:
            self.deaths.append(str(error))
            task.settle(error=WorkerDiedError(str(error)))
        except EOFError:
            if task.future.cancelled():
                return False
            if not has_task:  # not the whole of it, so that the task was not the reason
                self._tasks.put(task)
            if (how := self._note_death(worker, server)) is not None and has_task:
                task.settle(error=WorkerDiedError(how))
        else:
            task.settle(value=reply.value, error=reply.error)
            return not task.future.cancelled()
        return False

    def _note_death(self, worker: ForkedProcess, server: ForkServer) -> str | None:
        """Note how a worker ended, and return it; give up all tasks and return None if the server has ended."""
        how = worker.how_it_ended()
        if how is None:
            self._fail(NoWorkersError(not_started(server.how_it_ended()), is_final=False))
        else:
            self.deaths.append(how)
        return how


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Block Ctrl-C in a process that starts here, until it ignores it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
