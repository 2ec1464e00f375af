"""One photo must not stop the others, whatever goes wrong with it."""

import asyncio
from functools import partial
from pathlib import Path

from familiar.effects.disks import Disks
from familiar.library.operations import OperationRunner
from familiar.library.recognition import Recogniser
from familiar.library.reencoding import Reencoder
from familiar.library.sidecars.reader import SidecarReader
from familiar.library.sidecars.writer import SidecarWriter
from familiar.model import Plan, Subject
from familiar.service.handler import Handler, Surroundings
from familiar.settings import MatchingSettings, VisionSettings
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers
from support.log import CheckedLog
from support.photos import MODELS
from support.stores import put_store


def handled(store: Store, log: CheckedLog, path: Path, *, size: int) -> Handler:
    """Handle a file that had this size when it had settled, with rules that fail."""

    def decide(subject: Subject) -> Plan:
        raise ZeroDivisionError(subject.path)

    mtime_ns = path.stat().st_mtime_ns

    async def handle() -> Handler:
        async with Workers(models=MODELS, settings=VisionSettings(workers=1)) as workers:
            clock = partial(float, 0)
            recogniser = Recogniser(store, MatchingSettings(), VisionSettings().model)
            runner = OperationRunner(store=store, workers=workers, disks=Disks(store.places), log=log)
            handler = Handler(
                store=store,
                workers=workers,
                recogniser=recogniser,
                reencoder=Reencoder(store=store, workers=workers, recogniser=recogniser, log=log, clock=clock),
                runner=runner,
                sidecar_writer=SidecarWriter(store=store, runner=runner, clock=clock, enabled=False),
                sidecar_reader=SidecarReader(store=store, workers=workers, log=log, clock=clock, enabled=False),
                surroundings=Surroundings(
                    decide=decide, source_of=lambda _: "", mark_gone=lambda _: None, is_there=lambda _: True
                ),
                log=log,
                clock=clock,
            )
            root = store.roots.know(path.parent)
            store.files.hint(path, size=size, mtime_ns=mtime_ns, root_id=root.id, due=0)
            (file,) = store.files.settled(0, roots=[root.id], limit=9)
            turn = asyncio.Event()
            turn.set()
            await handler.handle(file, turn)
            return handler

    return asyncio.run(handle())


def test_an_error_that_nobody_expected_is_logged_and_the_photo_is_tried_again(tmp_path: Path, meadow: Path) -> None:
    log = CheckedLog()
    with Store(put_store(tmp_path)) as store:
        handler = handled(store, log, meadow, size=meadow.stat().st_size)
        file = store.files.at(meadow)
    assert [name for name, _ in log.events] == ["photo.seen", "photo.error", "file.failed"]
    assert log.events[-1][1]["reason"].startswith("unexpected error: ZeroDivisionError(")
    assert log.events[-1][1]["retry_in"] == 60
    assert file is not None
    assert (file.state, file.attempts, handler.tally.failed) == ("failed", 1, 1)


def test_a_file_that_changed_since_it_had_settled_settles_again(tmp_path: Path, meadow: Path) -> None:
    log = CheckedLog()
    with Store(put_store(tmp_path)) as store:
        handled(store, log, meadow, size=meadow.stat().st_size - 1)
        file = store.files.at(meadow)
        assert store.photos.counts()["seen"] == 0
    assert log.events == []
    assert file is not None
    assert file.state == "settling"
