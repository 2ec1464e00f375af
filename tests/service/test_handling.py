"""One photo must not stop the others, whatever goes wrong with it."""

import asyncio
from functools import partial
from pathlib import Path

from familiar.effects.executor import Executor
from familiar.effects.undo import Undo
from familiar.model import Plan, Subject
from familiar.service.handling import Handler, Surroundings
from familiar.service.performing import Performer
from familiar.service.recognition import Recogniser
from familiar.service.renewal import Renewer
from familiar.settings import MatchingSettings, VisionSettings
from familiar.store.store import Store
from familiar.vision.workers import Workers
from photos import MODELS
from running import CheckedLog


def test_an_error_that_nobody_expected_is_logged_and_the_photo_is_tried_again(tmp_path: Path, meadow: Path) -> None:
    def decide(subject: Subject) -> Plan:
        raise ZeroDivisionError(subject.path)

    found = meadow.stat()

    async def handle(store: Store, log: CheckedLog) -> Handler:
        async with Workers(models=MODELS, settings=VisionSettings(workers=1)) as workers:
            model, clock = VisionSettings().model, partial(float, 0)
            recogniser = Recogniser(store, MatchingSettings(), model)
            handler = Handler(
                store=store,
                workers=workers,
                recogniser=recogniser,
                renewer=Renewer(store=store, workers=workers, recogniser=recogniser, model=model, log=log, clock=clock),
                performer=Performer(
                    store=store,
                    workers=workers,
                    executor=Executor(store.journal),
                    undo=Undo(store.journal),
                    log=log,
                ),
                surroundings=Surroundings(
                    decide=decide, source_of=lambda _: "", vanished=lambda _: None, is_there=lambda _: True
                ),
                log=log,
                clock=clock,
            )
            root = store.roots.know(meadow.parent)
            store.files.hint(meadow, size=found.st_size, mtime_ns=found.st_mtime_ns, root_id=root.id, due=0)
            (file,) = store.files.settled(0, roots=[root.id], limit=9)
            turn = asyncio.Event()
            turn.set()
            await handler.handle(file, turn)
            return handler

    log = CheckedLog()
    with Store(tmp_path / "familiar.db") as store:
        handler = asyncio.run(handle(store, log))
        file = store.files.at(meadow)
    assert [name for name, _ in log.events] == ["photo.seen", "photo.error", "file.failed"]
    assert log.events[-1][1]["reason"].startswith("unexpected error: ZeroDivisionError(")
    assert log.events[-1][1]["retry_in"] == 60
    assert file is not None
    assert (file.state, file.attempts, handler.tally.failed) == ("failed", 1, 1)
