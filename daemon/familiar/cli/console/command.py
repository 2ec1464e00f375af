"""Commands: each gets a `Library` and returns an answer, which is printed as text or as JSON."""

import functools
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Concatenate, ParamSpec

import click

from familiar.api.environment import Environment
from familiar.api.library import Library
from familiar.cli import AS_JSON
from familiar.cli.console.output import FAILED, print_json, progress_bar, reported, say
from familiar.events import EventLog
from familiar.logs import open_log, printable

P = ParamSpec("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer of a command: `data` for JSON, `text` prints it for people; `failed` exits with 1."""

    data: Any
    text: Callable[[], None]
    failed: bool = False

    def show(self) -> None:
        """Print it as JSON if --json is given, else as text.

        Raises:
            SystemExit: the command failed.
        """
        if wants_json():
            print_json(self.data)
        else:
            self.text()
        if self.failed:
            raise SystemExit(FAILED)


class Command(click.Command):
    """A command with --json that reports the errors of familiar."""

    def __init__(self, name: str | None, *, params: list[click.Parameter] | None = None, **extra: Any) -> None:
        """Add --json to the command's parameters."""
        super().__init__(name, params=[*(params or ()), json_flag()], **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and print its answer."""
        with reported():
            answer = super().invoke(ctx)
            if isinstance(answer, Answer):
                answer.show()
        return answer


def command(name: str | None = None, **extra: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function a top-level command."""
    return click.command(name, cls=Command, **extra)


class Group(click.Group):
    """A group of such commands; those in other modules are imported only when they run."""

    command_class = Command
    group_class = type

    def __init__(self, *arguments: Any, elsewhere: Mapping[str, str] | None = None, **extra: Any) -> None:
        """Take the arguments of a click group; `elsewhere` maps names of commands to "module:name"."""
        super().__init__(*arguments, **extra)
        self._elsewhere = elsewhere or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted([*super().list_commands(ctx), *self._elsewhere])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of this name."""
        if cmd_name not in self._elsewhere:
            return super().get_command(ctx, cmd_name)
        module, _, name = self._elsewhere[cmd_name].partition(":")
        found: click.Command = getattr(import_module(module), name)
        return found


def json_flag() -> click.Option:
    """Return the option --json, which is not passed to the command's function."""
    help_ = "Print JSON."
    return click.Option(["--json", "as_json"], is_flag=True, expose_value=False, callback=_note_json, help=help_)


def wants_json() -> bool:
    """Return whether this command line asks for JSON."""
    return bool(click.get_current_context().meta.get(AS_JSON))


def pass_library(function: Callable[Concatenate[Library, P], Any]) -> Callable[P, Any]:
    """Pass the opened library as the first argument; it is closed when the command ends."""

    @functools.wraps(function)
    def with_library(*args: P.args, **extra: P.kwargs) -> Any:
        with open_library(_environment()) as library:
            return function(library, *args, **extra)

    return with_library


def pass_environment(function: Callable[Concatenate[Environment, P], Any]) -> Callable[P, Any]:
    """Pass the environment as the first argument: for commands that open the library themselves."""

    @functools.wraps(function)
    def with_environment(*args: P.args, **extra: P.kwargs) -> Any:
        return function(_environment(), *args, **extra)

    return with_environment


def open_library(environment: Environment, *, log: EventLog | None = None, quiet: bool = False) -> Library:
    """Return the library of this environment; it shows progress on a terminal unless `quiet`."""
    quiet = quiet or wants_json()
    library = Library(
        environment,
        progress=functools.partial(progress_bar, hidden=quiet),
        log=open_log(sys.stderr, level="error") if log is None else log,
        notify=_ignore if quiet else say,
    )
    click.get_current_context().call_on_close(lambda: _tell_unread(library))
    return library


def _tell_unread(library: Library) -> None:
    """Say on standard error, so that it is part of no result, what a command has left out."""
    for reason in sorted(library.fallbacks):
        click.echo(printable(f"warning: {reason}; a slower engine or device was used."), err=True)
    for folder, reason in library.unread.items():
        click.echo(printable(f"warning: {folder}: can't be read: {reason}; the photos in it were left out."), err=True)


def _environment() -> Environment:
    environment = click.get_current_context().find_object(Environment)
    assert environment is not None
    return environment


def _note_json(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    ctx.meta[AS_JSON] = value


def _ignore(_text: str) -> None:
    pass
