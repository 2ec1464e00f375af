"""Output of all commands: results as text or JSON, tables, progress, and errors with their exit codes.

rich is slow to import, and is imported only where it is needed: tables, headings, colours and progress.
"""

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from familiar.cli import AS_JSON
from familiar.errors import ConfigurationError, FamiliarError, UsageError
from familiar.logs import printable

if TYPE_CHECKING:
    from rich.console import Console

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130

_SUFFIXES = 8
"""Suffixes that are shown with the numbers of their files."""

_UNBROKEN = 100_000
"""Width of output to another program: a row of a table stays on one line."""

_WRONG_PATH = frozenset({errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EACCES})


class CommandError(click.ClickException):
    """An error as the command line shows it."""

    def __init__(self, message: str, *, exit_code: int = FAILED, details: Sequence[dict[str, Any]] = ()) -> None:
        """Take the message, the exit code, and details for `--json`."""
        super().__init__(message)
        setattr(self, "exit_code", exit_code)  # noqa: B010 - click declares it for the class, and reads it from the instance
        self.details = details
        context = click.get_current_context(silent=True)
        self._as_json = context is not None and bool(context.meta.get(AS_JSON))

    def show(self, file: Any = None) -> None:  # noqa: ARG002 - click's signature
        """Print the error to standard error, as JSON if --json is given."""
        if self._as_json:
            click.echo(json.dumps({"error": self.message, "problems": list(self.details)}), err=True)
            return
        from rich.console import Console

        for line in self.message.split("\n"):
            shown = _escaped(printable(line))
            Console(stderr=True, soft_wrap=True, highlight=False).print(f"[red]error:[/red] {shown}")


@contextmanager
def reported() -> Iterator[None]:
    """Translate errors of familiar into errors of the command line."""
    try:
        yield
    except ConfigurationError as error:
        raise CommandError(str(error), exit_code=WRONG_USE, details=error.as_json()) from error
    except UsageError as error:
        raise CommandError(str(error), exit_code=WRONG_USE) from error
    except FamiliarError as error:
        raise CommandError(str(error)) from error
    except OSError as error:  # last resort: errors with more context were translated earlier
        if error.filename is None or isinstance(error.filename, int):
            raise
        named = Path(os.fsdecode(error.filename))
        code = WRONG_USE if error.errno in _WRONG_PATH else FAILED
        raise CommandError(f"{named}: can't be used: {error.strerror}.", exit_code=code) from error


def print_json(value: Any) -> None:
    """Print a value as indented JSON; paths become text."""
    click.echo(json.dumps(value, indent=2, default=_json_default))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """Print rows below their headings; columns named in `right` are aligned to the right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_escaped(printable("" if cell is None else cell)) for cell in row))
    console().print(table)


def say(text: str) -> None:
    """Print a line of text."""
    click.echo(printable(text))


def print_heading(title: str, count: int) -> None:
    """Print the heading of a table, with the number of its rows, below an empty line."""
    say("")
    console().print(f"[bold]{_escaped(title)}[/bold] ({count})")


def local_time(text: str | None) -> str | None:
    """Return a time of the store (ISO 8601, UTC) as local time, to the second."""
    return None if text is None else f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S}"


def console() -> "Console":
    """Return the console for results: only a terminal gets colours and line breaks."""
    from rich.console import Console

    shown = Console(soft_wrap=True, highlight=False)
    return shown if shown.is_terminal else Console(soft_wrap=True, highlight=False, width=_UNBROKEN)


@contextmanager
def progress_bar(label: str, *, hidden: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on a terminal; the block gets a function that takes the number done and the total."""
    if hidden or sys.stderr is None or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)


def _escaped(text: str) -> str:
    return text.replace("[", "\\[")


def _json_default(value: Any) -> Any:
    if isinstance(value, Path):
        return printable(value)
    if isinstance(value, bytes):
        return printable(value.decode("utf-8", "surrogateescape"))
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def counted_by_suffix(numbers: Mapping[str, int]) -> str:
    """Return numbers of files by their suffixes, the most first, and at most some of them."""
    most = sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = [f"{number} {suffix or 'without a suffix'}" for suffix, number in most[:_SUFFIXES]]
    more = sum(number for _, number in most[_SUFFIXES:])
    return ", ".join([*shown, *([f"{more} others"] if more else [])])
