"""The log of commands that handle photos, on standard error."""

import logging
import os
import sys
import threading
import warnings
from functools import partial

import click

from familiar.events import EventLog
from familiar.logs import is_journal, open_log
from familiar.settings import Settings
from familiar.systemd_journal import SystemdJournal

log_format_option = click.option("--log-format", type=click.Choice(["auto", "json", "text"]), help="Format of the log.")
log_level_option = click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Lowest level that is logged."
)


def begin_log(settings: Settings, log_format: str | None, log_level: str | None) -> EventLog:
    """Return the log on standard error; options of the command line override the settings."""
    # Warnings and logs of libraries would appear unformatted among the lines of the log.
    warnings.simplefilter("ignore")
    logging.getLogger().addHandler(logging.NullHandler())
    chosen = {"format": log_format, "level": log_level}
    log = settings.log.model_copy(update={key: value for key, value in chosen.items() if value is not None})
    journal = SystemdJournal() if is_journal(sys.stderr, os.environ) else None
    opened = open_log(sys.stderr, level=log.level, log_format=log.format, journal=journal)
    threading.excepthook = partial(_tell_of_thread, opened)
    return opened


def _tell_of_thread(log: EventLog, ended: threading.ExceptHookArgs) -> None:
    """Log the error that ended a thread, which Python would write between the lines of the log."""
    if ended.exc_value is not None:
        error = f"{ended.thread.name if ended.thread else 'a thread'}: {ended.exc_value!r}"
        log.emit("service.error", error=error, exc_info=ended.exc_value)


def is_for_programs(settings: Settings, log_format: str | None) -> bool:
    """Return whether the log is read by programs."""
    chosen = log_format or settings.log.format
    return chosen == "json" or (chosen == "auto" and not sys.stderr.isatty())


def is_logging(log_format: str | None, log_level: str | None) -> bool:
    """Return whether a command writes a log: if an option asks for it, or standard error is not a terminal."""
    return bool(log_format or log_level) or not sys.stderr.isatty()
