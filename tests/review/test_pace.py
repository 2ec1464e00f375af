import pytest

from familiar.review.pace import Pace


def test_the_pace_of_late_tells_how_long_the_rest_takes() -> None:
    pace = Pace()
    pace.note(0, 100)
    assert pace.minutes_left(10) is None
    pace.note(1, 110)
    assert pace.minutes_left(10) is None  # after a second, it is a guess
    pace.note(60, 160)
    assert pace.per_minute == pytest.approx(60)
    assert pace.minutes_left(120) == pytest.approx(2)
    for second in range(61, 500):
        pace.note(second, 160)
    assert pace.minutes_left(120) is None  # nothing has been done for five minutes


def test_files_that_go_away_are_no_work_undone() -> None:
    pace = Pace()
    pace.note(0, 100)
    pace.note(10, 200)
    pace.note(20, 5)
    assert pace.minutes_left(10) is None
    pace.note(80, 65)
    assert pace.per_minute == pytest.approx(60)
