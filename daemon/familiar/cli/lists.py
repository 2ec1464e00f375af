"""familiar move, copy, link: put the photos of a list into a folder; this can be undone."""

import sys
from pathlib import Path

import click

from familiar.api.library import Library
from familiar.api.photo_lists import Listed
from familiar.cli.console.command import Answer, command, pass_library
from familiar.cli.console.parameters import PathType
from familiar.cli.console.steps import steps_answer
from familiar.errors import UsageError
from familiar.library.photo_lists import names_in

_STANDARD_INPUT = Path("-")

_list = click.argument("file", metavar="LIST", type=PathType(allow_dash=True))
_to = click.option("--to", "target", required=True, type=PathType(), help="Target folder.")
_gone = click.option("--ignore-missing", is_flag=True, help="Skip listed files that do not exist.")


@command(epilog="Example: familiar move best.txt --to ~/Pictures/Best")
@_list
@_to
@_gone
@pass_library
def move(library: Library, file: Path, *, target: Path, ignore_missing: bool) -> Answer:
    """Move the photos of LIST to a folder.

    LIST contains one path a line, as written by `familiar scores filter`; - is standard input. Nothing is overwritten.
    To undo: familiar undo --last.
    """
    moved = library.move(_listed(file), target, ignore_missing=ignore_missing)
    return steps_answer(moved.steps, "moved", there=moved.already_there)


@command(epilog="Example: familiar copy best.txt --to ~/Pictures/Best")
@_list
@_to
@_gone
@pass_library
def copy(library: Library, file: Path, *, target: Path, ignore_missing: bool) -> Answer:
    """Copy the photos of LIST to a folder.

    LIST contains one path a line, as written by `familiar scores filter`; - is standard input. Nothing is overwritten.
    To undo: familiar undo --last.
    """
    copied = library.copy(_listed(file), target, ignore_missing=ignore_missing)
    return steps_answer(copied.steps, "copied", there=copied.already_there)


@command(epilog="Example: familiar link best.txt --to ~/Pictures/Best")
@_list
@_to
@_gone
@click.option("--hard", is_flag=True, help="Make hard links; the folder must be on the same file system.")
@pass_library
def link(library: Library, file: Path, *, target: Path, ignore_missing: bool, hard: bool) -> Answer:
    """Link the photos of LIST into a folder.

    LIST contains one path a line, as written by `familiar scores filter`; - is standard input. Nothing is overwritten.
    To undo: familiar undo --last.
    """
    linked = library.link(_listed(file), target, hard=hard, ignore_missing=ignore_missing)
    return steps_answer(linked.steps, "linked", there=linked.already_there)


def _listed(file: Path) -> Listed:
    """Return the list that is named.

    Raises:
        UsageError: standard input can't be read.
    """
    if file != _STANDARD_INPUT:
        return file
    try:
        return names_in(sys.stdin.buffer.read())
    except OSError as error:
        raise UsageError(f"{file}: can't be read: {error.strerror}.") from error
