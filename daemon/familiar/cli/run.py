"""familiar run: the daemon."""

from pathlib import Path

import click

from familiar.api.environment import Environment
from familiar.cli.console.command import open_library, pass_environment
from familiar.cli.console.log import begin_log, log_format_option, log_level_option
from familiar.cli.console.output import reported
from familiar.cli.console.parameters import PathType


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
    with reported():
        log = begin_log(environment.settings(), log_format, log_level)
        with open_library(environment, log=log) as library:
            library.run(folders)
