"""What is said of people with whom no face is compared."""

from collections.abc import Sequence

from familiar.cli.console.output import say
from familiar.library.people.unmatched import UnmatchedPerson, grouped


def note_unmatched(people: Sequence[UnmatchedPerson]) -> None:
    """Print a note for people of whom the model in use has encoded no reference, with what to do."""
    for group in grouped(people):
        say(f"note: {group.detail}: {group.remedy}")
