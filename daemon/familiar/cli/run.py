"""familiar run: the daemon."""

import faulthandler
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from familiar.api.environment import Environment
from familiar.cli.console.command import open_library, pass_environment
from familiar.cli.console.log import begin_log, is_for_programs, log_format_option, log_level_option
from familiar.cli.console.output import CommandError, reported
from familiar.cli.console.parameters import PathType
from familiar.events import EventLog
from familiar.settings import Settings


@click.command(epilog="Example: familiar run ~/Pictures")
@click.argument("folders", nargs=-1, type=PathType())
@log_format_option
@log_level_option
@pass_environment
def run(environment: Environment, folders: tuple[Path, ...], log_format: str | None, log_level: str | None) -> None:
    """Watch folders, and handle each photo that arrives.

    Watches FOLDERS and their subfolders, by default the configured folders, until the daemon is stopped. SIGTERM and
    Ctrl-C stop it. SIGHUP reloads the configuration and the rules, and rescans all folders.
    """
    with suppress(OSError, ValueError):  # of a standard error that is closed
        faulthandler.enable()  # the watchdog ends a daemon that hangs by SIGABRT: the log tells where it was
    first = Settings()
    with _logged(begin_log(first, log_format, log_level), is_for_programs(first, log_format)), reported():
        settings = environment.settings()
    log = begin_log(settings, log_format, log_level)
    with _logged(log, is_for_programs(settings, log_format)), reported(), open_library(environment, log=log) as library:
        library.run(folders)


@contextmanager
def _logged(log: EventLog, is_for_programs: bool) -> Iterator[None]:  # noqa: FBT001 - a private function
    """Log the error that ends the daemon as an event, where programs read the log: they would lose a bare line."""
    try:
        yield
    except CommandError as error:
        if not is_for_programs:
            raise
        log.emit("service.error", error=error.message)
        sys.exit(error.exit_code)
