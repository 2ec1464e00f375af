"""Build the parts into a daemon."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from familiar.arrivals.arrival import Stage
from familiar.arrivals.handler import Handler
from familiar.arrivals.retries import Retries
from familiar.arrivals.slots import WorkerSlots
from familiar.arrivals.stages.decision import Decide, FollowStill, WaitForTurn
from familiar.arrivals.stages.identification import Identify, Index, Together, WaitForFile, WaitForStill
from familiar.arrivals.stages.operations import Record, Run
from familiar.arrivals.stages.recognition import Recognise, Reencode
from familiar.arrivals.stages.repeats import LeaveRepeats, Repeats
from familiar.arrivals.stages.sidecars import ReadSidecars, WriteSidecars
from familiar.arrivals.tally import Tally
from familiar.folders.intake import Intake
from familiar.jobs.grouper import Grouper
from familiar.jobs.job import Eager, Job, Periodic, Spare
from familiar.jobs.reencoding import BackgroundReencoding, ReferenceReencoding
from familiar.jobs.remote_health import RemoteHealth
from familiar.jobs.review_page import ReviewPage
from familiar.jobs.worker_health import WorkerHealth
from familiar.service.backlog import Backlog
from familiar.service.daemon import Daemon
from familiar.service.failures import Failures
from familiar.service.heartbeat import Heartbeat
from familiar.service.inputs import CommandLines, DaemonInputs, FlickrAccess
from familiar.service.parts import Parts
from familiar.service.progress import Progress, progress_of
from familiar.service.shutdown import Shutdown
from familiar.service.signals import Signals
from familiar.service.startup import Startup
from familiar.service.window import FileWindow
from familiar.settings import FlickrSettings
from familiar.vision.chosen_model import chosen_model

if TYPE_CHECKING:
    from familiar.flickr.sync.job import FlickrSync

_LOOK_AT_DISKS = 5.0
"""Seconds between two looks for disks that operations wait for."""

_REPORT = 1.0
"""Seconds between two reports of the progress: to count a million waiting files takes a tenth of a second."""

_LOOK_AT_STORE = 0.5
"""Seconds between two looks at the store for what other programs do: a turn may follow at once, with each photo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """A daemon, and its parts that others use."""

    daemon: Daemon
    tally: Tally
    intake: Intake
    flickr: "Sequence[FlickrSync]"


def assemble(
    inputs: DaemonInputs,
    *,
    reload: Callable[[], bool],
    commands: CommandLines,
    flickr: FlickrAccess | None = None,
    report: Callable[[Progress], None] | None = None,
) -> Assembly:
    """Return a daemon; it must be run in the thread that opened the store.

    `reload` reads settings and rules again, and says whether settings have changed. `report` is called with the
    progress once a second.
    """
    parts = Parts(inputs)
    syncs = () if flickr is None else [_flickr_job(inputs, parts, flickr, account) for account in flickr.accounts]
    window = _window(inputs, parts, syncs)
    failures = _failures(inputs, parts)
    heartbeat = _heartbeat(inputs, parts, window, failures, syncs)
    signals = _signals(inputs, parts, heartbeat, reload)
    jobs = (
        *([Periodic(partial(_follow_model, inputs, parts))] if inputs.watch else ()),
        *_jobs(inputs, parts, window, syncs),
        *([] if report is None else [_reporting(inputs, parts, report)]),
        *(_lasting_jobs(inputs, parts, window, commands) if inputs.watch else ()),
    )
    daemon = Daemon(
        startup=_startup(inputs, parts, signals, syncs),
        jobs=jobs,
        shutdown=_shutdown(inputs, parts, signals, window, jobs),
        stop=parts.stop,
        wake=parts.wake,
        failures=failures,
        heartbeat=heartbeat,
        clock=inputs.clock,
    )
    return Assembly(daemon=daemon, tally=parts.tally, intake=parts.intake, flickr=syncs)


def _reporting(inputs: DaemonInputs, parts: Parts, report: Callable[[Progress], None]) -> Job:
    """Return the job that tells the progress, for which all waiting files are counted."""
    return Periodic(lambda: report(progress_of(inputs.store, parts.tally)), every=_REPORT)


def _window(inputs: DaemonInputs, parts: Parts, syncs: "Sequence[FlickrSync]") -> FileWindow:
    return FileWindow(
        store=inputs.store,
        handler=_handler(inputs, parts),
        workers=parts.workers,
        roots=lambda: [*parts.intake.online_roots, *(sync.root_id for sync in syncs)],
        wake=parts.wake,
        log=inputs.log,
        backlog=Backlog(settings=inputs.settings.backlog, log=inputs.log) if inputs.watch else None,
    )


def _failures(inputs: DaemonInputs, parts: Parts) -> Failures:
    return Failures(
        stop=parts.stop,
        rescan=parts.intake.request_rescan,
        notifier=inputs.notifier,
        log=inputs.log,
        clock=inputs.clock,
        longest=inputs.settings.give_up_after * 60 if inputs.watch else inputs.settings.wait_for_daemon,
    )


def _handler(inputs: DaemonInputs, parts: Parts) -> Handler:
    retries = Retries(store=inputs.store, tally=parts.tally, log=inputs.log, clock=inputs.clock)
    return Handler(
        stages=_stages(inputs, parts, retries),
        sources=parts.sources,
        retries=retries,
        latencies=parts.latencies,
        log=inputs.log,
    )


def _heartbeat(
    inputs: DaemonInputs, parts: Parts, window: FileWindow, failures: Failures, syncs: "Sequence[FlickrSync]"
) -> Heartbeat:
    return Heartbeat(
        every=inputs.settings.log.heartbeat,
        counts=inputs.counts,
        store=inputs.store,
        intake=parts.intake,
        window=window,
        latencies=parts.latencies,
        stop=parts.stop,
        failures=failures,
        notifier=inputs.notifier,
        log=inputs.log,
        remote=lambda: parts.workers.health().remote,
        clock=inputs.clock,
        flickr_trouble=lambda: next((sync.trouble for sync in syncs if sync.trouble is not None), None),
        on_beat=partial(_tell, syncs),
    )


def _signals(inputs: DaemonInputs, parts: Parts, heartbeat: Heartbeat, reload: Callable[[], bool]) -> Signals:
    return Signals(
        stop=parts.stop,
        reload=reload,
        rescan=parts.intake.request_rescan,
        notifier=inputs.notifier,
        wake=parts.wake,
        on_reloaded=heartbeat.show,
    )


def _startup(inputs: DaemonInputs, parts: Parts, signals: Signals, syncs: "Sequence[FlickrSync]") -> Startup:
    return Startup(
        signals=signals,
        operations=parts.operations,
        sources=[parts.intake, *syncs],
        wake=parts.wake,
        notifier=inputs.notifier,
        log=inputs.log,
        clock=inputs.clock,
    )


def _shutdown(
    inputs: DaemonInputs, parts: Parts, signals: Signals, window: FileWindow, jobs: Sequence[Job]
) -> Shutdown:
    return Shutdown(
        jobs=jobs,
        window=window,
        workers=parts.workers,
        signals=signals,
        stop=parts.stop,
        log=inputs.log,
        clock=inputs.clock,
    )


def _tell(syncs: "Sequence[FlickrSync]") -> None:
    """Log the progress of the accounts on Flickr."""
    for sync in syncs:
        sync.tell()


def _follow_model(inputs: DaemonInputs, parts: Parts) -> None:
    """Begin again if another model was chosen."""
    if not parts.stop.is_set and inputs.has_other_model():
        parts.stop.begin_again()


def _stages(inputs: DaemonInputs, parts: Parts, retries: Retries) -> tuple[Stage, ...]:
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
            WorkerSlots(workers.slots, videos=max(1, workers.count - 1)),  # a worker is left for photos
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


def _jobs(inputs: DaemonInputs, parts: Parts, window: FileWindow, syncs: "Sequence[FlickrSync]") -> tuple[Job, ...]:
    """Return what each turn of the loop does, in its order."""
    store, log, notifier = inputs.store, inputs.log, inputs.notifier
    return (
        Periodic(store.check_in_place),
        Periodic(store.check_schema, every=_LOOK_AT_STORE),
        Periodic(store.check_whole, every=_LOOK_AT_STORE),
        ReferenceReencoding(reencoder=parts.reencoder, stop=parts.stop, on_progress=notifier.ping),
        Periodic(inputs.rules.look),
        parts.intake,
        parts.rematching,
        Periodic(store.qualities.rate, every=_LOOK_AT_STORE),
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


def _lasting_jobs(inputs: DaemonInputs, parts: Parts, window: FileWindow, commands: CommandLines) -> tuple[Job, ...]:
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


def _flickr_job(inputs: DaemonInputs, parts: Parts, access: FlickrAccess, account: FlickrSettings) -> "FlickrSync":
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
