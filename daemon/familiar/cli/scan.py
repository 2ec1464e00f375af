"""familiar scan: handle the files that exist now."""

from dataclasses import asdict
from pathlib import Path

import click

from familiar.api.environment import Environment
from familiar.api.scan_result import ScanResult
from familiar.cli.console.command import Answer, command, open_library, pass_environment
from familiar.cli.console.log import begin_log, is_logging, log_format_option, log_level_option
from familiar.cli.console.output import counted_by_suffix, print_table, say
from familiar.cli.console.parameters import PathType
from familiar.events import NO_LOG
from familiar.plurals import counted

_SHOWN = 20
"""Problems that are shown as text."""


@command(epilog="Example: familiar scan ~/Pictures")
@click.argument("paths", nargs=-1, type=PathType())
@click.option("--retry", is_flag=True, help="Retry photos that were set aside.")
@log_format_option
@log_level_option
@pass_environment
def scan(
    environment: Environment, paths: tuple[Path, ...], *, retry: bool, log_format: str | None, log_level: str | None
) -> Answer:
    """Handle the photos that are there now, and exit.

    PATHS are folders and files; the default is the configured folders. Exits with 1 if a photo failed and will be tried
    again, or if the scan was stopped; photos that were set aside do not count as failed. Writes a log only if a log
    option is given or standard error is not a terminal.
    """
    logs = is_logging(log_format, log_level)
    log = begin_log(environment.settings(), log_format, log_level or "warning") if logs else NO_LOG
    with open_library(environment, log=log, quiet=logs) as library:
        result = library.scan(*paths, retry=retry)
    left_out = {"problems", *(() if result.passed_by else ("passed_by",))}
    data = {name: value for name, value in asdict(result).items() if name not in left_out}
    return Answer(data=data, text=lambda: _show(result), failed=not result.is_complete)


def _show(result: ScanResult) -> None:
    if result.problems:
        print_table(("what", "where", "why"), [(one.what, one.where, one.why) for one in result.problems[:_SHOWN]])
    if len(result.problems) > _SHOWN:
        more = len(result.problems) - _SHOWN
        say(f"... and {more} more; `familiar status` shows all photos that are set aside or waiting.")
    if result.stopped:
        say("Stopped; the next run continues with the remaining photos.")
    say(
        f"{result.done} handled, {result.set_aside} set aside, {result.failed} failed; "
        f"{counted(result.photos, 'photo')} with {counted(result.faces, 'face')} known, {result.recognised} recognised."
    )
    if result.operations_failed:
        say(
            f"{counted(result.operations_failed, 'operation')} failed and will be retried; `familiar status` shows why."
        )
    if result.operations_waiting:
        waiting = counted(result.operations_waiting, "operation")
        say(f"{waiting} can't be done yet; the daemon, or a later scan, does the rest; `familiar status` shows why.")
    if result.passed_by:
        say(f"Skipped by name: {counted_by_suffix(result.passed_by)}.")
