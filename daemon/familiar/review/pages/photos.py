"""Photos by month: those that fulfil a filter, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from familiar.api.library import Library
from familiar.errors import UsageError
from familiar.store.views.photo_filters import People, PhotoFilter
from familiar.store.views.timeline import MonthOfPhotos, TimelinePhoto, TimelinePlace

FIRST = 60
"""Photos that a page has from the beginning; the script fetches all others as they come near."""

_FIRST_MONTHS = 6
"""Months that a page has from the beginning, at most: to look into each takes some milliseconds."""

_MOST_PEOPLE = 20
_NAMES = ("person", "which", "unknown", "source", "folder", "year", "kind", "set-aside")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the address of the page asks for: a filter, with the names of its people, and the same as a query."""

    photos: PhotoFilter
    people: tuple[str, ...]
    query: tuple[tuple[str, str], ...]

    @property
    def is_any(self) -> bool:
        """Whether nothing is asked for."""
        return not self.query


NOTHING = Wishes(photos=PhotoFilter(), people=(), query=())
"""All photos."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMonth:
    """A month with the number of its photos, and the first of them."""

    month: str
    count: int
    photos: Sequence[TimelinePhoto]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTimeline:
    """The first photos from a place on; `months` is None while photos are counted.

    `after` is the place at which the next part begins, if there is one. `sources` are the watched folders by their ids,
    and `years` those of all photos.
    """

    wishes: Wishes
    total: int | None
    shown: Sequence[ShownMonth]
    after: TimelinePlace | None
    start: str
    sources: Sequence[tuple[int, Path]]
    has_flickr: bool


def read_wishes(library: Library, asked: Sequence[tuple[str, str]]) -> Wishes:
    """Return what an address asks for.

    Raises:
        UsageError: it asks for what there can't be.
    """
    query = tuple((name, value.strip()) for name, value in asked if name in _NAMES and value.strip())
    one = dict(query)
    people = tuple(dict.fromkeys(value for name, value in query if name == "person"))[:_MOST_PEOPLE]
    source = one.get("source")
    return Wishes(
        photos=PhotoFilter(
            people=tuple(library.people.id_of(name) for name in people),
            which=cast("People", _choice("which", one.get("which", "all"), get_args(People))),
            unknown="unknown" in one,
            source="flickr" if source == "flickr" else _number("source", source),
            folder=_folder(one.get("folder")),
            year=_number("year", one.get("year")),
            kind=cast("Literal['photo', 'video'] | None", _kind(one.get("kind"))),
            set_aside="set-aside" in one,
        ),
        people=people,
        query=query,
    )


def show_timeline(
    library: Library, wishes: Wishes, months: Sequence[MonthOfPhotos] | None, start: TimelinePlace | None
) -> ShownTimeline:
    """Return the first photos that fulfil a filter, from a place on."""
    shown, after = _first(library, wishes.photos, months or (), start)
    return ShownTimeline(
        wishes=wishes,
        total=None if months is None else sum(month.photos for month in months),
        shown=shown,
        after=after,
        start="" if start is None else str(start),
        sources=library.photos.sources(),
        has_flickr=library.photos.has_flickr(),
    )


def _first(
    library: Library, wanted: PhotoFilter, months: Sequence[MonthOfPhotos], start: TimelinePlace | None
) -> tuple[list[ShownMonth], TimelinePlace | None]:
    """Return months with their first photos, and where the next part begins."""
    shown: list[ShownMonth] = []
    left = FIRST
    for month in months:
        if start is not None and not _is_from(month.month, start):
            continue
        at = start if start is not None and month.month == start.month else None
        found = library.photos.part(month.month, wanted=wanted, start=at, most=left + 1)
        if found and (left == 0 or len(shown) == _FIRST_MONTHS):
            return shown, found[0].place
        shown.append(ShownMonth(month=month.month, count=month.photos, photos=found[:left]))
        if len(found) > left:
            return shown, found[left].place
        left -= len(found)
    return shown, None


def _is_from(month: str, start: TimelinePlace) -> bool:
    """Return whether a month is that of a place, or comes after it: earlier ones, and at last those without a date."""
    return month == start.month if not start.month else month <= start.month


def _choice(name: str, value: str, choices: Sequence[str]) -> str:
    if value not in choices:
        raise UsageError(f"{name} is {value[:40]!r}; it must be one of {', '.join(choices)}.")
    return value


def _kind(value: str | None) -> str | None:
    return None if value is None else _choice("kind", value, ("photo", "video"))


def _number(name: str, value: str | None) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 10):  # noqa: PLR2004
        raise UsageError(f"{name} is {value[:40]!r}; it must be a number.")
    return int(value)


def _folder(value: str | None) -> Path | None:
    if value is None:
        return None
    if not value.startswith("/") or "\0" in value:
        raise UsageError(f"folder is {value[:200]!r}; it must be a whole path, such as /home/ana/Pictures.")
    return Path(value)
