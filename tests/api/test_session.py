"""A library in a program that runs an event loop, as a notebook does."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from familiar import Library
from familiar.api.environment import find_environment
from familiar.errors import FamiliarError, UsageError
from familiar.vision.workers.pool import Workers
from support.household import Household
from support.kept_workers import KEPT


def test_a_library_works_where_an_event_loop_runs(library: Household, obama2: Path, meadow: Path) -> None:
    async def cell() -> tuple[list[str], int]:
        with Library.open(library.state, config=library.config) as opened:
            (found,) = opened.find(obama2)
            with pytest.raises(FamiliarError, match="no face found"):
                opened.find(meadow)
            return [person.name for person in found.result.people], len(opened.people.all())

    assert asyncio.run(cell()) == (["Barack Obama"], 2)


def test_a_scan_works_where_an_event_loop_runs(tmp_path: Path, meadow: Path) -> None:
    async def cell() -> int:
        with Library.open(tmp_path / "state") as opened:
            return opened.scan(meadow).done

    assert asyncio.run(cell()) == 1


def test_workers_that_run_already_are_used(household: Household, obama: Path) -> None:
    given: list[Workers] = []

    def running(**options: Any) -> Workers:
        given.append(KEPT(**options))
        return given[-1]

    environment = find_environment(
        household.whole_environment(), state=household.state, config=household.config, workers=running
    )
    with Library(environment) as opened:
        assert opened.scan(obama).done == 1
        assert len(opened.find(obama)) == 1
        (engine,) = [found for found in opened.examine() if found.subject == "engine"]
    assert engine.verdict == "good"
    assert len(given) == 3
    assert all(workers.health().running for workers in given)


def test_an_error_is_raised_and_nothing_is_printed(tmp_path: Path) -> None:
    with Library.open(tmp_path / "state") as opened:
        with pytest.raises(UsageError, match="no such folder or file"):
            opened.scan(tmp_path / "missing")
        with pytest.raises(FamiliarError, match="no store exists"):
            opened.people.all()


def test_a_path_of_a_caller_may_begin_with_the_home(
    library: Household, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with Library.open(library.state, config=library.config) as opened:
        opened.scores("Barack Obama").write_list("~/best.txt")
        with pytest.raises(UsageError, match="no such home folder"):
            opened.people.import_embeddings("Ann", "~nobody-of-this-name/ann.npy")
    assert "obama.jpg" in (tmp_path / "best.txt").read_text()
