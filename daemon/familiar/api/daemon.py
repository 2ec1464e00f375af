"""The daemon, built from the settings: until it is stopped, or for one scan."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from familiar import __version__
from familiar.api.environment import Environment
from familiar.api.scan_result import ProblemLog, ScanResult
from familiar.api.session import Session
from familiar.errors import FamiliarError, StoreError, StoreUnavailableError, UsageError
from familiar.events import EventLog
from familiar.library.photo_folders import folders_of
from familiar.library.rulebook import RuleBook, problems_in
from familiar.service.assembly import Assembly, assemble
from familiar.service.inputs import CommandLines, DaemonInputs, FlickrAccess
from familiar.service.opening import Opening
from familiar.service.progress import Progress
from familiar.service.signals import let_reloads_wait
from familiar.service.systemd import Notifier
from familiar.service.totals import CountingLog, ProcessCounts
from familiar.settings import Settings
from familiar.state import BusyError
from familiar.store.store import Store
from familiar.vision.chosen_model import model_in_use, settings_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The settings with the folders of the caller; with `files`, the paths may also be files."""

    environment: Environment
    paths: tuple[Path, ...]
    files: bool

    def read(self) -> Settings:
        """Return the settings with the folders of the caller.

        Raises:
            UsageError: the file is wrong, or there is no such folder.
        """
        settings = self.environment.settings()
        return settings.model_copy(update={"folders": folders_of(self.paths, settings, files=self.files)})


def run(session: Session, folders: tuple[Path, ...]) -> None:
    """Watch folders, and handle each photo that arrives, until the daemon is stopped."""
    try:
        _run(session, folders)
    except FamiliarError:
        raise
    except Exception as error:
        session.log.emit("service.error", error=repr(error), exc_info=True)
        raise FamiliarError("The daemon was ended by an unexpected error; the log has it.") from error


def _run(session: Session, folders: tuple[Path, ...]) -> None:
    let_reloads_wait()
    configuration = Configuration(environment=session.environment, paths=folders, files=False)
    settings = configuration.read()
    notifier = Notifier(os.environ)
    counts = ProcessCounts()
    log = CountingLog(session.log, counts.totals)
    opening = Opening(
        heartbeat=settings.log.heartbeat,
        counts=counts,
        store=session.environment.store_path,
        notifier=notifier,
        log=log,
    )
    with _held_store(session, opening, settings, settings.give_up_after * 60) as store:
        _tell_start(session, settings, store)
        rules = rule_book(session, settings, store, log)

        def use(fresh: Settings) -> None:
            nonlocal settings
            settings = fresh

        while True:
            enabled = [account for account in settings.accounts if account.enabled]
            flickr = FlickrAccess(credentials=session.environment.credentials, accounts=enabled)
            made = daemon_for(
                session,
                configuration,
                settings,
                rules,
                store,
                notifier,
                watch=True,
                flickr=flickr,
                log=log,
                counts=counts,
                on_settings=use,
            )
            if not session.run(made.daemon.run()):
                return


def scan(session: Session, paths: tuple[Path, ...], *, retry: bool) -> ScanResult:
    """Handle what is there now; see `Library.scan`."""
    configuration = Configuration(environment=session.environment, paths=paths, files=True)
    settings = configuration.read()
    log = ProblemLog(session.log)
    opening = Opening(
        heartbeat=None,
        counts=ProcessCounts(),
        store=session.environment.store_path,
        notifier=Notifier({}),
        log=session.log,
    )
    with _held_store(session, opening, settings, settings.wait_for_daemon) as store:
        if retry:
            store.photos.forget_verdicts()
        rules = rule_book(session, settings, store, log)
        with session.progress("handling photos") as count:
            made = daemon_for(
                session,
                configuration,
                settings,
                rules,
                store,
                Notifier({}),
                watch=False,
                log=log,
                report=lambda now: count(now.done, now.done + now.waiting),
            )
            session.run(made.daemon.run(until_idle=True))
        store.finish_check()
        return _result(store, made, log)


def retry(session: Session, files: Sequence[Path]) -> int:
    """Have files that were set aside handled again; see `Library.retry`."""
    store = session.store()
    if not files:
        return store.photos.forget_verdicts()
    with store.writing():
        found = [store.files.at(file) for file in files]
        chosen = [file.photo_id for file in found if file is not None and file.photo_id is not None]
        is_aside = set(store.photos.set_aside_among(chosen))
        for path, file in zip(files, found, strict=True):
            if file is None or file.photo_id not in is_aside:
                raise UsageError(f"{path}: was not set aside, or is waiting to be handled again already.")
        return store.photos.forget_verdicts(sorted(is_aside))


@contextmanager
def _held_store(session: Session, opening: Opening, settings: Settings, longest: float) -> Iterator[Store]:
    """Hold the state folder with its store for a block; the end of a short command, and room on a disk, are waited for.

    Raises:
        BusyError: a daemon or a scan has the folder, or a command for longer than `wait_for_daemon`.
        StoreError: the store can't be used, or its disk is full for longer than `longest` seconds.
    """
    with ExitStack() as stack:
        with opening.watched(longest=longest):
            store = _entered_store(stack, session, opening, settings, longest)
        yield store


def _entered_store(stack: ExitStack, session: Session, opening: Opening, settings: Settings, longest: float) -> Store:
    while True:
        try:
            return stack.enter_context(session.held_store(lasts=True, create=True))
        except BusyError as error:
            if error.lasts or not opening.wait_for_command(error.pid, longest=settings.wait_for_daemon):
                raise
        except StoreUnavailableError as error:
            if not opening.wait_for_room(error, longest=longest):
                raise


def daemon_for(
    session: Session,
    configuration: Configuration,
    settings: Settings,
    rules: RuleBook,
    store: Store,
    notifier: Notifier,
    *,
    watch: bool,
    flickr: FlickrAccess | None = None,
    log: EventLog | None = None,
    counts: ProcessCounts | None = None,
    report: Callable[[Progress], None] | None = None,
    on_settings: Callable[[Settings], None] = lambda _settings: None,
) -> Assembly:
    """Build a daemon that can reload configuration and rules; `on_settings` is called with settings that are right."""
    log = session.log if log is None else log
    model = model_in_use(settings.vision, store.models.in_use)
    store.models.use(model.id)
    if watch:
        store.models.carry(model.id, os.getpid())
    vision, environment = settings_for(model, settings.vision), session.environment
    workers = environment.workers(
        settings=vision, models=environment.models, remote=settings.workers, clock=time.monotonic
    )
    inputs = DaemonInputs(
        settings=settings.model_copy(update={"vision": vision}),
        rules=rules,
        store=store,
        log=log,
        notifier=notifier,
        clock=time.monotonic,
        workers=workers if watch else session.noted(workers),
        has_other_model=lambda: (
            store.models.in_use != model.id and model_in_use(settings.vision, store.models.in_use) != model
        ),
        watch=watch,
        counts=ProcessCounts() if counts is None else counts,
    )
    return assemble(
        inputs,
        reload=partial(_reload, configuration, settings, rules, store, log, on_settings),
        commands=_commands(environment),
        flickr=flickr,
        report=report,
    )


def _reload(
    configuration: Configuration,
    settings: Settings,
    rules: RuleBook,
    store: Store,
    log: EventLog,
    on_settings: Callable[[Settings], None],
) -> bool:
    """Read settings and rules again; return whether the settings are others than before."""
    environment = configuration.environment
    try:
        fresh = configuration.read()
        model_in_use(fresh.vision, store.models.in_use)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the daemon goes on with the settings that it has
        log.emit("settings.rejected", problems=problems_in(error))
        return False
    rules.file = environment.rules_path(fresh)
    rules.read_again()
    on_settings(fresh)
    log.emit("service.reloaded", settings=environment.config, rules=rules.file)
    return fresh != settings


def rule_book(session: Session, settings: Settings, store: Store, log: EventLog | None = None) -> RuleBook:
    """Return the rules of these settings.

    Raises:
        UsageError: they can't be read, or are wrong.
    """
    return RuleBook(
        file=session.environment.rules_path(settings),
        read=session.environment.rules,
        store=store,
        log=session.log if log is None else log,
    )


def _result(store: Store, made: Assembly, log: ProblemLog) -> ScanResult:
    counts, tally = store.photos.counts(), made.tally
    scanned, passed_by = made.intake.root_states(), Counter[str]()
    for root in store.roots.all():
        if str(root.path) in scanned:
            passed_by.update(root.passed_by)
    return ScanResult(
        done=tally.done,
        set_aside=tally.set_aside,
        failed=tally.failed + made.intake.failed,
        operations_failed=store.journal.open_counts().get("failed", 0),
        operations_waiting=len(store.journal.waiting()),
        offline=tuple(root for root, state in made.intake.root_states().items() if state != "online"),
        stopped=made.daemon.was_stopped,
        photos=counts["seen"],
        faces=counts["faces"],
        recognised=counts["recognised"],
        passed_by=dict(passed_by),
        problems=tuple(log.problems),
    )


def _tell_start(session: Session, settings: Settings, store: Store) -> None:
    session.log.emit(
        "service.started",
        version=__version__,
        pid=os.getpid(),
        state=session.environment.state,
        config=session.environment.config,
        folders=[folder.path for folder in settings.folders],
        people=store.people.count(),
        period=settings.log.heartbeat,
    )
    if store.backup is not None:
        session.log.emit("store.migrated", store=store.path, backup=store.backup)


def _commands(environment: Environment) -> CommandLines:
    """Return the command lines of the processes beside the daemon."""
    config = () if environment.config is None else ("--config", str(environment.config))
    familiar = (sys.executable, "-m", "familiar", "--state", str(environment.state), *config)
    return CommandLines(
        group=(*familiar, "clusters", "run", "--json"), review=(*familiar, "review", "--until-input-ends")
    )
