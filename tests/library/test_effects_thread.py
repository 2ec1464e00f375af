"""Work on files beside the event loop, and the store in the thread that owns it."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from familiar.effects.disks import Disks
from familiar.library.companions import CompanionRules
from familiar.library.effects_thread import EffectsThread, Owned
from familiar.library.operations import OperationRunner
from familiar.model import Move
from familiar.settings import Settings
from familiar.vision.workers.pool import Workers
from support.log import CheckedLog
from support.mounts import mounted
from support.studio import Studio
from support.workbench import Workbench

LARGE = 192 << 20


class Ledger:
    """Notes in which thread it was written."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def write(self) -> int:
        self.threads.append(threading.get_ident())
        return len(self.threads)

    def lines(self) -> Iterator[int]:
        for number in range(2):
            self.threads.append(threading.get_ident())
            yield number


def test_the_loop_goes_on_while_work_does_and_owned_objects_are_called_in_its_thread() -> None:
    thread, ledger = EffectsThread(), Ledger()
    owned, proceed = Owned(ledger, thread), threading.Event()

    def work() -> tuple[int, int, list[int]]:
        assert proceed.wait(10)
        return threading.get_ident(), owned.write(), owned.lines()

    async def run() -> tuple[int, int, list[int]]:
        asyncio.get_running_loop().call_later(0.05, proceed.set)
        return await thread.run(work, on_tick=lambda _: None)

    own, written, lines = asyncio.run(run())
    assert (written, lines) == (1, [0, 1])
    assert set(ledger.threads) == {threading.get_ident()}
    assert own != threading.get_ident()


def test_an_error_of_an_owned_object_is_raised_in_the_work_and_then_by_the_work() -> None:
    thread = EffectsThread()
    owned = Owned([], thread)
    with pytest.raises(IndexError):
        asyncio.run(thread.run(owned.pop, on_tick=lambda _: None))


def test_work_of_a_cancelled_task_ends_at_its_next_pulse_and_is_waited_for() -> None:
    thread, ended = EffectsThread(), threading.Event()

    def work() -> None:
        try:
            while True:
                thread.pulse()
                time.sleep(0.01)
        finally:
            ended.set()

    async def run() -> None:
        task = asyncio.create_task(thread.run(work, on_tick=lambda _: None))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()

    asyncio.run(run())


def test_what_was_done_when_its_task_is_cancelled_is_told_before_the_task_ends() -> None:
    thread, told = EffectsThread(), list[bool]()

    async def act() -> None:
        told.append(await thread.run(lambda: threading.Event().wait(0.2), on_tick=lambda _: None))
        await asyncio.sleep(10)

    async def run() -> None:
        task = asyncio.create_task(act())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert told == [False]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    made = Workbench.at(tmp_path)
    yield made
    made.close()


def runner_of(bench: Workbench, log: CheckedLog) -> OperationRunner:
    return OperationRunner(
        store=bench.store,
        workers=cast("Workers", Studio()),
        disks=Disks(bench.store.places),
        log=log,
        companions=CompanionRules.of(Settings()),
        tell_every=0.02,
    )


def large_photo(bench: Workbench) -> Path:
    photo = bench.photo("in/film.mp4")
    with photo.open("wb") as file:
        file.truncate(LARGE)
    return photo


def is_copied_in_part(folder: Path) -> bool:
    return any(path.stat().st_size for path in folder.iterdir())


def test_a_long_move_to_another_disk_is_interrupted_loses_nothing_and_begins_anew(bench: Workbench) -> None:
    photo, out, log = large_photo(bench), bench.base / "out", CheckedLog()
    with mounted(out, "size=256m"):
        plan_id = bench.plan(photo, Move(target=out / "film.mp4", rule="r"))

        async def begin_and_end() -> float:
            task = asyncio.create_task(runner_of(bench, log).perform(plan_id, {}))
            while not is_copied_in_part(out):  # noqa: ASYNC110 - the disk tells nobody
                await asyncio.sleep(0.001)
            started = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return time.monotonic() - started

        assert asyncio.run(begin_and_end()) < 2
        assert [path.name for path in out.iterdir()] == []
        assert photo.stat().st_size == LARGE
        assert [step.state for step in bench.store.journal.steps(plan_id)] == ["doing"]
        asyncio.run(runner_of(bench, log).begin())
        assert [path.name for path in out.iterdir()] == ["film.mp4"]
        assert not photo.exists()
    assert [name for name, _ in log.events if name != "operation.running"] == ["operation.done"]


def test_the_loop_turns_while_a_large_file_is_copied(bench: Workbench) -> None:
    photo, out, log, turns = large_photo(bench), bench.base / "out", CheckedLog(), 0
    with mounted(out, "size=256m"):
        plan_id = bench.plan(photo, Move(target=out / "film.mp4", rule="r"))

        async def count() -> float:
            nonlocal turns
            task = asyncio.create_task(runner_of(bench, log).perform(plan_id, {}))
            longest, last = 0.0, time.monotonic()
            while not task.done():
                await asyncio.sleep(0.005)
                longest, last, turns = max(longest, time.monotonic() - last), time.monotonic(), turns + 1
            await task
            return longest

        assert asyncio.run(count()) < 0.5
        assert turns > 10
    told = [fields["bytes"] for fields in log.of("operation.running")]
    assert told == sorted(told)
    assert 0 < told[-1] <= 2 * LARGE
