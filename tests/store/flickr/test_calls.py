from datetime import UTC, datetime, timedelta
from pathlib import Path

from familiar.store.store import Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def go(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def test_no_hour_has_more_calls_than_the_limit_however_often_the_store_is_opened(tmp_path: Path) -> None:
    clock, made = Clock(), list[datetime]()
    for _ in range(3):
        with Store(tmp_path / "familiar.db", now=clock) as store:
            for _ in range(80):
                if store.flickr_calls.take("api", limit=10) == 0:
                    made.append(clock.now)
                clock.go(47)
    busiest = max(sum(start <= one < start + timedelta(hours=1) for one in made) for start in made)
    assert busiest == 10
    assert len(made) > 25


def test_the_time_to_wait_is_told_and_is_enough(tmp_path: Path) -> None:
    clock = Clock()
    with Store(tmp_path / "familiar.db", now=clock) as store:
        store.flickr_calls.note("api", 5)
        seconds = store.flickr_calls.take("api", limit=5)
        assert 3600 <= seconds <= 3720
        assert store.flickr_calls.take("images", limit=5) == 0
        clock.go(seconds)
        assert store.flickr_calls.take("api", limit=5) == 0


def test_a_pause_that_a_server_asks_for_outlives_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    with Store(tmp_path / "familiar.db", now=clock) as store:
        store.flickr_calls.pause("images", 90)
        store.flickr_calls.pause("images", 20)
    with Store(tmp_path / "familiar.db", now=clock) as store:
        assert store.flickr_calls.take("images", limit=5) == 90
        assert store.flickr_calls.take("api", limit=5) == 0
        clock.go(90)
        assert store.flickr_calls.take("images", limit=5) == 0


def test_what_a_clock_wrote_that_ran_ahead_lets_no_call_wait(tmp_path: Path) -> None:
    clock = Clock()
    with Store(tmp_path / "familiar.db", now=clock) as store:
        clock.go(700 * 86_400)
        store.flickr_calls.note("api", 5)
        store.flickr_calls.pause("images", 90)
        clock.now = NOON
        assert store.flickr_calls.take("api", limit=5) == 0
        assert store.flickr_calls.last_hour("api") == 1
        assert store.flickr_calls.take("images", limit=5) == 0
        store.flickr_calls.pause("images", 60)
        assert store.flickr_calls.take("images", limit=5) == 60
