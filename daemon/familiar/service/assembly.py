"""Put the rooms together into a daemon."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from familiar.effects.disks import Disks
from familiar.events import EventLog
from familiar.flickr.api.credentials import Credentials
from familiar.library.operations import OperationRunner
from familiar.library.recognition import Recogniser
from familiar.library.reencoding import Reencoder
from familiar.library.rulebook import RuleBook
from familiar.library.sidecars.reader import SidecarReader
from familiar.library.sidecars.writer import SidecarWriter
from familiar.service.daemon import Daemon, Progress
from familiar.service.grouping import Grouper
from familiar.service.handler import Handler, Surroundings
from familiar.service.intake import Intake
from familiar.service.systemd import Notifier
from familiar.settings import FLICKR, Settings
from familiar.state import cache_in
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

if TYPE_CHECKING:
    from familiar.flickr.sync.job import FlickrSync


@dataclass(frozen=True, slots=True, kw_only=True)
class FlickrAccess:
    """Where the Flickr part finds key and login; with `once` it takes one look, and sends nothing."""

    credentials: Credentials
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """A daemon, and the parts of it that others ask."""

    daemon: Daemon
    handler: Handler
    intake: Intake
    flickr: "FlickrSync | None"


def assemble(
    *,
    settings: Settings,
    rules: RuleBook,
    store: Store,
    log: EventLog,
    notifier: Notifier,
    clock: Callable[[], float],
    reload: Callable[[], bool],
    watch: bool,
    models: Path,
    group_command: Sequence[str],
    flickr: FlickrAccess | None = None,
    report: Callable[[Progress], None] | None = None,
) -> Assembly:
    """Return a daemon for these settings; it must be run in the thread that opened the store."""
    workers = Workers(settings=settings.vision, models=models, clock=clock)
    sidecar_reader = SidecarReader(store=store, workers=workers, log=log, clock=clock, enabled=settings.sidecars.read)
    disks = Disks(store.places)
    intake = Intake(
        settings=settings,
        store=store,
        disks=disks,
        log=log,
        clock=clock,
        watch=watch,
        on_sidecar_changed=sidecar_reader.touch,
    )
    runner = OperationRunner(
        store=store,
        workers=workers,
        disks=disks,
        log=log,
        pulse=notifier.ping,
        is_there=intake.is_there,
        copy_sidecars=settings.sidecars.any,
    )
    sidecar_writer = SidecarWriter(store=store, runner=runner, clock=clock, enabled=settings.sidecars.write)
    recogniser = Recogniser(store, settings.matching, settings.vision.model)
    reencoder = Reencoder(store=store, workers=workers, recogniser=recogniser, log=log, clock=clock)
    cache, part = cache_in(store.path.parent), None
    if flickr is not None:
        from familiar.flickr.sync.job import FlickrSync  # noqa: PLC0415
        from familiar.flickr.sync.tag_decisions import TagDecider  # noqa: PLC0415 - only those wait for it who use Flickr

        part = FlickrSync(
            settings=settings.flickr,
            credentials=flickr.credentials,
            store=store,
            workers=workers,
            runner=runner,
            decider=TagDecider(store=store, recogniser=recogniser, rules=rules, log=log),
            cache=cache,
            log=log,
            once=flickr.once,
        )

    def source_of(path: Path) -> str:
        return FLICKR if path.parent == cache else intake.source_of(path)

    handler = Handler(
        store=store,
        workers=workers,
        recogniser=recogniser,
        reencoder=reencoder,
        runner=runner,
        sidecar_writer=sidecar_writer,
        sidecar_reader=sidecar_reader,
        surroundings=Surroundings(
            decide=rules.decide,
            source_of=source_of,
            mark_gone=intake.mark_gone,
            is_there=intake.is_there,
            hash_of=part.hash_of if part is not None else lambda _: None,
        ),
        log=log,
        clock=clock,
    )
    daemon = Daemon(
        store=store,
        workers=workers,
        intake=intake,
        handler=handler,
        runner=runner,
        sidecar_writer=sidecar_writer,
        sidecar_reader=sidecar_reader,
        reencoder=reencoder,
        grouper=Grouper(
            store=store,
            settings=settings.clustering,
            model=settings.vision.model,
            command=group_command,
            log=log,
            clock=clock,
        ),
        flickr=part,
        reload=reload,
        look_at_rules=rules.look,
        log=log,
        notifier=notifier,
        clock=clock,
        heartbeat=settings.log.heartbeat,
        report=report,
    )
    return Assembly(daemon=daemon, handler=handler, intake=intake, flickr=part)
