"""familiar report: the contents of the store, as one page."""

from dataclasses import asdict
from pathlib import Path

import click

from familiar.api.library import Library
from familiar.cli.console.command import Answer, command, pass_library
from familiar.cli.console.output import say
from familiar.cli.console.parameters import PathType, force_option


@command(epilog="Example: familiar report ~/familiar.html")
@click.argument("file", type=PathType())
@click.option(
    "--people",
    "most",
    type=click.IntRange(0, 10_000),
    default=100,
    show_default=True,
    help="Number of people to show, those with the most photos.",
)
@click.option("--faces/--no-faces", default=True, help="Show faces (default), or only names and numbers.")
@force_option
@pass_library
def report(library: Library, file: Path, *, most: int, faces: bool, force: bool) -> Answer:
    """Write a page about all photos: types, years, sources, faces, people, scores, and what was set aside.

    FILE is a single HTML file that needs no other files and no network, and is readable on a phone. An existing report
    is replaced; any other file is not. --json prints the same numbers.
    """
    written = library.report(file, people=most, faces=faces, replace=force)
    figures, totals = written.figures, written.figures.totals
    data = {"file": file, "bytes": written.size, **asdict(figures), "created": figures.created.isoformat()}
    text = f"{file} written; photos: {totals.photos + totals.videos}, faces: {totals.faces}, people: {totals.people}."
    return Answer(data=data, text=lambda: say(text))
