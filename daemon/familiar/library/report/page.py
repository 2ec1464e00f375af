"""The page: one file with its style, charts and pictures, without scripts and external resources."""

import base64
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from familiar import __version__
from familiar.filesystem.regular_files import open_regular
from familiar.library.report import charts
from familiar.library.report.faces import Pictures
from familiar.library.report.figures import Count, Figures

GENERATOR = "familiar report"
"""What the page says it was made by; by this `is_report` knows it again."""

STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
"""The style sheet of the report, with which other pages begin, too."""

_HEAD = 1024
"""Bytes at the start of a page that contain it."""

_MARK = re.compile(rb'<meta name="generator" content="' + GENERATOR.encode() + rb'[ "]')

_SMALL_CHARTS = 24
"""People with a chart of their own."""

_REASONS = 20
"""Reasons that are shown."""

_JOINERS = frozenset("\u200c\u200d")


def is_report(path: Path) -> bool:
    """Return whether a file is a report; raises OSError if it can't be read."""
    with open_regular(path) as file:
        return _MARK.search(file.read(_HEAD)) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart of photos, and its figures as a table."""

    title: str
    svg: Markup
    column: str
    rows: Sequence[tuple[str, int]]
    note: str = ""


def render(figures: Figures, pictures: Pictures, *, faces: bool) -> str:
    """Return the page.

    Args:
        figures: its numbers.
        pictures: its faces.
        faces: whether it shows faces; if not, there are no placeholders.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: shown(value) if type(value) is str else value,
    )
    environment.filters |= {"number": _number, "share": share, "moment": _moment, "embedded": _embedded}
    with_chart = [person for person in figures.people if person.scores][:_SMALL_CHARTS]
    low = charts.lowest_score(figures.scores)
    return environment.get_template("page.html.j2").render(
        generator=f"{GENERATOR} {__version__}",
        figures=figures,
        pictures=pictures if faces else None,
        photo_charts=_photo_charts(figures) if figures.crowds else [],
        face_charts=_face_charts(figures) if figures.crowds else [],
        scores=_svg(charts.scores_chart(figures.scores, figures.threshold)) if figures.scores else None,
        small=[(person, _svg(charts.person_chart(person, low))) for person in with_chart],
        set_aside=figures.set_aside[:_REASONS],
        waiting=figures.waiting[:_REASONS],
    )


def _photo_charts(figures: Figures) -> Iterator[Chart]:
    types = [(row.name, row.photos) for row in figures.types]
    yield Chart(title="By type", svg=_svg(charts.types_chart(figures.types)), column="type", rows=types)
    others = (("in other folders", figures.elsewhere), ("gone", figures.gone))
    sources = [*figures.sources, *(Count(name=name, photos=photos) for name, photos in others if photos)]
    yield Chart(
        title="By source",
        svg=_svg(charts.sources_chart(sources)),
        column="source",
        rows=[(row.name, row.photos) for row in sources],
    )
    years = [("unknown" if row.year is None else str(row.year), row.photos) for row in figures.years]
    if any(row.year is not None for row in figures.years):
        unknown = sum(row.photos for row in figures.years if row.year is None)
        yield Chart(
            title="By year taken",
            svg=_svg(charts.years_chart(figures.years)),
            column="year",
            rows=years,
            note=f"{_number(unknown)} have no date from the camera." if unknown else "",
        )


def _face_charts(figures: Figures) -> Iterator[Chart]:
    crowds = [(str(row.faces), row.photos) for row in figures.crowds]
    drawn = _svg(charts.crowds_chart(figures.crowds))
    yield Chart(title="Photos by number of faces", svg=drawn, column="faces", rows=crowds)


def _svg(drawn: str) -> Markup:
    return Markup(drawn)  # noqa: S704 - an element that matplotlib wrote; the names in it are escaped


def shown(text: str) -> str:
    """Return text as a page can show it: bytes that are not UTF-8, and characters that can't be seen, as escapes."""
    if text.isascii() and text.isprintable():
        return text
    whole = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(repr(one)[1:-1] if _is_odd(one) else one for one in whole)


def _is_odd(character: str) -> bool:
    return character not in _JOINERS and unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _embedded(picture: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(picture).decode()}"


def _number(count: int) -> str:
    return f"{count:,}"


def share(part: int, whole: int) -> str:
    """Return a share in percent; never 100 % for less than all, nor 0 % for more than none."""
    if not whole:
        return "0\u00a0%"
    percent = round(100 * part / whole)
    if percent == 0 and part:
        return "under 1\u00a0%"
    return "over 99\u00a0%" if percent == 100 and part < whole else f"{percent}\u00a0%"  # noqa: PLR2004


def _moment(time: datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M %Z}"
