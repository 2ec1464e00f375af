"""One person: their photos over the years, faces that may be theirs, and their faces."""

from collections.abc import Sequence
from dataclasses import dataclass

from familiar.api.library import Library
from familiar.store.people import PersonRow
from familiar.store.views.faces_of_people import FaceOfPerson

_MAYBE = 60
_FACES = 200
_LONGEST_SPAN = 120
"""Years that are drawn, including those without a photo; a wrong clock may give others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YearBar:
    """The photos of a year; `share` is that of the year with the most, from 0 to 1."""

    year: int
    photos: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPerson:
    """A person with their faces, the nearest first, and the largest distance at which a face matches them."""

    row: PersonRow
    years: Sequence[YearBar]
    maybe: Sequence[FaceOfPerson]
    faces: Sequence[FaceOfPerson]
    threshold: float


def show_person(library: Library, person: int) -> ShownPerson:
    """Return a person by their id."""
    people, row = library.people, library.people.of_id(person)
    return ShownPerson(
        row=row,
        years=_bars(people.years(row.name)),
        maybe=people.maybe(row.name, most=_MAYBE),
        faces=people.faces(row.name, most=_FACES),
        threshold=people.threshold(row.name),
    )


def _bars(years: Sequence[tuple[int, int]]) -> list[YearBar]:
    """Return a bar for each year from the first to the last one."""
    if not years:
        return []
    counts, most = dict(years), max(count for _, count in years)
    last = years[-1][0]
    first = max(years[0][0], last - _LONGEST_SPAN)
    return [
        YearBar(year=year, photos=counts.get(year, 0), share=counts.get(year, 0) / most)
        for year in range(first, last + 1)
    ]
