import pytest

from familiar.durations import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (5369, "89 min"),
        (5400, "1 h 30 min"),
        (7500, "2 h 05 min"),
        (89.9 * 3600, "89 h 54 min"),
        (90 * 3600, "4 days"),
        (1e7, "116 days"),
    ],
)
def test_a_length_of_time_is_told_in_the_unit_that_suits_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text
