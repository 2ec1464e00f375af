"""familiar scores: how near photos come to a person; statistics, lists and plots of that."""

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np

from familiar.cli.console.output import FAILED, console, json_option, print_json, print_table, reported, say
from familiar.cli.console.parameters import FiniteRange, PathType
from familiar.cli.console.standard_output import binary_output
from familiar.cli.context import Context, pass_context
from familiar.cli.files import check_new, force_option
from familiar.cli.looking import look_through
from familiar.cli.photos import folder_at
from familiar.effects.replacing import replace_files
from familiar.errors import FamiliarError, UsageError
from familiar.identity.score_files import write_list
from familiar.identity.statistics import Scores, ScoreStatistics, score_at, statistics_of
from familiar.library.score_files import ALL_NAME, left_over, read_score_files, write_score_files
from familiar.library.scoring import Scorer
from familiar.library.survey import IndexedFile, photos_of

_PERCENTILE_COLUMNS = ("percentile", "score", "at or above", "at or below", "deviations")
_MARKS = (50, 75, 90, 95, 99)
_PLOT_SUFFIXES = (".png", ".svg")
_SHOWN = 5

source_argument = click.argument("source", required=False, type=PathType())
stored_option = click.option("--person", help="In place of SOURCE: all photos that are known, scored for this person.")


@click.group()
def scores() -> None:
    """Score photos by how near they come to a person.

    The score of a photo is 1 / (1 + distance) of the face in it that comes nearest.
    """


@scores.command(epilog="Example: familiar scores write --person 'Eileen Collins' ~/Pictures --recursive")
@click.argument("folder", type=PathType())
@click.option("--person", required=True, help="Whom to look for.")
@click.option("--recursive", is_flag=True, help="Take the folders below FOLDER, too.")
@click.option("--out", type=PathType(), help=f"The file with all scores; by default FOLDER/{ALL_NAME}.")
@json_option
@pass_context
def write(context: Context, folder: Path, person: str, *, recursive: bool, out: Path | None, as_json: bool) -> None:
    """Write how near each photo in FOLDER comes to a person.

    In every folder with photos a similarity_scores.txt is written, with a line `path: score` for each photo in which
    a face was found, and one file with all of them. Photos that are known are not looked at again.
    """
    with reported():
        settings = context.settings()
        where = folder_at(folder, files=False).model_copy(update={"recursive": recursive})
        with context.store() as store:
            scorer = Scorer(store, settings.matching, settings.vision.model)
            name = store.people.find(person).name
            indexed_files = look_through(context, store, settings, [where], quiet=as_json)
            photos = photos_of(indexed_files)
            found = scorer.score(name, list(photos))
        if not found:
            raise FamiliarError(
                f"{where.path}: no face was found in {_count(len(photos), 'photo')}; nothing was written."
            )
        scored = {path: found[photo] for photo, paths in photos.items() if photo in found for path in paths}
        files = write_score_files(scored, together=out or where.path / ALL_NAME)
        older = left_over(where.path, files, recursive=recursive)
    failed = [indexed for indexed in indexed_files if indexed.photo is None]
    if as_json:
        _print_written(name, scored, files, failed, older)
    else:
        if failed:
            print_table(("photo", "could not be looked at"), [(indexed.path, indexed.reason) for indexed in failed])
        faceless = sum(len(paths) for photo, paths in photos.items() if photo not in found)
        say(
            f"{name}: {_count(len(scored), 'photo')} scored, {faceless} without a face, {len(failed)} not readable; "
            f"{_count(len(files), 'file')} written, all scores in {files[-1]}"
        )
        for file in older[:_SHOWN]:
            say(f"note: {file} is of an earlier time; no photo beside it was scored now, and it was left as it is.")
        if len(older) > _SHOWN:
            say(f"note: so are {len(older) - _SHOWN} more.")
    if failed:
        raise SystemExit(FAILED)


@scores.command(epilog="Example: familiar scores stats ~/Pictures/all_similarity_scores.txt")
@source_argument
@stored_option
@click.option("--csv", "as_csv", is_flag=True, help="Print the percentiles as CSV.")
@json_option
@pass_context
def stats(context: Context, source: Path | None, person: str | None, *, as_csv: bool, as_json: bool) -> None:
    """Show the statistics of scores, with all percentiles.

    SOURCE is a file of scores, or a folder: all files similarity_scores.txt in and below it are taken.
    """
    with reported():
        if as_csv and as_json:
            raise UsageError("--csv and --json are two forms of the same: name one.")
        statistics = statistics_of(_values(_scores(context, source, person)))
    if as_json:
        print_json(asdict(statistics))
    elif as_csv:
        click.echo(_csv(statistics), nl=False)
    else:
        _show(statistics)


@scores.command("filter", epilog="Example: familiar scores filter ~/Pictures --min-percentile 90 --out best.txt")
@source_argument
@stored_option
@click.option("--min-percentile", type=FiniteRange(0, 100), help="Take scores of this percentile and above.")
@click.option("--max-percentile", type=FiniteRange(0, 100), help="Take scores of this percentile and below.")
@click.option("--min-score", type=FiniteRange(0, 1), help="Take this score and above.")
@click.option("--max-score", type=FiniteRange(0, 1), help="Take this score and below.")
@click.option("--out", type=PathType(), help="Write the list to this file.")
@force_option
@json_option
@pass_context
def filter_(
    context: Context,
    source: Path | None,
    person: str | None,
    *,
    min_percentile: float | None,
    max_percentile: float | None,
    min_score: float | None,
    max_score: float | None,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """List the photos whose scores lie within bounds.

    The list has a path a line, the best first; `familiar move`, `copy` and `link` take it. SOURCE as for stats.
    """
    with reported():
        if out is not None:
            check_new(out, force=force)
        found = _scores(context, source, person)
        values = _values(found)
        low = max(_bounds(values, min_percentile, min_score), default=float("-inf"))
        high = min(_bounds(values, max_percentile, max_score), default=float("inf"))
        if low > high:
            raise UsageError(f"The bounds leave nothing: from a score of {low:g} up to {high:g}.")
        chosen = sorted((path for path, score in found.items() if low <= score <= high), key=lambda path: -found[path])
        if out is not None:
            replace_files({out: write_list(chosen)})
    if as_json:
        print_json([{"path": Path(path), "score": found[path]} for path in chosen])
    elif out is None:
        with binary_output() as output:
            output.write(write_list(chosen))
        if not chosen:
            click.echo(f"0 of {_count(len(found), 'photo')} lie within the bounds.", err=True)
    if out is not None and not as_json:
        say(f"{len(chosen)} of {_count(len(found), 'photo')} listed in {out}")


@scores.command(epilog="Example: familiar scores plot ~/Pictures --out scores.png")
@source_argument
@stored_option
@click.option("--out", type=PathType(), help="Write a picture: the name ends in .png or .svg.")
@force_option
@json_option
@pass_context
def plot(
    context: Context, source: Path | None, person: str | None, *, out: Path | None, force: bool, as_json: bool
) -> None:
    """Draw how scores are spread, with percentiles.

    Without --out it is drawn as text. SOURCE as for stats.
    """
    from familiar.plots.bins import edges  # noqa: PLC0415 - only plots need matplotlib
    from familiar.plots.drawing import as_bytes  # noqa: PLC0415
    from familiar.plots.histogram import histogram, histogram_text  # noqa: PLC0415

    with reported():
        if out is not None:
            check_new(out, force=force)
            if out.suffix.lower() not in _PLOT_SUFFIXES:
                raise UsageError(f"{out}: the name of a plot ends in {' or '.join(_PLOT_SUFFIXES)}.")
        values = _values(_scores(context, source, person))
        if out is not None:
            title = f"Scores of {_count(len(values), 'photo')}: {person or source}"
            figure = histogram(values, title=title, percentiles=_MARKS)
            replace_files({out: as_bytes(figure, out.suffix.lower())})
    if as_json:
        bounds = edges(values, most=60)
        counts, _ = np.histogram(values, bounds)
        marks = {str(percent): score_at(values, percent) for percent in _MARKS}
        print_json({"edges": bounds.tolist(), "photos": counts.tolist(), "percentiles": marks, "file": out})
    elif out is not None:
        say(f"{out} written.")
    else:
        shown = console()
        width = shown.width if shown.is_terminal else 80
        click.echo(histogram_text(values, width=width, height=12, percentiles=_MARKS))


def _scores(context: Context, source: Path | None, person: str | None) -> dict[str, float]:
    """Return scores by path: from files, or of all known photos."""
    if (source is None) == (person is None):
        raise UsageError("Name a file or a folder with scores, or --person for all known photos; one of the two.")
    if source is not None:
        return read_score_files(source)
    assert person is not None
    settings = context.settings()
    with context.store() as store:
        found = Scorer(store, settings.matching, settings.vision.model).score(person)
        paths = store.sightings.all_paths()
    scored = {str(paths[photo][0]): score for photo, score in found.items() if photo in paths}
    if not scored:
        raise FamiliarError("No photo with a face is known: familiar scan ~/Pictures")
    return scored


def _values(found: Mapping[str, float]) -> Scores:
    return np.fromiter(found.values(), np.float64, len(found))


def _bounds(values: Scores, percent: float | None, score: float | None) -> list[float]:
    """Return the bounds that were asked for, as scores."""
    return [*([] if percent is None else [score_at(values, percent)]), *([] if score is None else [score])]


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


def _csv(statistics: ScoreStatistics) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("percentile", "score", "at_or_above", "at_or_below", "deviations"))
    writer.writerows(
        (each.percent, each.score, each.at_or_above, each.at_or_below, each.deviations)
        for each in statistics.percentiles
    )
    return text.getvalue()


def _print_written(
    person: str, scored: Mapping[Path, float], files: tuple[Path, ...], failed: list[IndexedFile], older: list[Path]
) -> None:
    print_json(
        {
            "person": person,
            "photos": [{"path": path, "score": score} for path, score in scored.items()],
            "files": files,
            "older_files": older,
            "failed": [{"path": indexed.path, "reason": indexed.reason} for indexed in failed],
        }
    )


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6f}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
