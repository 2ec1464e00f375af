"""Build the parts into a daemon."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from familiar.effects.disks import Disks
from familiar.events import EventLog
from familiar.flickr.api.credentials import Credentials
from familiar.folders.intake import Intake
from familiar.library.companions import CompanionRules
from familiar.library.operations import OperationRunner
from familiar.library.planning import Planner
from familiar.library.recognition import Recogniser
from familiar.library.reencoding import Reencoder
from familiar.library.rulebook import RuleBook
from familiar.library.scoring import PercentileIndex
from familiar.library.sidecars.reader import SidecarReader
from familiar.library.sidecars.writer import SidecarWriter
from familiar.library.sources import FlickrCache, Sources
from familiar.service.arrival import Stage
from familiar.service.backlog import Backlog
from familiar.service.daemon import Daemon
from familiar.service.failures import Failures
from familiar.service.grouper import Grouper
from familiar.service.handler import Handler
from familiar.service.heartbeat import Heartbeat
from familiar.service.jobs import Eager, Job, Periodic, Spare
from familiar.service.latencies import Latencies
from familiar.service.operations import OpenOperations
from familiar.service.progress import Progress, progress_of
from familiar.service.reencoding import BackgroundReencoding, ReferenceReencoding
from familiar.service.rematching import Rematching
from familiar.service.remote_health import RemoteHealth
from familiar.service.retries import Retries
from familiar.service.review_page import ReviewPage
from familiar.service.signals import Signals
from familiar.service.stages.decision import Decide, FollowStill, WaitForTurn
from familiar.service.stages.identification import Identify, Index, Together, WaitForFile, WaitForStill
from familiar.service.stages.operations import Record, Run
from familiar.service.stages.recognition import Recognise, Reencode
from familiar.service.stages.repeats import LeaveRepeats, Repeats
from familiar.service.stages.sidecars import ReadSidecars, WriteSidecars
from familiar.service.startup import Startup
from familiar.service.stop_request import StopRequest
from familiar.service.systemd import Notifier
from familiar.service.totals import ProcessCounts
from familiar.service.wake import Wake
from familiar.service.window import FileWindow
from familiar.service.worker_health import WorkerHealth
from familiar.settings import FlickrSettings, Settings
from familiar.store.store import Store
from familiar.vision.chosen_model import chosen_model
from familiar.vision.workers.pool import Workers

if TYPE_CHECKING:
    from familiar.flickr.sync.job import FlickrSync

_TURN = 1.0
"""Most seconds between two turns of the loop."""

_LOOK_AT_DISKS = 5.0
"""Seconds between two looks for disks that operations wait for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlickrAccess:
    """The accounts that are synced, and where their logins are; with `once` each is polled once, and no tag is sent."""

    credentials: Credentials
    accounts: Sequence[FlickrSettings]
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """The command lines of processes beside the daemon: a round of grouping, and the server of the review page."""

    group: Sequence[str]
    review: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """A daemon, and its parts that others use."""

    daemon: Daemon
    handler: Handler
    intake: Intake
    flickr: "Sequence[FlickrSync]"


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonInputs:
    """The inputs of a daemon: settings and rules, its store, and its environment.

    The settings say which model encodes faces; once `has_other_model`, the daemon begins again. `clock` gives
    monotonic seconds. Without `watch` the daemon ends when all is done.
    """

    settings: Settings
    rules: RuleBook
    store: Store
    log: EventLog
    notifier: Notifier
    clock: Callable[[], float]
    workers: Workers
    has_other_model: Callable[[], bool]
    watch: bool
    counts: ProcessCounts = field(default_factory=ProcessCounts)


class _Parts:
    """The parts that stages and jobs share."""

    def __init__(self, inputs: DaemonInputs) -> None:
        settings, store, log, clock = inputs.settings, inputs.store, inputs.log, inputs.clock
        model = chosen_model(settings.vision).id
        self.tally = inputs.counts.tally
        self.latencies = Latencies(clock)
        self.wake = Wake(longest=_TURN)
        self.stop = StopRequest(log=log, notifier=inputs.notifier, wake=self.wake)
        self.workers = inputs.workers
        self.recogniser = Recogniser(store, settings.matching, model)
        percentiles = PercentileIndex(store, settings.matching, model)
        self.planner = Planner(rules=lambda: inputs.rules.rules, percentiles=percentiles)
        self.reencoder = Reencoder(store=store, workers=self.workers, recogniser=self.recogniser, log=log)
        self.sidecar_reader = SidecarReader(
            store=store,
            workers=self.workers,
            log=log,
            clock=clock,
            enabled=settings.sidecars.read,
            on_turned=self.recogniser.recognise,
        )
        disks = Disks(store.places)
        self.intake = Intake(
            settings=settings,
            store=store,
            disks=disks,
            log=log,
            clock=clock,
            watch=inputs.watch,
            on_message=self.wake.from_thread,
            on_sidecar_changed=self.sidecar_reader.on_sidecar_changed,
        )
        self.cache = FlickrCache(store, log)
        self.sources = Sources(self.cache, self.intake.source)
        self.runner = OperationRunner(
            store=store,
            workers=self.workers,
            disks=disks,
            log=log,
            clock=clock,
            is_there=lambda path: self.sources.of(path).is_there(path),
            companions=CompanionRules.of(settings),
        )
        self.operations = OpenOperations(self.runner, stop=self.stop, on_end=self.wake.now)
        self.sidecar_writer = SidecarWriter(store=store, runner=self.runner, clock=clock, settings=settings.sidecars)
        self.rematching = Rematching(
            store=store,
            recogniser=self.recogniser,
            sidecar_reader=self.sidecar_reader,
            notifier=inputs.notifier,
            log=log,
            clock=clock,
        )

    def has_time_for_sidecars(self) -> bool:
        """Whether sidecars can be written in the next turn, too."""
        return not self.recogniser.is_stale and not self.runner.is_acting


def assemble(
    inputs: DaemonInputs,
    *,
    reload: Callable[[], bool],
    commands: Commands,
    flickr: FlickrAccess | None = None,
    report: Callable[[Progress], None] | None = None,
) -> Assembly:
    """Return a daemon; it must be run in the thread that opened the store.

    `reload` reads settings and rules again, and says whether settings have changed. `report` is told after each turn
    how far the work is.
    """
    store, log, notifier, clock = inputs.store, inputs.log, inputs.notifier, inputs.clock
    parts = _Parts(inputs)
    syncs = () if flickr is None else [_flickr_job(inputs, parts, flickr, account) for account in flickr.accounts]
    retries = Retries(store=store, tally=parts.tally, log=log, clock=clock)
    handler = Handler(
        stages=_stages(inputs, parts, retries),
        sources=parts.sources,
        retries=retries,
        tally=parts.tally,
        latencies=parts.latencies,
        log=log,
    )
    window = FileWindow(
        store=store,
        handler=handler,
        workers=parts.workers,
        roots=lambda: [*parts.intake.online_roots, *(sync.root_id for sync in syncs)],
        wake=parts.wake,
        log=log,
        backlog=Backlog(settings=inputs.settings.backlog, log=log) if inputs.watch else None,
    )
    rescan = parts.intake.request_rescan
    failures = Failures(
        stop=parts.stop,
        rescan=rescan,
        notifier=notifier,
        log=log,
        clock=clock,
        longest=inputs.settings.give_up_after * 60 if inputs.watch else inputs.settings.wait_for_daemon,
    )
    heartbeat = Heartbeat(
        every=inputs.settings.log.heartbeat,
        counts=inputs.counts,
        store=store,
        intake=parts.intake,
        window=window,
        latencies=parts.latencies,
        stop=parts.stop,
        failures=failures,
        notifier=notifier,
        log=log,
        remote=lambda: parts.workers.health().remote,
        clock=clock,
        flickr_trouble=lambda: next((sync.trouble for sync in syncs if sync.trouble is not None), None),
        on_beat=partial(_tell, syncs),
    )
    signals = Signals(
        stop=parts.stop,
        reload=reload,
        rescan=rescan,
        notifier=notifier,
        wake=parts.wake,
        on_reloaded=heartbeat.show,
    )
    daemon = Daemon(
        startup=Startup(
            signals=signals,
            rematching=parts.rematching,
            operations=parts.operations,
            sources=[parts.intake, *syncs],
            wake=parts.wake,
            notifier=notifier,
            log=log,
            clock=clock,
        ),
        jobs=(
            *([Periodic(partial(_follow_model, inputs, parts))] if inputs.watch else ()),
            *_jobs(inputs, parts, window, syncs),
            *([Periodic(lambda: report(progress_of(store, parts.tally)))] if report is not None else []),
            *(_lasting_jobs(inputs, parts, window, commands) if inputs.watch else ()),
        ),
        window=window,
        workers=parts.workers,
        stop=parts.stop,
        wake=parts.wake,
        failures=failures,
        heartbeat=heartbeat,
        log=log,
        clock=clock,
    )
    return Assembly(daemon=daemon, handler=handler, intake=parts.intake, flickr=syncs)


def _tell(syncs: "Sequence[FlickrSync]") -> None:
    """Log the progress of the accounts."""
    for sync in syncs:
        sync.tell()


def _follow_model(inputs: DaemonInputs, parts: _Parts) -> None:
    """Begin again if another model was chosen."""
    if not parts.stop.is_set and inputs.has_other_model():
        parts.stop.begin_again()


def _stages(inputs: DaemonInputs, parts: _Parts, retries: Retries) -> tuple[Stage, ...]:
    """Return the way of a photo."""
    store, log, sources, workers = inputs.store, inputs.log, parts.sources, parts.workers
    repeats = Repeats(
        store=store,
        sources=sources,
        cache=parts.cache,
        sidecar_writer=parts.sidecar_writer,
        tally=parts.tally,
        log=log,
    )
    return (
        WaitForFile(store=store, retries=retries),
        WaitForStill(store=store, retries=retries),
        Together(
            workers.slots,
            (
                Identify(store=store, workers=workers, sources=sources),
                Index(
                    store=store,
                    workers=workers,
                    turn_of=parts.sidecar_reader.turn_of,
                    retries=retries,
                    log=log,
                    clock=inputs.clock,
                ),
            ),
        ),
        ReadSidecars(parts.sidecar_reader),
        LeaveRepeats(repeats),
        Reencode(parts.reencoder),
        Recognise(recogniser=parts.recogniser, log=log),
        Decide(planner=parts.planner, sources=sources, runner=parts.runner),
        WaitForTurn(store=store, repeats=repeats),
        FollowStill(store),
        Record(store=store, tally=parts.tally, log=log),
        Run(parts.runner),
        WriteSidecars(parts.sidecar_writer),
    )


def _jobs(inputs: DaemonInputs, parts: _Parts, window: FileWindow, syncs: "Sequence[FlickrSync]") -> tuple[Job, ...]:
    """Return what each turn of the loop does, in its order."""
    store, log, notifier = inputs.store, inputs.log, inputs.notifier
    return (
        Periodic(store.check_in_place),
        Periodic(store.check_schema),
        ReferenceReencoding(reencoder=parts.reencoder, stop=parts.stop, notifier=notifier),
        Periodic(inputs.rules.look),
        parts.intake,
        parts.rematching,
        Periodic(store.qualities.rate),
        Periodic(parts.runner.look_after_disks, every=_LOOK_AT_DISKS),
        parts.operations,
        *syncs,
        window,
        parts.sidecar_reader,
        Eager(parts.sidecar_writer, when=parts.has_time_for_sidecars, on_more=parts.wake.now),
        Periodic(WorkerHealth(workers=parts.workers, log=log).look),
        Periodic(RemoteHealth(workers=parts.workers, store=store, log=log, clock=inputs.clock).look),
        Periodic(notifier.ping),
    )


def _lasting_jobs(inputs: DaemonInputs, parts: _Parts, window: FileWindow, commands: Commands) -> tuple[Job, ...]:
    """Return what a daemon that lasts does: some of it while no photo is waited for."""
    grouper = Grouper(
        store=inputs.store,
        settings=inputs.settings.clustering,
        model=chosen_model(inputs.settings.vision).id,
        command=commands.group,
        log=inputs.log,
        clock=inputs.clock,
    )
    reencoding = BackgroundReencoding(
        store=inputs.store,
        workers=parts.workers,
        reencoder=parts.reencoder,
        model=parts.recogniser.model,
        on_end=parts.wake.now,
        log=inputs.log,
        clock=inputs.clock,
    )
    page = ReviewPage(command=commands.review, log=inputs.log, clock=inputs.clock)
    busy: tuple[Job, ...] = (parts.intake, parts.sidecar_reader, window, reencoding)
    return (
        Spare(reencoding, when=lambda: window.count == 0),
        Spare(grouper, when=lambda: all(job.is_idle for job in busy)),
        *([page] if inputs.settings.review.serve else []),
    )


def _flickr_job(inputs: DaemonInputs, parts: _Parts, access: FlickrAccess, account: FlickrSettings) -> "FlickrSync":
    # Imported only if Flickr is used.
    from familiar.flickr.sync.job import FlickrSync  # noqa: PLC0415
    from familiar.flickr.sync.single import SingleFlickrSync  # noqa: PLC0415
    from familiar.flickr.sync.tag_decisions import TagDecider  # noqa: PLC0415

    kind = SingleFlickrSync if access.once else FlickrSync
    store = inputs.store.of_account(account.name)
    return kind(
        settings=account,
        credentials=access.credentials.of_account(account.name),
        store=store,
        workers=parts.workers,
        runner=parts.runner,
        decider=TagDecider(store=store, recogniser=parts.recogniser, planner=parts.planner, log=inputs.log),
        cache=parts.cache,
        on_work=parts.wake.now,
        on_changed=lambda photo_id, plan_id: parts.sidecar_writer.touch(photo_id, follows=plan_id),
        on_call=inputs.counts.totals.note_call,
        captions=inputs.settings.sidecars.write and inputs.settings.sidecars.flickr,
        log=inputs.log,
    )
