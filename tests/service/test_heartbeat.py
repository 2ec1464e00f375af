"""The heartbeat of a daemon whose loop is held by one call."""

import asyncio
import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pytest

from familiar.arrivals.latencies import Latencies
from familiar.service.failures import Failures
from familiar.service.heartbeat import Heartbeat
from familiar.service.stop_request import StopRequest
from familiar.service.systemd import Notifier
from familiar.service.totals import ProcessCounts
from familiar.service.wake import Wake
from support.log import CheckedLog


@dataclass
class Bench:
    """A heartbeat on a clock that a test turns; its loop is held as long as the test holds it."""

    store: Path
    now: float = 0.0
    log: CheckedLog = field(default_factory=CheckedLog)
    beaten: threading.Event = field(default_factory=threading.Event)

    def emit(self, name: str, /, **fields: Any) -> None:
        self.log.emit(name, **fields)
        self.beaten.set()

    def beat_after(self, seconds: float) -> dict[str, Any]:
        """Return the heartbeat that comes once so many seconds have passed in one call."""
        self.beaten.clear()
        self.now += seconds
        assert self.beaten.wait(10)
        return self.log.of("service.heartbeat")[-1]

    @cached_property
    def notifier(self) -> Notifier:
        return Notifier({}, clock=lambda: self.now)

    def made(self) -> Heartbeat:
        wake, notifier = Wake(longest=1), self.notifier
        stop = StopRequest(log=self, notifier=notifier, wake=wake)
        return Heartbeat(
            every=0.05,
            counts=ProcessCounts(),
            store=cast("Any", self),
            intake=cast("Any", None),
            window=cast("Any", None),
            latencies=Latencies(lambda: self.now),
            stop=stop,
            failures=Failures(
                stop=stop, rescan=lambda: None, notifier=notifier, log=self, clock=lambda: self.now, longest=1000
            ),
            notifier=notifier,
            log=self,
            remote=lambda: None,
            clock=lambda: self.now,
            flickr_trouble=lambda: None,
            on_beat=lambda: None,
        )

    @property
    def path(self) -> Path:
        return self.store


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(store=tmp_path / "familiar.db")


def test_a_call_that_holds_the_loop_for_long_is_told_as_a_failure(bench: Bench) -> None:
    async def hold() -> tuple[dict[str, Any], dict[str, Any]]:
        heartbeat = bench.made()
        heartbeat.is_ready = True
        heartbeat.start()
        first = bench.beat_after(9)
        second = bench.beat_after(7)
        await heartbeat.close()
        return first, second

    first, second = asyncio.run(hold())
    assert (first["state"], first["reason"], first["pending"], first["roots"]) == ("working", None, None, [])
    reason = "one call has lasted for 16 s: is the store locked, or a disk hanging?"
    assert (second["state"], second["reason"]) == ("failing", reason)


def test_a_call_that_holds_the_loop_and_makes_progress_is_no_failure(bench: Bench) -> None:
    async def hold() -> list[dict[str, Any]]:
        heartbeat = bench.made()
        heartbeat.is_ready = True
        heartbeat.start()
        found = []
        for _ in range(3):
            bench.notifier.ping()
            found.append(bench.beat_after(9))
        found.append(bench.beat_after(9))
        await heartbeat.close()
        return found

    *going_on, stuck = asyncio.run(hold())
    assert {beat["state"] for beat in going_on} == {"working"}
    assert (stuck["state"], stuck["reason"].partition(":")[0]) == ("failing", "one call has lasted for 18 s")
