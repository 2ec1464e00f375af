"""Files are handled side by side, and done in the order in which they were found."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from familiar.errors import StoreUnavailableError
from familiar.service.backlog import Backlog
from familiar.service.wake import Wake
from familiar.service.window import AT_ONCE, WIDTH, FileWindow
from familiar.settings.backlog import BacklogSettings
from familiar.store.files import FileRow
from support.arrivals import ArrivalBench, hash_of


@dataclass(slots=True)
class Handlers:
    """Handles files by waiting for their turn; some fail."""

    bench: ArrivalBench
    errors: dict[str, Exception] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    held: dict[str, asyncio.Event] = field(default_factory=dict)

    async def handle(self, file: FileRow, turn: asyncio.Event) -> None:
        self.begun.append(file.path.name)
        if file.path.name in self.errors:
            raise self.errors[file.path.name]
        await asyncio.sleep(0.02 if file.path.name == "0.jpg" else 0)  # the first one is the slowest
        if file.path.name in self.held:
            await self.held[file.path.name].wait()
        await turn.wait()
        self.done.append(file.path.name)
        self.bench.store.files.mark_done(file.id, self.bench.store.photos.set_aside(hash_of(file.path), "damaged"))


@dataclass(slots=True)
class Slots:
    slots: int = 2
    count: int = 1
    warm: int = 0

    def warm_up(self) -> None:
        self.warm += 1


def window_of(
    bench: ArrivalBench, handlers: Handlers, workers: Slots | None = None, backlog: Backlog | None = None
) -> FileWindow:
    root = bench.store.roots.know(bench.base / "in")
    return FileWindow(
        store=bench.store,
        handler=cast("Any", handlers),
        workers=cast("Any", workers or Slots()),
        roots=lambda: [root.id],
        wake=Wake(longest=0.01),
        log=bench.log,
        backlog=backlog,
    )


def put(bench: ArrivalBench, count: int) -> None:
    for number in range(count):
        bench.arrival(f"{number}.jpg", bytes([number]))


async def advance_until_idle(window: FileWindow) -> None:
    for _ in range(200):
        await window.advance(0.0)
        if window.is_idle:
            return
        await asyncio.sleep(0.005)
    raise AssertionError(window.count)


async def until_done(handlers: Handlers, count: int) -> None:
    for _ in range(400):
        if len(handlers.done) >= count:
            return
        await asyncio.sleep(0.005)
    raise AssertionError(handlers.done)


def test_files_are_done_in_the_order_in_which_they_were_found_however_slow_the_first_is(bench: ArrivalBench) -> None:
    handlers = Handlers(bench)
    put(bench, 5)
    asyncio.run(advance_until_idle(window_of(bench, handlers)))
    assert handlers.done == [f"{number}.jpg" for number in range(5)]


def test_no_more_files_are_under_way_than_the_window_is_wide(bench: ArrivalBench) -> None:
    handlers = Handlers(bench)
    put(bench, WIDTH + 6)

    async def run() -> int:
        window = window_of(bench, handlers)
        await window.advance(0.0)
        most = window.count
        await advance_until_idle(window)
        return most

    assert asyncio.run(run()) == WIDTH
    assert len(handlers.done) == WIDTH + 6


def test_a_store_that_fails_is_told_to_the_loop_and_the_files_behind_have_their_turn(bench: ArrivalBench) -> None:
    handlers = Handlers(bench, errors={"0.jpg": StoreUnavailableError("disk full")})
    put(bench, 3)

    async def run() -> None:
        window = window_of(bench, handlers)
        await window.advance(0.0)
        await asyncio.sleep(0.05)
        assert not window.is_idle
        with pytest.raises(StoreUnavailableError, match="disk full"):
            await window.advance(0.0)
        handlers.errors.clear()
        await advance_until_idle(window)

    asyncio.run(run())
    assert handlers.done == ["1.jpg", "2.jpg", "0.jpg"]


def test_what_can_not_even_be_written_down_stops_no_other_file(bench: ArrivalBench) -> None:
    handlers = Handlers(bench, errors={"0.jpg": ZeroDivisionError("odd")})
    put(bench, 2)

    async def run() -> None:
        window = window_of(bench, handlers)
        await window.advance(0.0)
        await asyncio.sleep(0.05)
        await window.advance(0.0)
        await asyncio.sleep(0.05)
        assert handlers.done == ["1.jpg"]
        handlers.errors.clear()
        await window.advance(60.0)
        await advance_until_idle(window)

    asyncio.run(run())
    assert [event["error"] for event in bench.log.of("photo.error")] == ["ZeroDivisionError('odd')"]
    assert handlers.done == ["1.jpg", "0.jpg"]


def test_files_under_way_are_given_back_at_the_end(bench: ArrivalBench) -> None:
    handlers = Handlers(bench)
    put(bench, 3)

    async def run() -> None:
        window = window_of(bench, handlers)
        await window.advance(0.0)
        assert window.count == 3
        await window.close()

    asyncio.run(run())
    assert handlers.done == []
    assert bench.store.files.counts() == {"pending": 3}


def test_workers_start_ahead_of_a_file_that_settles_soon(bench: ArrivalBench) -> None:
    workers = Slots()
    row = bench.arrival("a.jpg").file
    bench.store.files.wait(row.id, size=row.size, mtime_ns=row.mtime_ns, due=10.0)
    window = window_of(bench, Handlers(bench), workers)
    asyncio.run(window.advance(5.0))
    assert workers.warm == 0
    asyncio.run(window.advance(8.0))
    assert workers.warm == 1


def test_a_backlog_that_waits_holds_up_no_photo_that_has_arrived(bench: ArrivalBench) -> None:
    handlers, load = Handlers(bench), [9.0]
    put(bench, 3)
    bench.store._db.conn.execute("UPDATE files SET in_backlog = name != CAST('2.jpg' AS BLOB)")
    backlog = Backlog(settings=BacklogSettings(max_load=1), log=bench.log, load=lambda: load[0])
    window = window_of(bench, handlers, backlog=backlog)

    async def run(now: float) -> str | None:
        for _ in range(20):
            await window.advance(now)
            await asyncio.sleep(0.005)
        return window.waits_because

    assert asyncio.run(run(0.0)) == "the load by other programs is 9.0, above 1"
    assert handlers.done == ["2.jpg"]
    load[0] = 0.0
    assert asyncio.run(run(30.0)) is None
    assert handlers.done == ["2.jpg", "0.jpg", "1.jpg"]


def test_what_arrives_does_not_wait_for_the_turn_of_the_backlog(bench: ArrivalBench) -> None:
    handlers = Handlers(bench)
    put(bench, 2)
    bench.store._db.conn.execute("UPDATE files SET in_backlog = 1")

    async def run() -> None:
        window = window_of(bench, handlers)
        await window.advance(0.0)
        bench.arrival("new.jpg", b"new")
        await advance_until_idle(window)

    asyncio.run(run())
    assert handlers.begun == ["0.jpg", "1.jpg", "new.jpg"]
    assert handlers.done == ["new.jpg", "0.jpg", "1.jpg"]


def test_a_window_that_is_full_of_the_backlog_has_room_for_what_arrives(bench: ArrivalBench) -> None:
    handlers = Handlers(bench)
    put(bench, WIDTH + 3)
    bench.store._db.conn.execute("UPDATE files SET in_backlog = 1")

    async def run() -> None:
        window = window_of(bench, handlers)
        await window.advance(0.0)
        assert window.count == WIDTH
        bench.arrival("new.jpg", b"new")
        await window.advance(0.0)
        assert window.count == WIDTH + 1
        await asyncio.sleep(0)
        await window.close()

    asyncio.run(run())
    assert handlers.begun[-1] == "new.jpg"


def test_more_files_of_the_backlog_begin_some_at_a_time(bench: ArrivalBench) -> None:
    put(bench, WIDTH + 40)
    bench.store._db.conn.execute("UPDATE files SET in_backlog = 1")

    async def run() -> None:
        handlers = Handlers(bench, held={f"{number}.jpg": asyncio.Event() for number in (AT_ONCE - 1, AT_ONCE)})
        window = window_of(bench, handlers)
        for last in (AT_ONCE - 1, AT_ONCE):
            await window.advance(0.0)
            await until_done(handlers, last)
            begun = len(handlers.begun)
            await window.advance(0.0)
            await asyncio.sleep(0.01)
            assert len(handlers.begun) - begun == (0 if last < AT_ONCE else AT_ONCE)
            handlers.held[f"{last}.jpg"].set()
        await window.close()

    asyncio.run(run())


def test_workers_that_could_handle_all_files_of_the_window_wait_for_none(bench: ArrivalBench) -> None:
    put(bench, WIDTH + 40)
    bench.store._db.conn.execute("UPDATE files SET in_backlog = 1")

    async def run() -> None:
        handlers = Handlers(bench, held={"1.jpg": asyncio.Event()})
        window = window_of(bench, handlers, Slots(slots=WIDTH))
        await window.advance(0.0)
        await until_done(handlers, 1)
        await window.advance(0.0)
        await asyncio.sleep(0)
        assert len(handlers.begun) == WIDTH + 1
        await window.close()

    asyncio.run(run())
