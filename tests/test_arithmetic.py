"""Work that is shared out to threads: the results are those of one thread, in order."""

import os
import threading
from collections.abc import Callable, Iterator

import pytest

from familiar.arithmetic import in_threads


@pytest.fixture(autouse=True)
def _three_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2})


@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_the_results_come_in_the_order_of_the_parts(count: int) -> None:
    assert list(in_threads(lambda part: part * part, range(count))) == [part * part for part in range(count)]


def test_as_many_parts_are_worked_on_at_once_as_there_are_processors() -> None:
    together = threading.Barrier(3, timeout=30)
    assert len(list(in_threads(lambda _: together.wait(), range(6)))) == 6


@pytest.mark.parametrize(("parts", "processors"), [(1, 3), (5, 1)])
def test_one_part_and_one_processor_take_no_thread(
    monkeypatch: pytest.MonkeyPatch, parts: int, processors: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(processors)))
    found = list(in_threads(lambda _: threading.get_ident(), range(parts)))
    assert set(found) == {threading.get_ident()}


def test_parts_are_taken_in_the_callers_thread_and_few_before_their_results_are() -> None:
    taken: list[int] = []

    def parts() -> Iterator[int]:
        for part in range(1000):
            taken.append(threading.get_ident())
            yield part

    results = in_threads(lambda part: part, parts())
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert len(taken) < 30
    assert set(taken) == {threading.get_ident()}
    results.close()  # type: ignore[attr-defined]


def _stop(results: Iterator[int]) -> None:
    next(results)
    results.close()  # type: ignore[attr-defined]


def _use_all(results: Iterator[int]) -> None:
    with pytest.raises(ValueError, match="the eleventh part"):
        list(results)


@pytest.mark.parametrize("use", [_stop, _use_all])
def test_nothing_more_is_begun_and_no_thread_is_left_after_an_error_or_when_results_are_not_wanted_any_more(
    use: Callable[[Iterator[int]], None],
) -> None:
    before = threading.active_count()
    begun: list[int] = []

    def work(part: int) -> int:
        begun.append(part)
        if part == 10:
            raise ValueError("the eleventh part")
        return part

    use(in_threads(work, range(1000)))
    assert len(begun) < 40
    assert threading.active_count() == before
