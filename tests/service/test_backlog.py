"""When photos that were there before the daemon are handled."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from familiar.service.backlog import Backlog, runs_on_battery
from familiar.settings.backlog import BacklogSettings
from support.log import CheckedLog

NOON = datetime(2026, 5, 1, 12)


def backlog(tmp_path: Path, log: CheckedLog | None = None, **options: Any) -> Backlog:
    settings = {name: options.pop(name) for name in BacklogSettings.model_fields if name in options}
    return Backlog(
        settings=BacklogSettings(**settings),
        log=log or CheckedLog(),
        **{"now": lambda: NOON, "load": lambda: 0.0, "supplies": tmp_path, **options},
    )


def supply(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text + "\n")


@pytest.mark.parametrize(
    ("hours", "hour", "waits"),
    [
        ("09:00-17:00", 8, True),
        ("09:00-17:00", 9, False),
        ("09:00-17:00", 17, True),
        ("22:00-07:00", 23, False),
        ("22:00-07:00", 6, False),
        ("22:00-07:00", 7, True),
    ],
)
def test_the_backlog_waits_for_its_hours_also_over_midnight(tmp_path: Path, hours: str, hour: int, waits: bool) -> None:
    found = backlog(tmp_path, hours=hours, now=lambda: NOON.replace(hour=hour))
    assert (found.check(0.0, busy=0) is not None) == waits
    assert found.reason == (f"it is handled at {hours}" if waits else None)


@pytest.mark.parametrize("hours", ["22-7", "24:00-07:00", "22:00", "22:00-07:60", ""])
def test_other_hours_are_refused(hours: str) -> None:
    with pytest.raises(ValueError, match=r"should be two times of the day, such as 22:00-07:00"):
        BacklogSettings(hours=hours)


def test_the_backlog_waits_while_the_machine_runs_on_its_battery_unless_that_is_allowed(tmp_path: Path) -> None:
    supply(tmp_path / "BAT0", type="Battery", status="Discharging")
    found = backlog(tmp_path)
    assert found.check(0.0, busy=0) == 30.0
    assert found.reason == "the machine runs on its battery"
    allowed = backlog(tmp_path, on_battery=True)
    assert (allowed.check(0.0, busy=0), allowed.reason) == (None, None)


def test_a_battery_that_is_charged_and_one_of_a_mouse_do_not_count(tmp_path: Path) -> None:
    supply(tmp_path / "BAT0", type="Battery", status="Charging")
    supply(tmp_path / "hidpp_battery_0", type="Battery", status="Discharging", scope="Device")
    supply(tmp_path / "AC", type="Mains", online="0")
    (tmp_path / "odd").mkdir()
    assert not runs_on_battery(tmp_path)
    assert not runs_on_battery(tmp_path / "missing")


def test_the_load_of_other_programs_makes_the_backlog_wait_and_that_of_the_workers_does_not(tmp_path: Path) -> None:
    found = backlog(tmp_path, max_load=1.5, load=lambda: 3.0)
    assert found.check(0.0, busy=2) is None
    assert found.check(30.0, busy=1) == 60.0
    assert found.reason == "the load by other programs is 2.0, above 1.5"


def test_the_machine_is_looked_at_twice_a_minute_and_the_log_tells_each_change_once(tmp_path: Path) -> None:
    load, log = [9.0], CheckedLog()
    found = backlog(tmp_path, log, max_load=1, load=lambda: load[0])
    for now in (0.0, 29.0, 30.0):
        assert found.check(now, busy=0) is not None
    load[0] = 0.0
    assert found.check(59.0, busy=0) == 60.0
    assert found.check(60.0, busy=0) is None
    assert [name for name, _ in log.events] == ["backlog.waiting", "backlog.resumed"]
