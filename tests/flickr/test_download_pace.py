"""The pace of downloads, learnt from refusals."""

from collections.abc import Iterator
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


def pace_of(store: Store, *, log: CheckedLog | None = None, pause: float = 0.5) -> DownloadPace:
    return DownloadPace(pause=pause, store=store, log=AccountLog(log or CheckedLog(), "flickr"), clock=lambda: 100.0)


def test_downloads_start_one_pause_after_another(store: Store) -> None:
    pace = pace_of(store)
    assert [pace.reserve() for _ in range(3)] == [0.0, 0.5, 1.0]


def test_a_refusal_doubles_the_pause_once_for_all_that_went_on_and_outlives_a_restart(store: Store) -> None:
    log = CheckedLog()
    pace = pace_of(store, log=log)
    for began in (99.0, 99.5):
        pace.refused(began=began)
    assert (pace.pause, log.of("flickr.slowed")) == (1.0, [{"account": "flickr", "pause": 1.0}])
    assert pace_of(store).pause == 1.0
    pace.refused(began=100.0)
    assert pace_of(store).pause == 2.0


def test_no_number_of_refusals_makes_a_pause_longer_than_a_minute(store: Store) -> None:
    pace = pace_of(store)
    for _ in range(20):
        pace.refused(began=100.0)
    assert pace.pause == 60.0


def test_downloads_without_a_refusal_shorten_the_pause_until_it_is_the_one_of_the_settings(store: Store) -> None:
    pace = pace_of(store)
    pace.refused(began=100.0)
    pauses = []
    for _ in range(4 * 20):
        pace.succeeded()
        pauses.append(pace.pause)
    assert pauses[18:20] == [1.0, 0.8]
    assert pauses[-1] == 0.5
    assert store.flickr_calls.learnt_pause() == 0.0


def test_a_refused_download_is_learnt_from_and_comes_down(tmp_path: Path, flickr: FlickrServer, obama: Path) -> None:
    with FlickrBench.at(tmp_path, flickr) as bench:
        bench.log_in()
        flickr.account.add_photo(obama)
        flickr.faults.next("429", method="image")
        bench.run(lambda _: bench.store.flickr.counts()["fetched"] == 1)
        assert bench.store.flickr_calls.learnt_pause() == 0.5
