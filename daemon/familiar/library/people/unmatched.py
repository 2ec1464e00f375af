"""People with whom no face is compared, as the model in use has not encoded their references."""

from collections.abc import Iterable
from dataclasses import dataclass

from familiar.embedding_models import command_name, is_own, name_of
from familiar.store.store import Store

_NAMED = 5
"""People who are named; of more, the number is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedPerson:
    """A person whose references were encoded by `models`, but not by the model in use.

    `awaited` is the name of the model in use if it has yet to encode references of theirs, which are in photos; None if
    all of them were imported.
    """

    name: str
    models: tuple[str, ...]
    awaited: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedGroup:
    """People, at least one, of whom the same is to be told and done: with `models` and `awaited` of each."""

    names: tuple[str, ...]
    models: tuple[str, ...]
    awaited: str | None

    @property
    def detail(self) -> str:
        """What is wrong."""
        if self.awaited is not None:
            whose = f"the references of {self._named}"
            return f"{self.awaited} has yet to encode {whose}; new faces are not compared with them"
        has, is_ = ("has", "is") if len(self.names) == 1 else ("have", "are")
        return f"{self._named} {has} references of {', '.join(self.models)} only, and {is_} found in no photo"

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.awaited is not None:
            return f"familiar models use {self.awaited}, or start the daemon"
        each = "" if len(self.names) == 1 else " for each of them"
        known = next((name for name in self.models if not is_own(name)), None)
        other = f"familiar models use {known}" if known else "use that network again (vision.model: own)"
        return f"familiar people add {self.names[0]!r} PHOTO...{each}, or {other}"

    @property
    def _named(self) -> str:
        named, more = [repr(name) for name in self.names[:_NAMED]], len(self.names) - _NAMED
        if more > 0:
            return f"{', '.join(named)} and {more} more"
        return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))


def unmatched_people(store: Store, in_use: str) -> tuple[UnmatchedPerson, ...]:
    """Return the people of whom the model in use (its id) has encoded no reference, but others have."""
    awaited = command_name(in_use)
    return tuple(
        UnmatchedPerson(
            name=name,
            models=tuple(map(name_of, ids)),
            awaited=awaited if store.references.photos(store.people.person(name).id) else None,
        )
        for name, ids in store.people.unmatched(in_use).items()
    )


def grouped(people: Iterable[UnmatchedPerson]) -> tuple[UnmatchedGroup, ...]:
    """Return people in groups of whom the same is to be told, however many they are."""
    groups: dict[tuple[tuple[str, ...], str | None], list[str]] = {}
    for one in people:
        key = (() if one.awaited is not None else one.models, one.awaited)
        groups.setdefault(key, []).append(one.name)
    return tuple(
        UnmatchedGroup(names=tuple(names), models=models, awaited=awaited)
        for (models, awaited), names in groups.items()
    )
