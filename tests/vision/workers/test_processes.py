"""Whatever a worker does, and at whatever instant it ends, only its own task is affected, and all others go on."""

import asyncio
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from familiar.errors import SetAsideError, WorkersError
from familiar.settings import VisionSettings
from familiar.vision.workers.local import LocalWorkers
from support import forked
from support.forked import KillsWhenRead, StopsCopies, give
from support.worker_processes import kill, processes_of, servers_of, workers_of

SOON = 10.0
"""Seconds in which what takes a fraction of one is done on a machine that has other work."""


@asynccontextmanager
async def workers(count: int, **settings: Any) -> AsyncIterator[LocalWorkers]:
    """Give workers that have started, without networks."""
    chosen = VisionSettings.model_validate({"workers": count, **settings})
    async with LocalWorkers(settings=chosen, models=Path("/nowhere"), networks=False) as started:
        await asyncio.gather(*(started._run(time.sleep, 0.01) for _ in range(count)))
        yield started


def in_time(act: Callable[[LocalWorkers], Any], *, count: int = 2, **settings: Any) -> Any:
    """Do something with workers that has to be done soon, once they have started."""

    async def run() -> Any:
        async with workers(count, **settings) as started:
            return await asyncio.wait_for(act(started), SOON)

    return asyncio.run(run())


@pytest.fixture
def before() -> set[int]:
    """The processes of other workers, which other tests have."""
    return processes_of(os.getpid())


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that says that a worker is still to be killed."""
    mark = tmp_path / "mark"
    mark.touch()
    return mark


@pytest.mark.parametrize(
    ("call", "died_of"),
    [
        (lambda mark: (give, KillsWhenRead(mark)), "SIGKILL"),
        (lambda mark: (forked.answer_and_die, mark), "SIGKILL"),
        (lambda mark: (forked.die_in_half_an_answer, mark), "SIGKILL"),
        (lambda mark: (forked.die_once, mark), "SIGKILL"),
        (lambda mark: (forked.answer_nonsense, mark), "it sent what can't be read: "),
    ],
    ids=["as it takes its task", "as it sends its answer", "in half an answer", "at work", "after a wrong answer"],
)
@pytest.mark.parametrize("count", [1, 2])
def test_a_worker_that_is_killed_holds_up_nobody_and_its_task_is_done_by_another(
    mark: Path, call: Callable[[Path], tuple[Any, ...]], died_of: str, count: int
) -> None:
    async def run(workers: LocalWorkers) -> None:
        function, *arguments = call(mark)
        others = [asyncio.create_task(workers._run(give, number)) for number in range(20)]
        odd = asyncio.create_task(workers._run(function, *arguments))
        others += [asyncio.create_task(workers._run(give, number)) for number in range(20, 40)]
        assert await asyncio.gather(*others) == list(range(40))
        assert await odd == "done"
        health = workers.health()
        assert health.deaths == 1
        assert health.last_death is not None
        assert health.last_death.startswith(died_of)

    in_time(run, count=count)


def test_a_task_that_kills_each_worker_that_takes_it_is_set_aside(mark: Path) -> None:
    async def run(workers: LocalWorkers) -> None:
        with pytest.raises(SetAsideError, match=r"^it crashed its worker \(SIGTERM\)$"):
            await workers._run(forked.end_by, signal.SIGTERM)
        assert await workers._run(give, 1) == 1

    in_time(run)


def test_workers_that_are_killed_at_random_instants_around_a_task_hold_up_nobody() -> None:
    """Each of some tasks ends its worker a little later: as it answers, waits, or has taken another task."""
    chance = random.Random(5)

    async def run(workers: LocalWorkers) -> None:
        async def calm(number: int) -> None:
            try:
                assert await workers._run(give, number) == number
            except SetAsideError:  # two workers ended as they had it
                unlucky.append(number)

        async def odd() -> None:
            delay, size = chance.uniform(1e-5, 3e-3), chance.choice([1, 1000, 3_000_000])
            with suppress(SetAsideError):  # two workers ended before they had answered
                assert len(await workers._run(forked.die_after, delay, size)) == size

        unlucky: list[int] = []
        for _ in range(4):
            tasks = [odd() if number % 5 == 0 else calm(number) for number in range(50)]
            chance.shuffle(tasks)
            await asyncio.wait_for(asyncio.gather(*tasks), 2 * SOON)
        assert len(unlucky) < 40
        assert workers.health().deaths > 10
        assert await asyncio.gather(*(workers._run(give, number) for number in range(20))) == list(range(20))

    async def with_workers() -> None:
        async with workers(2) as started:
            await run(started)

    asyncio.run(with_workers())


def test_workers_that_are_killed_as_they_start_are_replaced() -> None:
    async def run(workers: LocalWorkers) -> None:
        with killing_new_workers(6) as killed:
            while len(killed) < 6:
                with pytest.raises(SetAsideError):
                    await workers._run(forked.end_by, signal.SIGTERM)
        assert await asyncio.gather(*(workers._run(give, number) for number in range(20))) == list(range(20))

    in_time(run)


@contextmanager
def killing_new_workers(count: int) -> Iterator[Sequence[int]]:
    """Kill so many workers as soon as they are there, those of a block."""
    before, over = set(workers_of(os.getpid())), threading.Event()
    killed: list[int] = []

    def kill() -> None:
        while len(killed) < count and not over.is_set():
            for pid in set(workers_of(os.getpid())) - before - set(killed):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def test_a_worker_that_stops_has_the_time_limit_and_the_others_go_on(mark: Path) -> None:
    async def run(workers: LocalWorkers) -> None:
        stopped = asyncio.create_task(workers._run(forked.stop, mark, seconds=0.8))
        assert await asyncio.gather(*(workers._run(give, number) for number in range(20))) == list(range(20))
        with pytest.raises(SetAsideError, match=r"^it took longer than 0\.8 s$"):
            await stopped
        assert await workers._run(forked.stop, mark) == "done"
        assert workers.health().deaths == 0

    in_time(run)


def test_idle_workers_that_are_killed_cost_no_task_an_attempt(before: set[int]) -> None:
    async def run(workers: LocalWorkers) -> None:
        for _ in range(3):
            kill(set(workers_of(os.getpid())) - before)
            tasks = [workers._attempt(give, (number,), 60) for number in range(10)]
            assert await asyncio.gather(*tasks) == list(range(10))

    in_time(run)


def test_where_the_fork_server_is_killed_all_tasks_are_done_by_new_workers(before: set[int]) -> None:
    async def run(workers: LocalWorkers) -> None:
        tasks = [asyncio.create_task(workers._attempt(forked.work, (0.3,), 60)) for _ in range(6)]
        await asyncio.sleep(0.1)
        kill(set(servers_of(os.getpid())) - before)
        assert await asyncio.gather(*tasks) == ["done"] * 6

    in_time(run)


def test_a_task_that_is_cancelled_ends_its_worker_and_is_no_death() -> None:
    async def run(workers: LocalWorkers) -> None:
        tasks = [asyncio.create_task(workers._run(time.sleep, 60)) for _ in range(10)]
        await asyncio.sleep(0.2)
        for task in tasks:
            task.cancel()
        assert await asyncio.gather(*(workers._run(give, number) for number in range(9))) == list(range(9))
        assert workers.health().deaths == 0

    in_time(run)


def test_tasks_in_progress_get_some_time_at_the_end_and_then_none(before: set[int]) -> None:
    async def run() -> None:
        async with workers(2) as started:
            tasks = [asyncio.create_task(started._run(time.sleep, seconds)) for seconds in (0.3, 60)]
            await asyncio.sleep(0.1)
            begun = time.monotonic()
            await asyncio.to_thread(started.close, within=0.8)
            assert time.monotonic() - begun < SOON
            done, cancelled = await asyncio.gather(*tasks, return_exceptions=True)
            assert done is None
            assert isinstance(cancelled, asyncio.CancelledError)
        assert processes_of(os.getpid()) == before

    asyncio.run(run())


def test_workers_that_are_closed_as_they_start_end_at_once(before: set[int]) -> None:
    async def run() -> None:
        for wait in (0.0, 0.02, 0.1, 0.2, 0.3):
            closed = LocalWorkers(settings=VisionSettings(workers=2), models=Path("/nowhere"), networks=False)
            closed.warm_up()
            task = asyncio.create_task(closed.fingerprint(Path(__file__)))
            await asyncio.sleep(wait)
            begun = time.monotonic()
            await asyncio.to_thread(closed.close, within=10)
            assert time.monotonic() - begun < SOON
            await asyncio.wait([task])
        assert processes_of(os.getpid()) == before

    asyncio.run(run())


def test_a_worker_that_hangs_as_it_starts_is_ended_with_the_others(before: set[int], mark: Path) -> None:
    async def run() -> None:
        models: Any = StopsCopies(mark)
        closed = LocalWorkers(settings=VisionSettings(workers=2), models=models, networks=False)
        assert await closed._run(give, 1) == 1
        begun = time.monotonic()
        await asyncio.to_thread(closed.close, within=2 * SOON)
        assert time.monotonic() - begun < SOON

    asyncio.run(run())
    assert not mark.exists(), "no worker has stopped"
    assert processes_of(os.getpid()) == before


def test_workers_that_a_person_waits_for_do_not_run_at_the_low_priority_of_others() -> None:
    async def niceness(*, urgent: bool) -> int:
        settings = VisionSettings(workers=1)
        async with LocalWorkers(settings=settings, models=Path("/nowhere"), networks=False, urgent=urgent) as workers:
            return await workers._run(os.nice, 0)

    here = os.nice(0)
    assert asyncio.run(niceness(urgent=True)) == here
    assert asyncio.run(niceness(urgent=False)) == min(here + 10, 19)


def test_an_error_of_a_task_harms_nobody() -> None:
    async def run(workers: LocalWorkers) -> None:
        with pytest.raises(RuntimeError, match="ForeignError"):
            await workers._run(forked.raise_foreign)
        with pytest.raises(Exception, match="pickle"):
            await workers._run(forked.give_unpicklable)
        with pytest.raises(Exception, match="pickle"):
            await workers._run(give, forked.give_unpicklable())
        assert await workers._run(give, 1) == 1
        assert workers.health().deaths == 0

    in_time(run, count=1)


def test_where_the_system_has_no_room_all_tasks_are_told_once_and_it_is_tried_again_a_little_later() -> None:
    now = [0.0]
    settings = VisionSettings(workers=2)

    async def run() -> None:
        async with LocalWorkers(
            settings=settings, models=Path("/nowhere"), networks=False, clock=lambda: now[0]
        ) as workers:
            with few_files():
                tasks = (workers._run(give, number) for number in range(9))
                refused = await asyncio.gather(*tasks, return_exceptions=True)
            assert len({id(error) for error in refused}) == 1
            (error,) = set(refused)
            assert isinstance(error, WorkersError)
            assert (str(error), error.retry_in) == ("worker processes can't be started: Too many open files", 5)
            with pytest.raises(WorkersError):
                await workers._run(give, 1)
            now[0] += 5
            assert await workers._run(give, 1) == 1

    asyncio.run(run())


@contextmanager
def few_files() -> Iterator[None]:
    """Let this process open no more files in a block."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_worker_loads_nothing_that_it_does_not_need() -> None:
    heavy = {"asyncio", "importlib.metadata", "jinja2", "multiprocessing", "pydantic", "requests", "rich", "sqlite3"}
    heavy |= {"sqlite_utils", "structlog", "watchdog", "yaml"}

    async def run(workers: LocalWorkers) -> None:
        modules = set(await workers._run(forked.modules))
        assert {"numpy", "PIL.Image"} < modules
        assert modules & heavy == set()

    in_time(run)


_KILLED = """
import os, signal, sys, time
from pathlib import Path
from familiar.settings import VisionSettings
from familiar.vision.workers.local import LocalWorkers
workers = LocalWorkers(settings=VisionSettings(workers=1), models=Path(sys.argv[1]), networks=False)
workers.warm_up()
time.sleep(float(sys.argv[2]))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("seconds", [0, 0.1, 1])
def test_a_killed_process_leaves_no_warning_behind(tmp_path: Path, seconds: float) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, tmp_path, str(seconds)],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    assert (killed.returncode, killed.stderr) == (-9, "")


def test_a_program_that_uses_workers_is_not_run_a_second_time_by_them(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import asyncio, sys; from pathlib import Path\n"
        "from familiar.settings import VisionSettings; from familiar.vision.workers.local import LocalWorkers\n"
        "print('once')\n"
        "async def use():\n"
        "    chosen = VisionSettings(workers=1)\n"
        "    async with LocalWorkers(settings=chosen, models=Path('/'), networks=False) as workers:\n"
        "        print(len(await workers.fingerprint(Path(__file__))))\n"
        "asyncio.run(use())\n"
    )
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, timeout=60)
    assert (ended.stdout, ended.stderr) == ("once\n64\n", "")
