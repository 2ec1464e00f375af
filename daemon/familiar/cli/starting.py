"""What run and scan share: settings from file and command line, the log, and the daemon put together from them."""

import logging
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from familiar.cli.context import Context, folders_of
from familiar.errors import FamiliarError
from familiar.events import EventLog
from familiar.library.rulebook import RuleBook, problems_in
from familiar.library.scoring import PercentileIndex
from familiar.logs import open_log
from familiar.service.assembly import Assembly, FlickrAccess, assemble
from familiar.service.daemon import Progress
from familiar.service.systemd import Notifier
from familiar.settings import Settings
from familiar.store.store import Store

log_format_option = click.option(
    "--log-format", type=click.Choice(["auto", "json", "text"]), help="How the log is written."
)
log_level_option = click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="What is logged."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What the command line and the configuration file say together."""

    context: Context
    paths: tuple[Path, ...]
    files: bool

    def read(self) -> Settings:
        """Return the settings, with the folders that the command line names.

        Raises:
            UsageError: the file is wrong, or there is no such folder.
        """
        settings = self.context.settings()
        return settings.model_copy(update={"folders": folders_of(self.paths, settings, files=self.files)})


def daemon_for(
    configuration: Configuration,
    settings: Settings,
    rules: RuleBook,
    store: Store,
    log: EventLog,
    notifier: Notifier,
    *,
    watch: bool,
    flickr: FlickrAccess | None = None,
    report: Callable[[Progress], None] | None = None,
) -> Assembly:
    """Put a daemon together that reads configuration and rules anew when it is told to."""

    def reload() -> bool:
        try:
            fresh = configuration.read()
        except FamiliarError as error:
            log.emit("settings.rejected", problems=problems_in(error))
            return False
        rules.file = configuration.context.rules_path(fresh)
        rules.percentiles = PercentileIndex(store, fresh.matching, fresh.vision.model)
        rules.read_again()
        log.emit("service.reloaded", settings=configuration.context.config, rules=rules.file)
        return fresh != settings

    return assemble(
        settings=settings,
        rules=rules,
        store=store,
        log=log,
        notifier=notifier,
        clock=time.monotonic,
        reload=reload,
        watch=watch,
        models=configuration.context.models,
        group_command=_group_command(configuration.context),
        flickr=flickr,
        report=report,
    )


def flickr_place(context: Context, *, once: bool = False) -> FlickrAccess:
    """Return where the Flickr part finds what it needs."""
    return FlickrAccess(credentials=context.credentials, once=once)


def _group_command(context: Context) -> tuple[str, ...]:
    """Return the command that groups faces, for a process of its own."""
    config = () if context.config is None else ("--config", str(context.config))
    return (sys.executable, "-m", "familiar", "--state", str(context.state), *config, "clusters", "run", "--json")


def rule_book(context: Context, settings: Settings, store: Store, log: EventLog) -> RuleBook:
    """Return the rules that these settings name.

    Raises:
        UsageError: they can't be read, or are wrong.
    """
    return RuleBook(
        file=context.rules_path(settings),
        read=context.rules,
        store=store,
        percentiles=PercentileIndex(store, settings.matching, settings.vision.model),
        log=log,
    )


def begin_log(settings: Settings, log_format: str | None, log_level: str | None) -> EventLog:
    """Return the log on standard error; what the command line says of it goes before the settings."""
    # What libraries warn of or log by themselves would stand raw between the lines of the log.
    warnings.simplefilter("ignore")
    logging.getLogger().addHandler(logging.NullHandler())
    chosen = {"format": log_format, "level": log_level}
    log = settings.log.model_copy(update={key: value for key, value in chosen.items() if value is not None})
    return open_log(sys.stderr, level=log.level, log_format=log.format)
