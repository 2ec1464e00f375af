"""familiar people add, add-each: register people by photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from familiar.api.library import Library
from familiar.api.people import DataSetEnrolment
from familiar.cli.console.command import Answer, command, pass_library
from familiar.cli.console.output import INTERRUPTED, CommandError, console, print_table, say
from familiar.cli.console.parameters import FiniteRange, PathType
from familiar.errors import UsageError
from familiar.model import JUNK
from familiar.plurals import counted

if TYPE_CHECKING:
    from familiar.library.people.registration import Enrolment, FaceChoice

_SHOWN = 200
"""Rows of a table that a terminal shows."""

_COLUMNS = ("person", "registered", "known already", "refused", "left out")

largest_option = click.option("--largest", is_flag=True, help="Use the largest face of a photo with several faces.")
central_option = click.option(
    "--central", is_flag=True, help="Use the face nearest to the centre of a photo with several faces."
)

reference_quality_option = click.option(
    "--min-quality",
    type=FiniteRange(0, 1),
    default=JUNK,
    show_default=True,
    help="Faces of a lower quality do not count: they are too blurred, small or cut off to recognise anybody by.",
)


@command(epilog="Example: familiar people add 'Eileen Collins' ~/Pictures/eileen1.jpg ~/Pictures/Eileen/")
@click.argument("name")
@click.argument("paths", nargs=-1, required=True, type=PathType())
@largest_option
@central_option
@reference_quality_option
@pass_library
def add(
    library: Library, name: str, paths: tuple[Path, ...], *, largest: bool, central: bool, min_quality: float
) -> Answer:
    """Register the face in each photo as a person.

    PATHS are photos or folders; of a folder all photos in it and below are used, but no videos. A photo without a face
    is refused, and so is a photo with several faces unless --largest or --central is given; faces of a quality below
    --min-quality do not count. Nothing is registered until all photos are examined.
    """
    choice = _choice(largest=largest, central=central)
    with _interruptible():
        enrolment = library.people.add(name, paths, choice=choice, min_quality=min_quality)

    def show() -> None:
        _show_refused("photo", _refused([enrolment]))
        say(f"{name}: {_counts([enrolment])}.")

    data = {"person": name, "photos": [asdict(photo) for photo in enrolment.photos]}
    return Answer(data=data, text=show, failed=enrolment.count("refused") > 0)


@command("add-each", epilog="Example: familiar people add-each ~/Datasets/lfw --central --spaces")
@click.argument("folder", type=PathType())
@largest_option
@central_option
@click.option(
    "--max", "most", type=click.IntRange(min=1), help="Largest number of photos of a person: the first usable ones."
)
@reference_quality_option
@click.option("--spaces", is_flag=True, help="Read _ in the names of folders as a space.")
@pass_library
def add_each(
    library: Library,
    folder: Path,
    *,
    largest: bool,
    central: bool,
    most: int | None,
    min_quality: float,
    spaces: bool,
) -> Answer:
    """Register the people of a data set that has one folder per person.

    Each folder in FOLDER is a person of that name; all photos in it and below are used, as with add. Nothing is
    registered until all photos are examined. The command can be stopped at any time; run it again to continue.
    """
    choice, name_of = _choice(largest=largest, central=central), _with_spaces if spaces else str
    with _interruptible():
        found = library.people.add_each(folder, choice=choice, most=most, min_quality=min_quality, name_of=name_of)
    failed = bool(found.refused or _refused(found.people))
    return Answer(data=_as_json(found), text=lambda: _show(found), failed=failed)


@contextmanager
def _interruptible() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        message = "Stopped. Run the command again to continue; no photo is examined twice."
        raise CommandError(message, exit_code=INTERRUPTED) from error


def _choice(*, largest: bool, central: bool) -> FaceChoice:
    if largest and central:
        raise UsageError("--largest and --central can't be used together: one face of each photo is registered.")
    return "largest" if largest else "central" if central else "only"


def _with_spaces(name: str) -> str:
    return name.replace("_", " ")


def _show(found: DataSetEnrolment) -> None:
    enrolments = found.people
    if enrolments:
        rows = [
            (one.person, one.count("registered"), one.count("known"), one.count("refused"), one.left_out or "")
            for one in enrolments
        ]
        _show_rows(_COLUMNS, rows, right=_COLUMNS[1:])
    _show_refused("path", [*found.refused, *_refused(enrolments)])
    people = sum(any(photo.result != "refused" for photo in one.photos) for one in enrolments)
    besides = f" Folders and loose photos that were refused: {len(found.refused)}." if found.refused else ""
    say(f"{counted(people, 'person', 'people')}: {_counts(enrolments)}.{besides}")


def _show_refused(column: str, refused: Sequence[tuple[Path, str | None]]) -> None:
    if refused:
        _show_rows((column, "refused because"), refused)


def _show_rows(columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """Print a table; on a terminal only its first rows."""
    shown = rows[:_SHOWN] if console().is_terminal else rows
    print_table(columns, shown, right=right)
    if len(rows) > len(shown):
        say(f"... and {len(rows) - len(shown)} more; --json prints all.")


def _refused(enrolments: Sequence[Enrolment]) -> list[tuple[Path, str | None]]:
    return [(one.path, one.reason) for each in enrolments for one in each.photos if one.result == "refused"]


def _counts(enrolments: Sequence[Enrolment]) -> str:
    registered, known, refused = (
        sum(one.count(result) for one in enrolments) for result in ("registered", "known", "refused")
    )
    left_out = sum(one.left_out for one in enrolments)
    besides = f", {left_out} left out" if left_out else ""
    return f"{registered} registered, {known} known already, {refused} refused{besides}"


def _as_json(found: DataSetEnrolment) -> dict[str, Any]:
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
            for one in found.people
        ],
        "refused": [{"path": path, "reason": reason} for path, reason in found.refused],
    }
