"""The command line: arguments in, one call of the library, and its answer as text or JSON.

Each command's module is imported only when the command runs, and none for the help. This saves a second for each
command, and for worker processes, which start by importing the program.
"""

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from familiar.cli.console.standard_output import check_standard_output, occupy_standard_descriptors

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

AS_JSON = "familiar.json"
"""Key in the meta data of click's contexts: whether --json is given."""


class CommandEntry(NamedTuple):
    """A command before its module is imported: the module in this package, and the first line of its help."""

    module: str
    summary: str


COMMANDS = {
    "run": CommandEntry("run", "Watch folders, and handle each photo that arrives."),
    "scan": CommandEntry("scan", "Handle the photos that are there now, and exit."),
    "status": CommandEntry("status", "Show what is done, what is waiting, and what failed."),
    "doctor": CommandEntry("doctor", "Check this installation, and suggest fixes."),
    "migrate": CommandEntry("migrate", "Migrate the store of an older version."),
    "plan": CommandEntry("plan", "Show what the rules would do; touch nothing."),
    "undo": CommandEntry("undo", "Undo what rules and commands did to files."),
    "people": CommandEntry("people.group", "Register people by their faces; list, rename, merge them."),
    "models": CommandEntry("models", "Show which models encode faces, and use another one."),
    "find": CommandEntry("find", "Show who is in IMAGE, and known photos with the same faces, nearest first."),
    "collect": CommandEntry("collect", "Put all photos and videos of people into one folder."),
    "scores": CommandEntry("scores", "Score photos by their similarity to a person."),
    "move": CommandEntry("lists", "Move the photos of LIST to a folder."),
    "copy": CommandEntry("lists", "Copy the photos of LIST to a folder."),
    "link": CommandEntry("lists", "Link the photos of LIST into a folder."),
    "crop": CommandEntry("crop", "Crop the faces of a person from photos, for a data set."),
    "clusters": CommandEntry("clusters.group", "Name groups of faces: one answer for hundreds of photos."),
    "review": CommandEntry("review", "Name faces in a browser: groups of unnamed faces, whole groups at once."),
    "flickr": CommandEntry("flickr.group", "Fetch photos from a Flickr account, and send tags back to it."),
    "sidecars": CommandEntry(
        "sidecars",
        "Write names and faces to XMP sidecars, or read those of other programs.",
    ),
    "workers": CommandEntry("workers", "Let other machines analyse photos, as workers of Dask."),
    "disks": CommandEntry("disks", "Show the disk of each known folder, and accept a change of disk."),
    "rules": CommandEntry("rules", "Check the rules; apply them to known photos."),
    "service": CommandEntry("service", "Install the daemon as a service of systemd, upgrade it, and show its state."),
    "config": CommandEntry("config", "Write, check and show the configuration."),
    "report": CommandEntry(
        "report",
        "Write a page about all photos: types, years, sources, faces, people, scores, and what was set aside.",
    ),
    "export": CommandEntry("export", "Write all photos, faces or matches as a table: CSV, JSON Lines or Parquet."),
    "completion": CommandEntry("completion", "Print the completion script for a shell."),
}
"""All commands, in the order of the help."""


class Commands(click.Group):
    """The group of all commands."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command line; output that can't be written is an error like any other."""
        occupy_standard_descriptors()
        check_standard_output()
        return super().main(*args, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"familiar.cli.{COMMANDS[cmd_name].module}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands."""
        width = formatter.width - 6 - max(map(len, COMMANDS))  # as click does
        listed = (click.Command(name, help=one.summary) for name, one in COMMANDS.items())
        with formatter.section("Commands"):
            formatter.write_dl([(command.name or "", command.get_short_help_str(width)) for command in listed])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the commands and options that start with this."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - see above

        begun = [name for name in COMMANDS if name.startswith(incomplete)]
        commands = [CompletionItem(name, help=COMMANDS[name].summary) for name in begun]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note whether --json is given: an error may occur before the command itself runs."""
        ctx.meta[AS_JSON] = "--json" in args
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an unknown one, suggest a similar one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib  # noqa: PLC0415 - see above

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if near:
                raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from error
            raise


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: familiar run ~/Pictures",
)
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="Folder that contains the store.")
@click.option("--config", "config_file", type=click.Path(path_type=Path, dir_okay=False), help="Configuration file.")
@click.version_option(package_name="familiar", prog_name="familiar")
@click.pass_context
def main(context: click.Context, state: Path | None, config_file: Path | None) -> None:
    """Recognise the people in your photos as they arrive, and sort the photos by your rules."""
    from familiar.api.environment import find_environment, start_workers  # noqa: PLC0415 - see above
    from familiar.cli.console.output import reported  # noqa: PLC0415

    with reported():
        workers = context.obj or start_workers  # who calls this from Python may have workers that are running
        context.obj = find_environment(os.environ, state=state, config=config_file, workers=workers)
