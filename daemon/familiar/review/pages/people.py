"""All people, each with a face."""

from collections.abc import Sequence
from dataclasses import dataclass

from familiar.api.library import Library
from familiar.store.people import PersonGlance
from familiar.store.views.representative_faces import RepresentativeFace


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCard:
    """A person with the face that is best to show; None if none is known."""

    row: PersonGlance
    face: RepresentativeFace | None


def list_people(library: Library) -> Sequence[PersonCard]:
    """Return all people by name."""
    return [PersonCard(row=person, face=face) for person, face in library.people.covers()]
