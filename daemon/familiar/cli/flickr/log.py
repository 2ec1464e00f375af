"""The log of commands that talk to Flickr: a terminal without a log is told in plain words why nothing happens."""

from typing import Any

import click

from familiar.cli.console.log import begin_log, is_logging
from familiar.events import EventLog
from familiar.settings import Settings


class WaitReporter:
    """An `EventLog` that tells of waits on standard error, too."""

    def __init__(self, log: EventLog) -> None:
        """Take the log to which all goes."""
        self._log = log

    def emit(self, name: str, /, **fields: Any) -> None:
        """Log the event of the catalogue with this name."""
        if name == "flickr.waiting":
            click.echo(f"{fields['reason']}.", err=True)
        self._log.emit(name, **fields)


def begin_flickr_log(settings: Settings, log_format: str | None, log_level: str | None) -> EventLog:
    """Return the log; on a terminal where none was asked for, it has errors only, and waits are told in words."""
    is_shown = is_logging(log_format, log_level)
    log = begin_log(settings, log_format, log_level or ("warning" if is_shown else "error"))
    return log if is_shown else WaitReporter(log)
