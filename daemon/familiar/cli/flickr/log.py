"""The log of commands that use Flickr: on a terminal without a log, waits are explained in words."""

from typing import Any

import click

from familiar.cli.console.log import begin_log, is_logging
from familiar.events import EventLog
from familiar.settings import Settings


class WaitReporter:
    """An `EventLog` that also prints waits on standard error."""

    def __init__(self, log: EventLog) -> None:
        """Take the log that gets all events."""
        self._log = log

    def emit(self, name: str, /, **fields: Any) -> None:
        """Log the event of the catalogue with this name."""
        if name == "flickr.waiting":
            click.echo(f"{fields['reason']}.", err=True)
        self._log.emit(name, **fields)


def begin_flickr_log(settings: Settings, log_format: str | None, log_level: str | None) -> EventLog:
    """Return the log; on a terminal without a log option, it has only errors, and waits are printed in words."""
    is_shown = is_logging(log_format, log_level)
    log = begin_log(settings, log_format, log_level or ("warning" if is_shown else "error"))
    return log if is_shown else WaitReporter(log)
