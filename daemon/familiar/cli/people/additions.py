"""familiar people add, add-each: register people by photos."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from familiar.cli.console.output import (
    FAILED,
    INTERRUPTED,
    CommandError,
    console,
    json_option,
    print_json,
    print_table,
    progress_bar,
    reported,
    say,
)
from familiar.cli.console.parameters import PathType
from familiar.cli.context import Context, pass_context
from familiar.cli.photos import named_folders, photos_in
from familiar.cli.rematching import rematch
from familiar.errors import UsageError
from familiar.library.indexing import Indexer
from familiar.library.people.person_folders import DataSet, read_data_set
from familiar.library.people.registration import Candidate, Enrolment, FaceChoice, Registrar
from familiar.library.recognition import Recogniser
from familiar.library.reencoding import Reencoder
from familiar.logs import open_log
from familiar.names import check_name
from familiar.settings import Settings
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_SHOWN = 200
"""Rows of a table that a terminal shows."""

_COLUMNS = ("person", "registered", "known already", "refused", "left out")

largest_option = click.option("--largest", is_flag=True, help="Take the largest face of a photo with several.")
central_option = click.option(
    "--central", is_flag=True, help="Take the face nearest to the middle of a photo with several."
)


@click.command(epilog="Example: familiar people add 'Eileen Collins' ~/Pictures/eileen1.jpg ~/Pictures/Eileen/")
@click.argument("name")
@click.argument("paths", nargs=-1, required=True, type=PathType())
@largest_option
@central_option
@json_option
@pass_context
def add(context: Context, name: str, paths: tuple[Path, ...], *, largest: bool, central: bool, as_json: bool) -> None:
    """Register the face in each photo as a person.

    PATHS are photos, or folders: all photos in them and below are taken, but no videos. A photo without
    a face is refused, and one with several, but for --largest or --central. Nobody is registered before all
    photos were looked at.
    """
    with reported(), _interruptible():
        check_name(name)
        choice = _choice(largest=largest, central=central)
        settings = context.settings()
        photos = photos_in(map(settings.without_videos().watched, named_folders(paths)))
        with context.store(create=True) as store:
            candidate = Candidate(name=name, photos=tuple(photos))
            (enrolment,) = _register(context, store, settings, [candidate], choice=choice, quiet=as_json)
    if as_json:
        print_json({"person": name, "photos": [asdict(photo) for photo in enrolment.photos]})
    else:
        _show_refused("photo", _refused([enrolment]))
        say(f"{name}: {_counts([enrolment])}.")
    if enrolment.count("refused"):
        raise SystemExit(FAILED)


@click.command("add-each", epilog="Example: familiar people add-each ~/Datasets/lfw --central --spaces")
@click.argument("folder", type=PathType())
@largest_option
@central_option
@click.option("--max", "most", type=click.IntRange(min=1), help="Photos of a person: the first ones that will do.")
@click.option("--spaces", is_flag=True, help="Take _ in the names of folders for a space.")
@json_option
@pass_context
def add_each(
    context: Context, folder: Path, *, largest: bool, central: bool, most: int | None, spaces: bool, as_json: bool
) -> None:
    """Register the people of a data set with one folder a person.

    Each folder in FOLDER is a person of its name, by all photos in it and below, as with add. Nobody is registered
    before all photos were looked at. It can be stopped at any time, and goes on there when it is run again.
    """
    with reported(), _interruptible():
        choice = _choice(largest=largest, central=central)
        settings = context.settings()
        found = read_data_set(
            Path(os.path.abspath(folder)),
            settings.without_videos().watched,
            name_of=lambda name: name.replace("_", " ") if spaces else name,
        )
        with context.store(create=True) as store:
            enrolments = _register(context, store, settings, found.candidates, choice=choice, most=most, quiet=as_json)
    if as_json:
        print_json(_as_json(found, enrolments))
    else:
        _show(found, enrolments)
    if found.refused or _refused(enrolments):
        raise SystemExit(FAILED)


@contextmanager
def _interruptible() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        message = "Stopped. Run it again to go on: no photo that was looked at is looked at again."
        raise CommandError(message, exit_code=INTERRUPTED) from error


def _choice(*, largest: bool, central: bool) -> FaceChoice:
    if largest and central:
        raise UsageError("--largest and --central do not go together: one face of each photo is taken.")
    return "largest" if largest else "central" if central else "only"


def _register(
    context: Context,
    store: Store,
    settings: Settings,
    candidates: Sequence[Candidate],
    *,
    choice: FaceChoice,
    most: int | None = None,
    quiet: bool,
) -> list[Enrolment]:
    """Register people, and match all faces again."""

    async def register() -> list[Enrolment]:
        photos = sum(len(candidate.photos) for candidate in candidates)
        async with Workers(settings=settings.vision, models=context.models, tasks=photos) as workers:
            recogniser = Recogniser(store, settings.matching, settings.vision.model)
            log = open_log(sys.stderr, level="error")
            reencoder = Reencoder(store=store, workers=workers, recogniser=recogniser, log=log, clock=time.monotonic)
            registrar = Registrar(
                store=store,
                indexer=Indexer(store=store, workers=workers),
                reencoder=reencoder,
                recogniser=recogniser,
                at_once=workers.slots,
                choice=choice,
                most=most,
            )
            with progress_bar("looking at photos", hidden=quiet) as progress:
                return await registrar.register(candidates, progress)

    enrolments = asyncio.run(register())
    rematch(context, store, settings, quiet=quiet)
    return enrolments


def _show(found: DataSet, enrolments: Sequence[Enrolment]) -> None:
    if enrolments:
        rows = [
            (one.person, one.count("registered"), one.count("known"), one.count("refused"), one.left_out or "")
            for one in enrolments
        ]
        _show_rows(_COLUMNS, rows, right=_COLUMNS[1:])
    _show_refused("path", [*found.refused, *_refused(enrolments)])
    people = sum(any(photo.result != "refused" for photo in one.photos) for one in enrolments)
    besides = f" Folders and loose photos that were refused: {len(found.refused)}." if found.refused else ""
    say(f"{people} people: {_counts(enrolments)}.{besides}")


def _show_refused(column: str, refused: Sequence[tuple[Path, str | None]]) -> None:
    if refused:
        _show_rows((column, "refused because"), refused)


def _show_rows(columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """Print a table: all of it, but on a terminal no more than can be read."""
    shown = rows[:_SHOWN] if console().is_terminal else rows
    print_table(columns, shown, right=right)
    if len(rows) > len(shown):
        say(f"... and {len(rows) - len(shown)} more; --json gives all.")


def _refused(enrolments: Sequence[Enrolment]) -> list[tuple[Path, str | None]]:
    return [(one.path, one.reason) for each in enrolments for one in each.photos if one.result == "refused"]


def _counts(enrolments: Sequence[Enrolment]) -> str:
    registered, known, refused = (
        sum(one.count(result) for one in enrolments) for result in ("registered", "known", "refused")
    )
    left_out = sum(one.left_out for one in enrolments)
    besides = f", {left_out} left out" if left_out else ""
    return f"{registered} registered, {known} known already, {refused} refused{besides}"


def _as_json(found: DataSet, enrolments: Sequence[Enrolment]) -> dict[str, Any]:
    return {
        "people": [
            {
                "person": one.person,
                "registered": one.count("registered"),
                "known": one.count("known"),
                "refused": one.count("refused"),
                "left_out": one.left_out,
                "photos": [asdict(photo) for photo in one.photos],
            }
            for one in enrolments
        ],
        "refused": [{"path": path, "reason": reason} for path, reason in found.refused],
    }
