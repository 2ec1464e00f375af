"""The daemon's loop with jobs that do nothing but note that they were run."""

import asyncio
import errno
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from familiar.errors import FamiliarError, StoreReplacedError, StoreUnavailableError, WorkersError
from familiar.jobs.job import Eager, Job, Periodic, Spare
from familiar.service.daemon import Daemon
from familiar.service.failures import Failures
from familiar.service.shutdown import Shutdown
from familiar.service.stop_request import StopRequest
from familiar.service.systemd import Notifier
from familiar.service.wake import Wake
from support.log import CheckedLog


@dataclass(slots=True)
class Noted:
    """A job that notes what is asked of it, and raises what it was given, once."""

    name: str
    notes: list[str]
    turns: int = 1
    error: Exception | None = None
    on_advance: Callable[[], None] = lambda: None

    async def advance(self, _now: float) -> None:
        self.notes.append(f"{self.name} goes on")
        self.turns -= 1
        self.on_advance()
        error, self.error = self.error, None
        if error is not None:
            raise error

    @property
    def is_idle(self) -> bool:
        return self.turns <= 0

    async def close(self) -> None:
        self.notes.append(f"{self.name} ends")


class Window(Noted):
    """A job that has files in progress."""

    count = 3


@dataclass(slots=True)
class Beginning:
    """Notes that the daemon began, and that it opened its sources."""

    notes: list[str]
    wake: Wake
    error: Exception | None = None

    async def begin(self) -> None:
        self.wake.attach()
        self.notes.append("begin")
        if self.error is not None:
            raise self.error

    def open(self) -> None:
        self.notes.append("open")


class Beating:
    """A heartbeat that notes that it begins and ends."""

    is_ready = False

    def __init__(self, notes: list[str]) -> None:
        self.notes = notes

    def start(self) -> None:
        self.notes.append("beats")

    async def close(self) -> None:
        self.notes.append("beats no more")


class NoWorkers:
    def close(self, within: float) -> None:
        pass


class NoSignals:
    async def close(self) -> None:
        pass


@dataclass(slots=True)
class Bench:
    """A daemon of given jobs."""

    notes: list[str] = field(default_factory=list)
    log: CheckedLog = field(default_factory=CheckedLog)
    wake: Wake = field(default_factory=lambda: Wake(longest=0.01))
    beginning_error: Exception | None = None
    pause: float = 10.0
    longest: float = float("inf")
    stop: StopRequest = field(init=False)

    def __post_init__(self) -> None:
        self.stop = StopRequest(log=self.log, notifier=Notifier({}), wake=self.wake)

    def job(self, name: str, **options: Any) -> Noted:
        return Noted(name, self.notes, **options)

    def run(self, jobs: Sequence[Job], *, until_idle: bool = True) -> bool:
        window = Window("window", self.notes)
        daemon = Daemon(
            startup=cast("Any", Beginning(self.notes, self.wake, self.beginning_error)),
            jobs=(*jobs, window),
            shutdown=Shutdown(
                jobs=(*jobs, window),
                window=cast("Any", window),
                workers=cast("Any", NoWorkers()),
                signals=cast("Any", NoSignals()),
                stop=self.stop,
                log=self.log,
                clock=time.monotonic,
            ),
            stop=self.stop,
            wake=self.wake,
            failures=Failures(
                stop=self.stop,
                rescan=lambda: self.notes.append("rescan"),
                notifier=Notifier({}),
                log=self.log,
                clock=time.monotonic,
                longest=self.longest,
                pause=self.pause,
            ),
            heartbeat=cast("Any", Beating(self.notes)),
            clock=time.monotonic,
        )
        return asyncio.run(asyncio.wait_for(daemon.run(until_idle=until_idle), 20))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_jobs_go_on_in_their_order_and_end_in_the_reverse_with_the_files_first(bench: Bench) -> None:
    assert bench.run([bench.job("a"), bench.job("b")]) is False
    ends = ["window ends", "window ends", "b ends", "a ends"]
    turn = ["a goes on", "b goes on", "window goes on"]
    assert bench.notes == ["beats", "begin", "open", *turn, *ends, "beats no more"]
    assert bench.log.of("service.stopped")[0]["given_back"] == 3


def test_workers_that_can_not_be_started_are_told_once_and_end_a_daemon_that_is_to_end(bench: Bench) -> None:
    refusal, tries, bench.pause = WorkersError("no network", 60), 0, 0.01

    def refuse() -> None:
        nonlocal tries
        tries += 1
        if tries == 3:
            bench.stop.stop("SIGTERM")
        raise refusal

    bench.run([bench.job("a", on_advance=refuse), bench.job("b")], until_idle=False)
    assert bench.notes.count("b goes on") == 2
    assert bench.log.of("workers.refused") == [{"error": str(refusal), "retry_in": 60}]
    with pytest.raises(WorkersError, match="no network"):
        Bench().run([bench.job("a", on_advance=refuse), bench.job("b")])
    assert bench.notes.count("b goes on") == 3


def test_a_daemon_without_workers_for_too_long_ends_with_the_error(bench: Bench) -> None:
    bench.pause, bench.longest = 0.01, 0.1

    def refuse() -> None:
        raise WorkersError("no network", 60)

    with pytest.raises(WorkersError, match="no network"):
        bench.run([bench.job("a", on_advance=refuse)], until_idle=False)


def test_a_daemon_waits_for_other_machines_as_long_as_it_takes(bench: Bench) -> None:
    begun, bench.pause, bench.longest = time.monotonic(), 0.01, 0.1

    def refuse() -> None:
        if time.monotonic() > begun + 3 * bench.longest:
            bench.stop.stop("SIGTERM")
        raise WorkersError("no answer", 10, lasts=True)

    bench.run([bench.job("a", on_advance=refuse)], until_idle=False)
    assert time.monotonic() > begun + 3 * bench.longest


def test_it_ends_when_all_jobs_are_idle_and_not_before(bench: Bench) -> None:
    bench.run([bench.job("a"), bench.job("b", turns=3)])
    assert bench.notes.count("a goes on") == 3


def test_a_stop_lets_no_further_job_go_on(bench: Bench) -> None:
    bench.run([bench.job("a", on_advance=lambda: bench.stop.stop("SIGTERM")), bench.job("b")], until_idle=False)
    assert "b goes on" not in bench.notes
    assert bench.log.of("service.stopping") == [{"reason": "SIGTERM"}]


def test_a_daemon_that_is_stopped_while_it_starts_opens_no_source(bench: Bench) -> None:
    bench.stop.stop("SIGTERM")
    bench.run([bench.job("a")], until_idle=False)
    assert bench.notes == ["beats", "begin", "window ends", "window ends", "a ends", "beats no more"]
    assert bench.log.of("service.stopped")


def test_a_daemon_that_is_to_begin_again_says_so(bench: Bench) -> None:
    assert bench.run([bench.job("a", on_advance=bench.stop.begin_again)], until_idle=False) is True


def test_a_stop_ends_a_daemon_that_is_to_begin_again_and_nothing_revives_it(bench: Bench) -> None:
    def end() -> None:
        bench.stop.begin_again()
        bench.stop.stop("SIGTERM")
        bench.stop.begin_again()

    assert bench.run([bench.job("a", on_advance=end)], until_idle=False) is False
    assert bench.log.of("service.stopping") == [{"reason": "SIGTERM"}]
    assert bench.log.of("service.stopped")


def test_a_store_that_fails_is_waited_for_and_all_folders_are_compared_after_it(bench: Bench) -> None:
    def stop_soon() -> None:
        asyncio.get_running_loop().call_later(0.05, bench.stop.stop, "enough")

    error = StoreUnavailableError("disk full")
    bench.run([bench.job("a", error=error, on_advance=stop_soon), bench.job("b")], until_idle=False)
    assert bench.log.of("store.failed") == [{"error": "disk full", "retry_in": 10.0}]
    assert bench.notes[1:5] == ["begin", "open", "a goes on", "rescan"]


def test_a_system_that_fails_is_waited_for(bench: Bench) -> None:
    def stop_soon() -> None:
        asyncio.get_running_loop().call_later(0.05, bench.stop.stop, "enough")

    error = OSError(errno.EMFILE, "Too many open files")
    bench.run([bench.job("a", error=error, on_advance=stop_soon), bench.job("b")], until_idle=False)
    (failed,) = bench.log.of("service.failed")
    assert (failed["error"], failed["retry_in"]) == ("[Errno 24] Too many open files", 10.0)
    assert bench.notes[1:5] == ["begin", "open", "a goes on", "rescan"]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (StoreUnavailableError("disk full"), "disk full"),
        (
            OSError(errno.EMFILE, "Too many open files"),
            r"a call of the system failed: \[Errno 24\] Too many",
        ),
    ],
)
def test_what_fails_for_too_long_ends_a_scan(bench: Bench, kind: Exception, message: str) -> None:
    def fail() -> None:
        raise kind

    bench.longest = 0.05
    with pytest.raises(FamiliarError, match=message):
        bench.run([bench.job("a", on_advance=fail)])


def test_failures_that_pass_are_each_waited_for_as_long(bench: Bench) -> None:
    failing = iter([True, False, True, False, False])

    def fail() -> None:
        if next(failing):
            time.sleep(0.06)
            raise StoreUnavailableError("disk full")

    bench.longest = 0.05
    bench.run([bench.job("a", on_advance=fail, turns=5)])
    assert len(bench.log.of("store.failed")) == 2


@pytest.mark.parametrize("is_beginning", [False, True])
def test_a_store_that_was_lost_is_told_of_and_ends_everything(bench: Bench, *, is_beginning: bool) -> None:
    error = StoreReplacedError(Path("/state/familiar.db"), "was deleted")
    bench.beginning_error = error if is_beginning else None
    with pytest.raises(StoreReplacedError):
        bench.run([bench.job("a", error=error)])
    assert bench.log.of("store.replaced") == [{"path": Path("/state/familiar.db"), "reason": "was deleted"}]
    assert ("a ends" in bench.notes) == (not is_beginning)


def test_an_error_of_a_job_ends_all_others_properly(bench: Bench) -> None:
    with pytest.raises(ZeroDivisionError):
        bench.run([bench.job("a"), bench.job("b", error=ZeroDivisionError())])
    assert bench.notes[-5:] == ["window ends", "window ends", "b ends", "a ends", "beats no more"]


def test_a_periodic_call_is_made_when_its_time_has_come() -> None:
    called: list[None] = []
    job = Periodic(lambda: called.append(None), every=5.0)
    for now in (0.0, 4.9, 5.0, 6.0):
        asyncio.run(job.advance(now))
    assert len(called) == 2
    assert job.is_idle


def test_a_spare_job_goes_on_only_while_there_is_time_and_is_waited_for_by_nobody() -> None:
    notes: list[str] = []
    has_time = False
    job = Spare(Noted("spare", notes), when=lambda: has_time)
    asyncio.run(job.advance(0.0))
    assert notes == []
    assert job.is_idle
    has_time = True
    asyncio.run(job.advance(0.0))
    asyncio.run(job.close())
    assert notes == ["spare goes on", "spare ends"]


def test_an_eager_job_asks_for_the_next_turn_while_it_has_more_to_do_and_can() -> None:
    asked: list[None] = []
    can = False
    job = Eager(Noted("writer", [], turns=3), when=lambda: can, on_more=lambda: asked.append(None))
    asyncio.run(job.advance(0.0))
    assert asked == []
    can = True
    asyncio.run(job.advance(0.0))
    asyncio.run(job.advance(0.0))
    assert (len(asked), job.is_idle) == (1, True)


def test_the_loop_sleeps_no_longer_than_until_the_earliest_time_that_a_job_gave() -> None:
    async def sleep() -> float:
        wake, begun = Wake(longest=30.0), time.monotonic()
        wake.attach()
        for due in (20.0, 0.05, None, 10.0):
            wake.at(due)
        await wake.sleep(0.0)
        return time.monotonic() - begun

    assert asyncio.run(sleep()) < 5


def test_a_thread_wakes_the_loop_and_harms_nothing_after_its_end() -> None:
    wake = Wake(longest=30.0)

    async def sleep() -> None:
        wake.attach()
        await asyncio.to_thread(wake.from_thread)
        await wake.sleep(0.0)

    begun = time.monotonic()
    asyncio.run(sleep())
    assert time.monotonic() - begun < 10
    wake.from_thread()
