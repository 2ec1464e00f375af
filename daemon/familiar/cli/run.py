"""familiar run and familiar scan: the daemon, until stopped or until all is handled."""

import asyncio
import os
import sys
import time
from pathlib import Path

import click

from familiar import __version__
from familiar.cli.context import Context, folders_of, pass_context
from familiar.cli.output import FAILED, json_option, print_json, progress_bar, reported, say
from familiar.logs import EventLog, open_log
from familiar.service.assembly import Assembly, assemble
from familiar.service.lock import locked
from familiar.service.systemd import Notifier
from familiar.settings import FolderSettings, Settings
from familiar.store.store import Store

_log_format = click.option("--log-format", type=click.Choice(["auto", "json", "text"]), help="How the log is written.")
_log_level = click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="What is logged.")


@click.command(epilog="Example: familiar run ~/Pictures")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@_log_format
@_log_level
@pass_context
def run(context: Context, folders: tuple[Path, ...], log_format: str | None, log_level: str | None) -> None:
    """Watch FOLDERS (by default the configured ones) and handle each photo that arrives, until stopped.

    SIGTERM and Ctrl-C stop it, SIGHUP reads configuration and rules anew and compares all folders.
    """
    with reported():
        settings = context.settings()
        watched = folders_of(folders, settings)
        log = _open_log(settings, log_format, log_level)
        context.state_folder()
        with locked(context.state), context.store(check=True) as store:
            assembly = _assemble(context, settings, watched, store, log, overridden=bool(folders))
            asyncio.run(assembly.daemon().run())


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
    """Handle what is in PATHS now (by default the configured folders), and exit.

    Exits with 1 if anything could not be handled for now; what was set aside is a result, not a failure.
    """
    with reported():
        settings = context.settings()
        watched = folders_of(paths, settings)
        log = _open_log(settings, log_format, log_level or ("warning" if log_format is None else None))
        context.state_folder()
        with locked(context.state), context.store(check=True) as store:
            if retry:
                store.photos.forget_verdicts()
            assembly = _assemble(context, settings, watched, store, log, overridden=bool(paths))
            summary = _scan(assembly, store, quiet=as_json)
    if as_json:
        print_json(summary)
    else:
        say(
            f"{summary['done']} handled, {summary['set_aside']} set aside, {summary['failed']} failed; "
            f"{summary['photos']} photos with {summary['faces']} faces known, {summary['recognised']} recognised."
        )
    if summary["failed"] or summary["offline"] or summary["operations_failed"]:
        raise SystemExit(FAILED)


def _scan(assembly: Assembly, store: Store, *, quiet: bool) -> dict[str, object]:
    with progress_bar("handling photos", hidden=quiet) as progress:
        daemon = assembly.daemon(lambda now: progress(now.done, now.done + now.waiting))
        asyncio.run(daemon.run(until_idle=True))
    counts = store.photos.counts()
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


def _assemble(
    context: Context,
    settings: Settings,
    folders: tuple[FolderSettings, ...],
    store: Store,
    log: EventLog,
    *,
    overridden: bool,
) -> Assembly:
    rules_path = context.rules_path(settings)
    rules = context.rules(rules_path)
    log.emit(
        "service.started",
        version=__version__,
        pid=os.getpid(),
        state=context.state,
        folders=[folder.path for folder in folders],
        rules=len(rules.rules),
        people=len(store.people.all()),
    )
    return assemble(
        settings=settings.model_copy(update={"folders": folders}),
        rules=rules,
        store=store,
        log=log,
        notifier=Notifier(os.environ),
        clock=time.monotonic,
        reread=lambda: _reread(context, folders if overridden else None),
    )


def _reread(context: Context, folders: tuple[FolderSettings, ...] | None):
    settings = context.settings()
    return settings.model_copy(update={"folders": folders or settings.folders}), context.rules_path(settings)


def _open_log(settings: Settings, log_format: str | None, log_level: str | None) -> EventLog:
    chosen = settings.log.model_copy(
        update={key: value for key, value in (("format", log_format), ("level", log_level)) if value is not None}
    )
    return open_log(sys.stderr, level=chosen.level, log_format=chosen.format)
