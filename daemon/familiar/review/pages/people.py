"""All people, each with a face."""

from collections.abc import Sequence
from dataclasses import dataclass

from familiar.api.library import Library
from familiar.store.people import PersonRow
from familiar.store.views.representative_faces import RepresentativeFace


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCard:
    """A person with the face that is best to show; None if none is known."""

    row: PersonRow
    face: RepresentativeFace | None


def list_people(library: Library) -> Sequence[PersonCard]:
    """Return all people by name."""
    people = library.people
    return [PersonCard(row=row, face=next(iter(people.likenesses(row.name, most=1)), None)) for row in people.all()]
