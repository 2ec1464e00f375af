"""The command line: the composition root."""

import os
from pathlib import Path

import click

from familiar import __version__
from familiar.cli.completion import completion
from familiar.cli.config import config
from familiar.cli.context import find_context
from familiar.cli.doctor import doctor
from familiar.cli.output import reported
from familiar.cli.people import people
from familiar.cli.plan import plan
from familiar.cli.rules import rules
from familiar.cli.run import run, scan
from familiar.cli.status import status
from familiar.cli.undo import undo


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Begin with: familiar run ~/Pictures",
)
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="Folder with the store.")
@click.option("--config", "config_file", type=click.Path(path_type=Path, dir_okay=False), help="Configuration file.")
@click.version_option(__version__, prog_name="familiar")
@click.pass_context
def main(context: click.Context, state: Path | None, config_file: Path | None) -> None:
    """Recognise the people in your photos as they arrive, and sort the photos by your rules."""
    with reported():
        context.obj = find_context(os.environ, state=state, config=config_file)


for command in (run, scan, status, doctor, plan, undo, config, rules, people, completion):
    main.add_command(command)
