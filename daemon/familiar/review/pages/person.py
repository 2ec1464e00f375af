"""One person: their photos over the years, faces that may be theirs, their looks, references and faces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from familiar.api.library import Library
from familiar.store.people import PersonState
from familiar.store.views.faces_of_people import FaceOfPerson, ThresholdChange
from familiar.store.views.representative_faces import RepresentativeFace

_MAYBE = 60
_FACES = 120
_REFERENCES = 48
_IN_DOUBT = 12
"""Faces that another threshold would add or take away, of each kind."""

_OF_LOOK = 8
"""Faces of a look that are shown."""

_LOOKS = 40
_LONGEST_SPAN = 120
"""Years that are drawn, including those without a photo; a wrong clock may give others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YearBar:
    """The photos of a year; `share` is that of the year with the most, from 0 to 1."""

    year: int
    photos: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownYears:
    """The number of the photos of a person, and a bar for each year from the first to the last one."""

    photos: int
    years: Sequence[YearBar]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPerson:
    """A person with their faces, the nearest first, and the largest distance at which a face matches them."""

    row: PersonState
    maybe: Sequence[FaceOfPerson]
    references: Sequence[RepresentativeFace]
    faces: "FacesOfPerson"
    threshold: float
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FacesOfPerson:
    """Faces of a person from number `start` on, counted from 0: the nearest first, or the farthest ones."""

    row: PersonState
    faces: Sequence[FaceOfPerson]
    start: int
    farthest: bool

    @property
    def after(self) -> int | None:
        """The number of the next face, if there is one."""
        end = self.start + len(self.faces)
        return end if self.faces and end < self.row.faces else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLook:
    """A look with its most typical faces; `ids` are those of all of its faces."""

    ids: Sequence[int]
    faces: Sequence[FaceOfPerson]
    years: tuple[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLooks:
    """The looks of a person, and the faces that are like no other one, if any; `compared` faces were looked at."""

    row: PersonState
    compared: int
    faces: int
    looks: Sequence[ShownLook]
    more: int
    alone: ShownLook | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdPreview:
    """What another threshold would change."""

    row: PersonState
    change: ThresholdChange


def show_person(library: Library, person: int, *, farthest: bool) -> ShownPerson:
    """Return a person by their id; of their faces, the nearest ones come first, or the farthest."""
    people, row, version = library.people, library.people.state(person), library.people.version
    return ShownPerson(
        row=row,
        maybe=people.maybe(row.name, most=_MAYBE),
        references=people.reference_faces(row.name, most=_REFERENCES),
        faces=FacesOfPerson(
            row=row, faces=people.faces(row.name, most=_FACES, farthest=farthest), start=0, farthest=farthest
        ),
        threshold=people.threshold(row.name),
        version=version,
    )


def years_of_person(library: Library, person: int) -> ShownYears:
    """Return the photos of a person by year; to count tens of thousands takes longer than all else on the page."""
    years = library.people.photos_by_year(library.people.state(person).name)
    return ShownYears(
        photos=sum(photos for _, photos in years),
        years=_bars([(year, photos) for year, photos in years if year is not None]),
    )


def faces_of_person(library: Library, person: int, start: int, *, farthest: bool) -> FacesOfPerson:
    """Return the faces of a person from a number on."""
    row = library.people.state(person)
    faces = library.people.faces(row.name, start=start, most=_FACES, farthest=farthest)
    return FacesOfPerson(row=row, faces=faces, start=start, farthest=farthest)


def looks_of_person(library: Library, person: int) -> ShownLooks:
    """Return the looks of a person; this compares many of their faces."""
    row = library.people.state(person)
    found = library.people.looks(row.name)
    first = found.looks[:_LOOKS]
    shown = [face for ids in (*(look.faces for look in first), found.alone) for face in ids[:_OF_LOOK]]
    faces = {face.id: face for face in library.people.those(row.name, shown)}
    return ShownLooks(
        row=row,
        compared=found.compared,
        faces=found.faces,
        looks=[_look(look.faces, faces, look.years) for look in first],
        more=max(0, len(found.looks) - _LOOKS),
        alone=_look(found.alone, faces, None) if found.alone else None,
    )


def preview_threshold(library: Library, person: int, distance: float) -> ThresholdPreview:
    """Return what another threshold would change."""
    row = library.people.state(person)
    return ThresholdPreview(row=row, change=library.people.with_threshold(row.name, distance, most=_IN_DOUBT))


def _look(ids: Sequence[int], faces: Mapping[int, FaceOfPerson], years: tuple[str, str] | None) -> ShownLook:
    return ShownLook(ids=ids, faces=[faces[face] for face in ids[:_OF_LOOK] if face in faces], years=years)


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
