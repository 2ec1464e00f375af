"""People with whom no face is compared, as the model in use has not encoded their references."""

from dataclasses import dataclass

from familiar.embedding_models import name_of
from familiar.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedPerson:
    """A person whose references were encoded by `models`, but not by the model in use.

    `awaited` is the name of the model in use if it has yet to encode references of theirs, which are in photos; None if
    all of them were imported.
    """

    name: str
    models: tuple[str, ...]
    awaited: str | None

    @property
    def detail(self) -> str:
        """What is wrong."""
        if self.awaited is not None:
            whose = f"the references of {self.name!r}"
            return f"{self.awaited} has yet to encode {whose}; new faces are not compared with them"
        return f"{self.name!r} has references of {', '.join(self.models)} only, and is found in no photo"

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.awaited is not None:
            return f"familiar models use {self.awaited}, or start the daemon"
        return f"familiar people add {self.name!r} PHOTO..., or familiar models use {self.models[0]}"


def unmatched_people(store: Store, in_use: str) -> tuple[UnmatchedPerson, ...]:
    """Return the people of whom the model in use (its id) has encoded no reference, but others have."""
    return tuple(
        UnmatchedPerson(
            name=name,
            models=tuple(map(name_of, ids)),
            awaited=name_of(in_use) if store.references.photos(store.people.person(name).id) else None,
        )
        for name, ids in store.people.unmatched(in_use).items()
    )
