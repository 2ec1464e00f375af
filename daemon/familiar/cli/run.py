"""familiar run: the daemon."""

import asyncio
import os
from pathlib import Path

import click

from familiar import __version__
from familiar.cli.console.output import reported
from familiar.cli.console.parameters import PathType
from familiar.cli.context import Context, pass_context
from familiar.cli.starting import (
    Configuration,
    begin_log,
    daemon_for,
    flickr_place,
    log_format_option,
    log_level_option,
    rule_book,
)
from familiar.events import EventLog
from familiar.service.systemd import Notifier
from familiar.settings import Settings
from familiar.store.store import Store


@click.command(epilog="Example: familiar run ~/Pictures")
@click.argument("folders", nargs=-1, type=PathType())
@log_format_option
@log_level_option
@pass_context
def run(context: Context, folders: tuple[Path, ...], log_format: str | None, log_level: str | None) -> None:
    """Watch folders, and handle each photo that arrives.

    FOLDERS are watched with all below them, by default the configured ones, until the daemon is stopped. SIGTERM and
    Ctrl-C stop it; SIGHUP reads configuration and rules anew and compares all folders.
    """
    with reported():
        configuration = Configuration(context=context, paths=folders, files=False)
        settings = configuration.read()
        log = begin_log(settings, log_format, log_level)
        with context.held_store(lasts=True, create=True) as store:
            notifier = Notifier(os.environ)
            rules = rule_book(context, settings, store, log)
            _tell_start(context, settings, store, log)
            while True:
                flickr = flickr_place(context) if settings.flickr.enabled else None
                daemon = daemon_for(configuration, settings, rules, store, log, notifier, watch=True, flickr=flickr)
                if not asyncio.run(daemon.daemon.run()):
                    return
                settings = configuration.read()


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
