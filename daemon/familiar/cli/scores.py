"""familiar scores: the similarity of photos to a person; statistics, lists and plots of the scores."""

import csv
import io
from dataclasses import asdict
from pathlib import Path

import click

from familiar.api.library import Library
from familiar.api.scores import WrittenScores
from familiar.cli.console.command import Answer, Group, pass_library, wants_json
from familiar.cli.console.output import console, print_table, say
from familiar.cli.console.parameters import FiniteRange, PathType, force_option, quality_option
from familiar.cli.console.standard_output import binary_output
from familiar.errors import UsageError
from familiar.identity.statistics import ScoreStatistics
from familiar.library.output_files import check_new
from familiar.library.photo_scores import MARKS, check_plot_file
from familiar.library.qualities import face_of_quality
from familiar.library.score_files import ALL_NAME
from familiar.plurals import counted

_PERCENTILE_COLUMNS = ("percentile", "score", "at or above", "at or below", "deviations")
_SHOWN = 5

source_argument = click.argument("source", required=False, type=PathType())
stored_option = click.option("--person", help="Instead of SOURCE: score all known photos for this person.")


@click.group(cls=Group)
def scores() -> None:
    """Score photos by their similarity to a person.

    The score of a photo is 1 / (1 + distance), with the distance of its nearest face.
    """


@scores.command(epilog="Example: familiar scores write --person 'Eileen Collins' ~/Pictures --recursive")
@click.argument("folder", type=PathType())
@click.option("--person", required=True, help="Person to look for.")
@click.option("--recursive", is_flag=True, help="Include subfolders of FOLDER.")
@quality_option
@click.option("--out", type=PathType(), help=f"File for all scores; default: FOLDER/{ALL_NAME}.")
@pass_library
def write(
    library: Library, folder: Path, *, person: str, recursive: bool, min_quality: float, out: Path | None
) -> Answer:
    """Write the similarity of each photo in FOLDER to a person.

    Writes a similarity_scores.txt to each folder with photos, with a line `path: score` for each photo that has a face,
    and one file with all scores. Known photos are not decoded again.
    """
    written = library.write_scores(folder, person, recursive=recursive, min_quality=min_quality, out=out)
    data = {
        "person": written.person,
        "photos": [{"path": path, "score": score} for path, score in written.scores.items()],
        "files": written.files,
        "older_files": written.older,
        "failed": [{"path": indexed.path, "reason": indexed.reason} for indexed in written.failed],
    }
    return Answer(data=data, text=lambda: _show_written(written, min_quality), failed=bool(written.failed))


@scores.command(epilog="Example: familiar scores stats ~/Pictures/all_similarity_scores.txt")
@source_argument
@stored_option
@quality_option
@click.option("--csv", "as_csv", is_flag=True, help="Print the percentiles as CSV.")
@pass_library
def stats(library: Library, source: Path | None, person: str | None, *, min_quality: float, as_csv: bool) -> Answer:
    """Show statistics of scores, with all percentiles.

    SOURCE is a file of scores, or a folder: every similarity_scores.txt in it and its subfolders is read.
    """
    if as_csv and wants_json():
        raise UsageError("--csv and --json can't be combined; give one of them.")
    statistics = library.scores(person, source=source, min_quality=min_quality).statistics()
    return Answer(data=asdict(statistics), text=lambda: (_show_csv if as_csv else _show)(statistics))


@scores.command("filter", epilog="Example: familiar scores filter ~/Pictures --min-percentile 90 --out best.txt")
@source_argument
@stored_option
@quality_option
@click.option("--min-percentile", type=FiniteRange(0, 100), help="List photos at this percentile or above.")
@click.option("--max-percentile", type=FiniteRange(0, 100), help="List photos at this percentile or below.")
@click.option("--min-score", type=FiniteRange(0, 1), help="List photos with this score or above.")
@click.option("--max-score", type=FiniteRange(0, 1), help="List photos with this score or below.")
@click.option("--out", type=PathType(), help="Write the list to this file.")
@force_option
@pass_library
def filter_(
    library: Library,
    /,
    source: Path | None,
    person: str | None,
    *,
    min_quality: float,
    out: Path | None,
    force: bool,
    **bounds: float | None,
) -> Answer:
    """List the photos with scores within bounds.

    The list contains one path a line, best first; `familiar move`, `copy` and `link` read it. SOURCE is as for stats.
    """
    if out is not None:
        check_new(out, replace=force)
    found = library.scores(person, source=source, min_quality=min_quality)
    chosen = found.between(**bounds)
    if out is not None:
        chosen.write_list(out, replace=force)

    def show() -> None:
        if out is not None:
            say(f"{len(chosen)} of {counted(len(found), 'photo')} listed in {out}")
            return
        with binary_output() as output:
            output.write(chosen.list_bytes())
        if not chosen:
            click.echo(f"0 of {counted(len(found), 'photo')} have scores within the bounds.", err=True)

    data = [{"path": path, "score": score} for path, score in zip(chosen.paths, chosen.scores.tolist(), strict=True)]
    return Answer(data=data, text=show)


@scores.command(epilog="Example: familiar scores plot ~/Pictures --out scores.png")
@source_argument
@stored_option
@quality_option
@click.option("--out", type=PathType(), help="Write a picture; the name must end in .png or .svg.")
@force_option
@pass_library
def plot(
    library: Library, source: Path | None, person: str | None, *, min_quality: float, out: Path | None, force: bool
) -> Answer:
    """Draw a histogram of scores, with percentiles.

    Without --out, draws it as text. SOURCE is as for stats.
    """
    if out is not None:
        check_plot_file(out, replace=force)
    found = library.scores(person, source=source, min_quality=min_quality)
    if out is not None:
        found.write_plot(out, replace=force)

    def show() -> None:
        if out is not None:
            say(f"{out} written.")
            return
        shown = console()
        click.echo(found.text_plot(width=shown.width if shown.is_terminal else 80))

    bounds, photos = found.histogram()
    marks = {str(percent): found.percentile(percent) for percent in MARKS}
    data = {"edges": bounds.tolist(), "photos": photos.tolist(), "percentiles": marks, "file": out}
    return Answer(data=data, text=show)


def _show_written(written: WrittenScores, min_quality: float) -> None:
    if written.failed:
        rows = [(indexed.path, indexed.reason) for indexed in written.failed]
        print_table(("photo", "could not be read because"), rows)
    say(
        f"{written.person}: {counted(len(written.scores), 'photo')} scored, "
        f"{written.without_face} without a {face_of_quality(min_quality)}, {len(written.failed)} not readable; "
        f"{counted(len(written.files), 'file')} written, all scores in {written.files[-1]}"
    )
    for file in written.older[:_SHOWN]:
        say(f"note: {file} is from an earlier run and was left unchanged; this run scored no photo in that folder.")
    if len(written.older) > _SHOWN:
        say(f"note: and {len(written.older) - _SHOWN} more.")


def _show(statistics: ScoreStatistics) -> None:
    names = ("count", "maximum", "minimum", "mean", "median", "standard_deviation")
    rows = [(name.replace("_", " "), _number(getattr(statistics, name))) for name in names]
    print_table(("scores", ""), rows, right=("",))
    say("")
    cells = [
        (each.percent, _number(each.score), each.at_or_above, each.at_or_below, f"{each.deviations:+.2f}")
        for each in statistics.percentiles
    ]
    print_table(_PERCENTILE_COLUMNS, cells, right=_PERCENTILE_COLUMNS)


def _show_csv(statistics: ScoreStatistics) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("percentile", "score", "at_or_above", "at_or_below", "deviations"))
    writer.writerows(
        (each.percent, each.score, each.at_or_above, each.at_or_below, each.deviations)
        for each in statistics.percentiles
    )
    click.echo(text.getvalue(), nl=False)


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6f}"
