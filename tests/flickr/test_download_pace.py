"""The pace of downloads, learnt from refusals."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from familiar.flickr.sync.account_log import AccountLog
from familiar.flickr.sync.download_pace import DownloadPace
from familiar.store.store import Store
from support.flickr_bench import FlickrBench
from support.flickr_server.server import FlickrServer
from support.log import CheckedLog
from support.stores import put_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(put_store(tmp_path)) as found:
        yield found


@dataclass(slots=True)
class Clock:
    """Seconds, as a test sets them."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def pace_of(store: Store, clock: Clock, *, log: CheckedLog | None = None) -> DownloadPace:
    return DownloadPace(pause=0.5, store=store, log=AccountLog(log or CheckedLog(), "flickr"), clock=clock)


def test_downloads_start_one_pause_after_another(store: Store) -> None:
    pace = pace_of(store, Clock())
    assert [pace.reserve() for _ in range(3)] == [0.0, 0.5, 1.0]


def test_a_refusal_makes_the_pause_longer_once_for_all_that_went_on_and_outlives_a_restart(store: Store) -> None:
    log = CheckedLog()
    pace = pace_of(store, Clock(), log=log)
    for began in (99.0, 99.5):
        pace.refused(began=began)
    assert (pace.pause, log.of("flickr.slowed")) == (0.75, [{"account": "flickr", "pause": 0.75}])
    assert pace_of(store, Clock()).pause == 0.75
    pace.refused(began=100.0)
    assert pace.pause == 1.125


def test_no_number_of_refusals_makes_a_pause_longer_than_a_minute(store: Store) -> None:
    pace = pace_of(store, Clock())
    for _ in range(20):
        pace.refused(began=100.0)
    assert pace.pause == 60.0


def test_time_without_a_refusal_shortens_the_pause_until_it_is_the_one_of_the_settings(store: Store) -> None:
    clock = Clock()
    pace = pace_of(store, clock)
    for _ in range(2):
        pace.refused(began=clock.now)
    pauses = []
    for _ in range(50):
        clock.now += 1.0
        pace.succeeded()
        pauses.append(pace.pause)
    assert pauses[13:15] == [1.125, pytest.approx(0.9)]
    assert pauses[29] == pytest.approx(0.72)
    clock.now += 60
    pace.succeeded()
    clock.now += 60
    pace.succeeded()
    assert (pace.pause, store.flickr_calls.learnt_pause()) == (0.5, 0.0)


def test_a_refused_download_is_learnt_from_and_comes_down(tmp_path: Path, flickr: FlickrServer, obama: Path) -> None:
    with FlickrBench.at(tmp_path, flickr) as bench:
        bench.log_in()
        flickr.account.add_photo(obama)
        flickr.faults.next("429", method="image")
        bench.run(lambda _: bench.store.flickr.counts()["fetched"] == 1)
        assert bench.store.flickr_calls.learnt_pause() == 0.5
