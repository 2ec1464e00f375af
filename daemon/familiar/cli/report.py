"""familiar report: what the store has, as one page."""

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
    help="People to show, those with most photos.",
)
@click.option("--faces/--no-faces", default=True, help="Show faces, or names and figures alone.")
@force_option
@pass_library
def report(library: Library, file: Path, *, most: int, faces: bool, force: bool) -> Answer:
    """Write a page about all photos: types, years, sources, faces, people, scores, and what was set aside.

    FILE is one HTML file that needs nothing else, no network either, and can be read on a phone. A report that lies
    there is replaced, another file is not. --json prints the same figures.
    """
    written = library.report(file, people=most, faces=faces, replace=force)
    figures, totals = written.figures, written.figures.totals
    data = {"file": file, "bytes": written.size, **asdict(figures), "created": figures.created.isoformat()}
    text = f"{file} written; photos: {totals.photos + totals.videos}, faces: {totals.faces}, people: {totals.people}."
    return Answer(data=data, text=lambda: say(text))
