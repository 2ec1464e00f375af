"""familiar move, copy, link: put the photos of a list into a folder, so that it can be undone."""

import asyncio
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from familiar.cli.carrying import carry_out_now, conclude, step_as_json
from familiar.cli.collect import operation_to
from familiar.cli.console.output import json_option, print_json, progress_bar, reported
from familiar.cli.console.parameters import PathType, expanded
from familiar.cli.context import Context, pass_context
from familiar.errors import FamiliarError, UsageError
from familiar.filesystem.regular_files import read_given
from familiar.identity.score_files import read_list, read_scores
from familiar.library.concurrency import run_all
from familiar.library.indexing import Indexer
from familiar.library.locations import check_apart
from familiar.model import Plan
from familiar.settings import Settings
from familiar.store.photos import PhotoRow
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_SHOWN = 5

_list = click.argument("file", metavar="LIST", type=PathType(allow_dash=True))
_to = click.option("--to", "target", required=True, type=PathType(), help="The folder.")
_gone = click.option("--ignore-missing", is_flag=True, help="Pass by what is listed and not there.")


@click.command(epilog="Example: familiar move best.txt --to ~/Pictures/Best")
@_list
@_to
@_gone
@json_option
@pass_context
def move(context: Context, file: Path, *, target: Path, ignore_missing: bool, as_json: bool) -> None:
    """Move the photos of LIST to a folder.

    LIST has a path a line, as `familiar scores filter` writes it; - is standard input. Nothing is overwritten, and
    `familiar undo --last` takes all of it back.
    """
    _put(context, file, target, "move", "moved", ignore_missing=ignore_missing, as_json=as_json)


@click.command(epilog="Example: familiar copy best.txt --to ~/Pictures/Best")
@_list
@_to
@_gone
@json_option
@pass_context
def copy(context: Context, file: Path, *, target: Path, ignore_missing: bool, as_json: bool) -> None:
    """Copy the photos of LIST to a folder.

    LIST has a path a line, as `familiar scores filter` writes it; - is standard input. Nothing is overwritten, and
    `familiar undo --last` takes all of it back.
    """
    _put(context, file, target, "copy", "copied", ignore_missing=ignore_missing, as_json=as_json)


@click.command(epilog="Example: familiar link best.txt --to ~/Pictures/Best")
@_list
@_to
@_gone
@click.option("--hard", is_flag=True, help="Make hard links: the same file system only.")
@json_option
@pass_context
def link(context: Context, file: Path, *, target: Path, ignore_missing: bool, hard: bool, as_json: bool) -> None:
    """Link the photos of LIST into a folder.

    LIST has a path a line, as `familiar scores filter` writes it; - is standard input. Nothing is overwritten, and
    `familiar undo --last` takes all of it back.
    """
    action = "hard-link" if hard else "link"
    _put(context, file, target, action, "linked", ignore_missing=ignore_missing, as_json=as_json)


def _put(
    context: Context, file: Path, target: Path, action: str, done: str, *, ignore_missing: bool, as_json: bool
) -> None:
    with reported():
        settings = context.settings()
        where = check_apart(target, [])
        paths = _listed(file, ignore_missing=ignore_missing)
        elsewhere = [path for path in paths if path.parent != where]
        with context.store(create=True) as store:
            photos = asyncio.run(_identify(context, store, settings, elsewhere, quiet=as_json))
            plans = [
                (photo.id, path, Plan(operations=(operation_to(where / path.name, action, f"familiar {action}"),)))
                for path, photo in zip(elsewhere, photos, strict=True)
            ]
            steps = carry_out_now(context, store, settings, plans, quiet=as_json)
    if as_json:
        print_json([step_as_json(step) for step in steps])
    conclude(steps, done, there=len(paths) - len(elsewhere), quiet=as_json)


def _listed(file: Path, *, ignore_missing: bool) -> list[Path]:
    """Return the files of a list, which are there.

    Raises:
        UsageError: it can't be read, has no path, one that can't be, or a folder.
        FamiliarError: one of the files is gone.
    """
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else read_given(file)
    except OSError as error:
        raise UsageError(f"{file}: can't be read: {error.strerror}.") from error
    listed = [_path(text) for text in read_list(data)]
    if not listed:
        raise UsageError(f"{file}: there is no path in it; a list has one a line.")
    modes = {path: _mode(path) for path in listed}
    folders = [path for path, mode in modes.items() if stat.S_ISDIR(mode)]
    if folders:
        raise UsageError(f"{file}: {folders[0]} is a folder; a list has the paths of photos.")
    gone = [path for path in listed if not stat.S_ISREG(modes[path])]
    if gone and not ignore_missing:
        shown = "\n".join(f"{path}: is not there any more" for path in gone[:_SHOWN])
        more = f"\nand {len(gone) - _SHOWN} more" if len(gone) > _SHOWN else ""
        raise FamiliarError(
            f"{shown}{more}\n{len(gone)} of {len(listed)} files of {file} are missing. Nothing was done; "
            "--ignore-missing passes them by."
        )
    return [path for path, mode in modes.items() if stat.S_ISREG(mode)]


def _path(text: str) -> Path:
    """Return the path that a line names; of a line of scores only the path, unless a file has that very name.

    Raises:
        UsageError: it begins with the home of a user who does not exist.
    """
    if not os.path.lexists(os.path.expanduser(text)):
        scored, _ = read_scores(text.encode("utf-8", "surrogateescape"))
        text = next(iter(scored), text)
    return Path(os.path.abspath(expanded(text)))


def _mode(path: Path) -> int:
    """Return what lies at a path, as the system has it; 0 for nothing, and for what can't be a path."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


async def _identify(
    context: Context, store: Store, settings: Settings, paths: Sequence[Path], *, quiet: bool
) -> list[PhotoRow]:
    async with Workers(settings=settings.vision, models=context.models, tasks=len(paths)) as workers:
        indexer = Indexer(store=store, workers=workers)
        with progress_bar("looking at photos", hidden=quiet) as progress:
            return await run_all(map(indexer.identify, paths), progress)
