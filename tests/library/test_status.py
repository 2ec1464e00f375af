"""How far everything is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from familiar.library.status import seconds_left
from familiar.model import Photo
from familiar.remote_state import RemoteState
from familiar.store.store import Store
from support.stores import put_store


def put_photos_of_a_second(store: Store, clock: list[datetime]) -> None:
    for number in range(20):
        clock[0] += timedelta(seconds=1)
        store.photos.record(Photo(hash=f"{number:064}", format="PNG", width=9, height=9, taken=None, engine="test"))


def test_the_time_left_is_not_told_while_the_first_scan_of_a_folder_is_still_counting_its_photos(
    tmp_path: Path,
) -> None:
    clock = [datetime(2026, 5, 1, tzinfo=UTC)]
    with Store(put_store(tmp_path), now=lambda: clock[0]) as store:
        put_photos_of_a_second(store, clock)
        root = store.roots.know(Path("/pictures"))
        assert seconds_left(store, 100, None) == pytest.approx(100)
        store.roots.set_online(root.id, device=1)
        assert seconds_left(store, 100, None) is None
        store.roots.set_scanned(root.id, passed_by={})
        assert seconds_left(store, 100, None) == pytest.approx(100)


def test_the_time_left_is_not_told_while_photos_wait_for_a_worker_of_dask(tmp_path: Path) -> None:
    clock = [datetime(2026, 5, 1, tzinfo=UTC)]
    with Store(put_store(tmp_path), now=lambda: clock[0]) as store:
        put_photos_of_a_second(store, clock)
        waits, analysed_here = (
            RemoteState(scheduler="tcp://127.0.0.1:8786", reason="no answer", waits=waits) for waits in (True, False)
        )
        assert seconds_left(store, 100, waits) is None
        assert seconds_left(store, 100, analysed_here) == pytest.approx(100)
