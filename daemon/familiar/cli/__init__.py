"""The command line: the composition root.

Each command's module is imported when the command is asked for: worker processes, which begin by importing the program
that they belong to, are ready a second sooner, and so is every answer.
"""

import difflib
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from familiar import __version__
from familiar.cli.console.standard_output import check_standard_output

AS_JSON = "familiar.json"
"""Key in the meta data of click's contexts: whether the command line asks for JSON."""

COMMANDS = {
    "run": "run",
    "scan": "scan",
    "status": "status",
    "doctor": "doctor",
    "plan": "plan",
    "undo": "undo",
    "people": "people.group",
    "find": "find",
    "collect": "collect",
    "scores": "scores",
    "move": "lists",
    "copy": "lists",
    "link": "lists",
    "crop": "crop",
    "clusters": "clusters.group",
    "flickr": "flickr.group",
    "sidecars": "sidecars",
    "disks": "disks",
    "rules": "rules",
    "config": "config",
    "report": "report",
    "export": "export",
    "completion": "completion",
}
"""Each command with its module in this package, in the order in which help shows them."""


class Commands(click.Group):
    """The group of all commands."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command line; what can't be printed is an error like any other."""
        check_standard_output()
        return super().main(*args, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"familiar.cli.{COMMANDS[cmd_name]}"), cmd_name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note whether JSON is asked for: an error may come before the command itself is reached."""
        ctx.meta[AS_JSON] = "--json" in args
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is asked for; of an unknown one say which may be meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if near:
                raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from error
            raise


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Begin with: familiar run ~/Pictures",
)
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="Folder with the store.")
@click.option("--config", "config_file", type=click.Path(path_type=Path, dir_okay=False), help="Configuration file.")
@click.version_option(__version__, prog_name="familiar")
@click.pass_context
def main(context: click.Context, state: Path | None, config_file: Path | None) -> None:
    """Recognise the people in your photos as they arrive, and sort the photos by your rules."""
    from familiar.api.environment import find_environment  # noqa: PLC0415 - see above
    from familiar.cli.console.output import reported  # noqa: PLC0415

    with reported():
        context.obj = find_environment(os.environ, state=state, config=config_file)
