"""All people, each with a face; hidden ones apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from familiar.api.library import Library
from familiar.store.people import PersonState
from familiar.store.views.representative_faces import RepresentativeFace


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCard:
    """A person with the face that stands for them; None if none is known."""

    row: PersonState
    face: RepresentativeFace | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPeople:
    """All people by name, with the version of what was decided about people."""

    shown: Sequence[PersonCard]
    hidden: Sequence[PersonCard]
    version: str

    @property
    def cards(self) -> Sequence[PersonCard]:
        """All of them."""
        return (*self.shown, *self.hidden)


def list_people(library: Library) -> ShownPeople:
    """Return all people by name."""
    version = library.people.version
    cards = [PersonCard(row=person, face=face) for person, face in library.people.covers()]
    return ShownPeople(
        shown=[card for card in cards if not card.row.hidden],
        hidden=[card for card in cards if card.row.hidden],
        version=version,
    )
