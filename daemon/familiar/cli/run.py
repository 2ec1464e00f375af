"""familiar run and familiar scan: the daemon, until stopped or until all is handled."""

import asyncio
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from familiar import __version__
from familiar.cli.context import Context, folders_of, pass_context
from familiar.cli.output import FAILED, json_option, print_json, progress_bar, reported, say
from familiar.errors import FamiliarError
from familiar.logs import EventLog, open_log
from familiar.service.assembly import Assembly, assemble
from familiar.service.daemon import Progress
from familiar.service.lock import locked
from familiar.service.rulebook import RuleBook, problems_in
from familiar.service.systemd import Notifier
from familiar.settings import Settings
from familiar.store.store import Store

_log_format = click.option("--log-format", type=click.Choice(["auto", "json", "text"]), help="How the log is written.")
_log_level = click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="What is logged."
)


@click.command(epilog="Example: familiar run ~/Pictures")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@_log_format
@_log_level
@pass_context
def run(context: Context, folders: tuple[Path, ...], log_format: str | None, log_level: str | None) -> None:
    """Watch folders, and handle each photo that arrives.

    FOLDERS are watched with all below them, by default the configured ones, until the daemon is stopped. SIGTERM
    and Ctrl-C stop it; SIGHUP reads configuration and rules anew and compares all folders.
    """
    with reported():
        configuration = _Configuration(context=context, paths=folders, files=False)
        settings = configuration.read()
        log = _open_log(settings, log_format, log_level)
        context.make_state()
        with locked(context.state), context.store(check=True) as store:
            notifier = Notifier(os.environ)
            rules = _rules(context, settings, store, log)
            _tell_start(context, settings, store, log)
            while _assemble(configuration, settings, rules, store, log, notifier).run():
                settings = configuration.read()


@click.command(epilog="Example: familiar scan ~/Pictures")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--retry", is_flag=True, help="Try photos again that were set aside.")
@_log_format
@_log_level
@json_option
@pass_context
def scan(
    context: Context,
    paths: tuple[Path, ...],
    *,
    retry: bool,
    log_format: str | None,
    log_level: str | None,
    as_json: bool,
) -> None:
    """Handle the photos that are there now, and exit.

    PATHS are folders and files, by default the configured folders. What was set aside is a result; exits with 1 if
    something failed, and will be tried again.
    """
    with reported():
        configuration = _Configuration(context=context, paths=paths, files=True)
        settings = configuration.read()
        log = _open_log(settings, log_format, log_level or "warning")
        context.make_state()
        with locked(context.state), context.store(check=True) as store:
            if retry:
                store.photos.forget_verdicts()
            rules = _rules(context, settings, store, log)
            summary = _scan(configuration, settings, rules, store, log, quiet=as_json)
    if as_json:
        print_json(summary)
    else:
        say(
            f"{summary['done']} handled, {summary['set_aside']} set aside, {summary['failed']} failed; "
            f"{summary['photos']} photos with {summary['faces']} faces known, {summary['recognised']} recognised."
        )
    if summary["failed"] or summary["operations_failed"] or summary["offline"]:
        raise SystemExit(FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Configuration:
    """What the command line and the configuration file say together."""

    context: Context
    paths: tuple[Path, ...]
    files: bool

    def read(self) -> Settings:
        settings = self.context.settings()
        return settings.model_copy(update={"folders": folders_of(self.paths, settings, files=self.files)})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runner:
    assembly: Assembly
    until_idle: bool

    def run(self) -> bool:
        return asyncio.run(self.assembly.daemon.run(until_idle=self.until_idle))


def _assemble(
    configuration: _Configuration,
    settings: Settings,
    rules: RuleBook,
    store: Store,
    log: EventLog,
    notifier: Notifier,
    *,
    until_idle: bool = False,
    report: Callable[[Progress], None] | None = None,
) -> _Runner:
    def reload() -> bool:
        try:
            fresh = configuration.read()
        except FamiliarError as error:
            log.emit("settings.rejected", problems=problems_in(error))
            return False
        rules.file = configuration.context.rules_path(fresh)
        rules.read_again()
        log.emit("service.reloaded", settings=configuration.context.config, rules=rules.file)
        return fresh != settings

    assembly = assemble(
        settings=settings,
        rules=rules,
        store=store,
        log=log,
        notifier=notifier,
        clock=time.monotonic,
        reload=reload,
        watch=not until_idle,
        report=report,
    )
    return _Runner(assembly=assembly, until_idle=until_idle)


def _scan(
    configuration: _Configuration, settings: Settings, rules: RuleBook, store: Store, log: EventLog, *, quiet: bool
) -> dict[str, Any]:
    with progress_bar("handling photos", hidden=quiet) as progress:
        runner = _assemble(
            configuration,
            settings,
            rules,
            store,
            log,
            Notifier({}),
            until_idle=True,
            report=lambda now: progress(now.done, now.done + now.waiting),
        )
        runner.run()
    assembly, counts = runner.assembly, store.photos.counts()
    return {
        "done": assembly.handler.tally.done,
        "set_aside": assembly.handler.tally.set_aside,
        "failed": assembly.handler.tally.failed,
        "operations_failed": store.journal.counts().get("failed", 0),
        "offline": [root for root, state in assembly.intake.root_states().items() if state != "online"],
        "photos": counts["seen"],
        "faces": counts["faces"],
        "recognised": counts["recognised"],
    }


def _rules(context: Context, settings: Settings, store: Store, log: EventLog) -> RuleBook:
    return RuleBook(file=context.rules_path(settings), read=context.rules, store=store, log=log)


def _tell_start(context: Context, settings: Settings, store: Store, log: EventLog) -> None:
    log.emit(
        "service.started",
        version=__version__,
        pid=os.getpid(),
        state=context.state,
        config=context.config,
        folders=[folder.path for folder in settings.folders],
        people=len(store.people.all()),
    )
    if store.backup is not None:
        log.emit("store.migrated", store=store.path, backup=store.backup)


def _open_log(settings: Settings, log_format: str | None, log_level: str | None) -> EventLog:
    # What libraries warn of or log by themselves would stand raw between the lines of the log.
    warnings.simplefilter("ignore")
    logging.getLogger().addHandler(logging.NullHandler())
    chosen = {"format": log_format, "level": log_level}
    log = settings.log.model_copy(update={key: value for key, value in chosen.items() if value is not None})
    return open_log(sys.stderr, level=log.level, log_format=log.format)
