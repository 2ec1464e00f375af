"""Waits grow, and end growing."""

from familiar.backoff import HOURLY, Backoff


def test_each_failure_doubles_the_wait_up_to_the_longest() -> None:
    assert [HOURLY.after(attempts) for attempts in range(8)] == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_wait_of_nothing_stays_one() -> None:
    assert Backoff(first=0.0, longest=3600.0).after(5) == 0


def test_what_has_failed_each_hour_for_years_is_still_tried_each_hour() -> None:
    assert HOURLY.after(100_000) == 3600
