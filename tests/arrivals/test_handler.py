"""One photo must not stop the others, whatever goes wrong with it."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from familiar.arrivals.arrival import Arrival, Stage
from familiar.arrivals.handler import Handler
from familiar.arrivals.latencies import Latencies
from familiar.errors import ChangedError, GoneError, IncompleteError, RetryError, StoreUnavailableError
from familiar.store.files import FileRow
from support.arrivals import ArrivalBench


def handler_of(bench: ArrivalBench, stages: Sequence[Stage], latencies: Latencies | None = None) -> Handler:
    return Handler(
        stages=stages,
        sources=bench.sources,
        retries=bench.retries,
        latencies=latencies or Latencies(time.monotonic),
        log=bench.log,
    )


def handled(bench: ArrivalBench, error: Exception, *, row: FileRow | None = None) -> FileRow:
    """Handle a file whose first stage raises an error; return what is known of it then."""
    file = bench.arrival("a.jpg").file if row is None else row

    async def fail(arrival: Arrival) -> Arrival:
        raise error

    async def never(arrival: Arrival) -> Arrival:
        raise AssertionError("no stage follows one that failed")

    handler = handler_of(bench, (fail, never))
    asyncio.run(handler.handle(file, asyncio.Event()))
    return bench.row(file.path)


def test_a_file_passes_the_stages_in_their_order_until_one_ends_its_way(bench: ArrivalBench) -> None:
    passed: list[str] = []

    async def first(arrival: Arrival) -> Arrival:
        passed.append(f"first {arrival.path.name}")
        return arrival

    async def last(arrival: Arrival) -> None:
        passed.append("last")

    async def never(arrival: Arrival) -> Arrival:
        raise AssertionError("its way has ended")

    handler = handler_of(bench, (first, last, never))
    asyncio.run(handler.handle(bench.arrival("a.jpg").file, asyncio.Event()))
    assert passed == ["first a.jpg", "last"]


def test_an_error_that_nobody_expected_is_logged_and_the_photo_is_tried_again(bench: ArrivalBench) -> None:
    file = handled(bench, ZeroDivisionError("odd"))
    assert bench.events() == ["photo.error", "file.failed"]
    assert bench.log.events[-1][1]["reason"].startswith("unexpected error: ZeroDivisionError(")
    assert bench.log.events[-1][1]["retry_in"] == 60
    assert (file.state, file.attempts, bench.tally.failed) == ("failed", 1, 1)


def test_a_file_that_changed_since_it_had_settled_settles_again(bench: ArrivalBench) -> None:
    file = handled(bench, ChangedError("changed"))
    assert (file.state, file.size, file.due) == ("settling", -1, bench.now)
    assert bench.events() == []


def test_a_passing_failure_is_tried_again_after_longer_and_longer_times(bench: ArrivalBench) -> None:
    file = handled(bench, RetryError("busy"))
    assert (file.state, file.due) == ("failed", bench.now + 60)
    file = handled(bench, RetryError("busy"), row=file)
    assert (file.attempts, file.due) == (2, bench.now + 120)


def test_a_file_that_may_still_get_its_missing_part_is_tried_again_when_it_says_so(bench: ArrivalBench) -> None:
    file = handled(bench, IncompleteError("37% of it is missing", 1234.0))
    assert (file.state, file.due) == ("failed", bench.now + 1234)
    assert bench.log.of("file.failed")[0]["reason"] == "37% of it is missing"


def test_a_failure_with_a_file_name_that_is_not_text_is_recorded(bench: ArrivalBench) -> None:
    file = handled(bench, RetryError("\udcff.jpg: Input/output error"))
    assert file.state == "failed"
    assert bench.store.files.failures() == [(file.path, "\\udcff.jpg: Input/output error")]


def test_a_file_that_is_gone_is_marked_so(bench: ArrivalBench) -> None:
    arrival = bench.arrival("a.jpg")
    arrival.path.unlink()
    assert handled(bench, GoneError("gone"), row=arrival.file).state == "gone"
    assert bench.tally.failed == 0


def test_a_file_on_a_disk_that_is_away_is_not_gone_and_is_tried_again(bench: ArrivalBench) -> None:
    arrival = bench.arrival("a.jpg")
    arrival.path.unlink()
    bench.folder.is_away = True
    assert handled(bench, GoneError("gone"), row=arrival.file).state == "failed"
    assert bench.log.of("file.failed")[0]["reason"] == "unavailable"


def test_a_failing_store_leaves_the_photo_pending(bench: ArrivalBench) -> None:
    with pytest.raises(StoreUnavailableError, match="disk full"):
        handled(bench, StoreUnavailableError("disk full"))
    assert bench.row(bench.base / "in" / "a.jpg").state == "pending"
    assert bench.events() == []
