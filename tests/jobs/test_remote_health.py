"""The state of the workers of Dask that the store keeps for other processes."""

import time
from dataclasses import asdict
from pathlib import Path

from familiar.jobs.remote_health import RemoteHealth
from familiar.remote_state import RemoteState
from familiar.settings import VisionSettings
from familiar.vision.workers.local import LocalWorkers
from support.album import Album
from support.log import CheckedLog


def test_what_an_earlier_daemon_knew_is_forgotten_by_one_without_workers_of_dask(tmp_path: Path) -> None:
    with Album.at(tmp_path) as album:
        album.store.remote_workers.keep(asdict(RemoteState(scheduler="tcp://127.0.0.1:8786", reason="it was killed")))
        workers = LocalWorkers(settings=VisionSettings(), models=tmp_path)
        RemoteHealth(workers=workers, store=album.store, log=CheckedLog(), clock=time.monotonic).look()
        assert album.store.remote_workers.last() is None
