"""familiar report: what the store has, as one page."""

import asyncio
from dataclasses import asdict
from pathlib import Path

import click

from familiar.cli.console.output import json_option, print_json, progress_bar, reported, say
from familiar.cli.console.parameters import PathType
from familiar.cli.context import Context, pass_context
from familiar.cli.files import check_new, force_option
from familiar.effects.replacing import whole_file
from familiar.errors import UsageError
from familiar.library.report.faces import Pictures, cut_pictures
from familiar.library.report.figures import Figures, collect
from familiar.library.report.page import is_report, render
from familiar.library.thumbnails import FaceThumbnails
from familiar.settings import Settings
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_PEOPLE = 100
_CLUSTERS = 24


@click.command(epilog="Example: familiar report ~/familiar.html")
@click.argument("file", type=PathType())
@click.option(
    "--people",
    "most",
    type=click.IntRange(0, 10_000),
    default=_PEOPLE,
    show_default=True,
    help="People to show, those with most photos.",
)
@click.option("--faces/--no-faces", default=True, help="Show faces, or names and figures alone.")
@force_option
@json_option
@pass_context
def report(context: Context, file: Path, most: int, *, faces: bool, force: bool, as_json: bool) -> None:
    """Write a page about all photos: types, years, sources, faces, people, scores, and what was set aside.

    FILE is one HTML file that needs nothing else, no network either, and can be read on a phone. A report that lies
    there is replaced, another file is not. --json prints the same figures.
    """
    with reported():
        check_new(file, force=force or _is_report(file))
        settings = context.settings()
        with context.store() as store:
            figures = collect(
                store,
                created=store.now(),
                sources={folder.path: folder.source for folder in settings.folders},
                threshold=settings.matching.threshold,
                most_people=most,
                most_clusters=_CLUSTERS,
            )
            pictures = asyncio.run(_cut(context, store, settings, figures, quiet=as_json)) if faces else Pictures()
        page = render(figures, pictures, faces=faces).encode()
        # Only now is it known what lies there: faces are cut out for minutes.
        with whole_file(file, replace=force or _is_report(file)) as output:
            output.write(page)
    if as_json:
        print_json({"file": file, "bytes": len(page), **asdict(figures), "created": figures.created.isoformat()})
    else:
        totals = figures.totals
        say(f"{file} written; photos: {totals.photos + totals.videos}, faces: {totals.faces}, people: {totals.people}.")


def _is_report(file: Path) -> bool:
    try:
        return file.is_file() and is_report(file)
    except OSError as error:
        raise UsageError(f"{file}: can't be read: {error.strerror}.") from error


async def _cut(context: Context, store: Store, settings: Settings, figures: Figures, *, quiet: bool) -> Pictures:
    async with Workers(settings=settings.vision, models=context.models) as workers:
        with progress_bar("cutting faces out", hidden=quiet) as progress:
            return await cut_pictures(store, figures, FaceThumbnails(store=store, workers=workers), progress)
