"""A rule: its conditions and its actions."""

from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from familiar.model import Subject
from familiar.names import RESERVED_NAMES, name_key
from familiar.rules.conditions import Holds, When
from familiar.rules.then import Action, KeyedAction, Then
from familiar.rules.values import NOT_EMPTY, Given, Mapping, Text, complaints
from familiar.settings import FLICKR

_NOT_MOVED = "a photo on Flickr is not moved; copy it, or leave 'flickr' out of the rule's source"


class Rule(Mapping):
    """If the conditions hold for a photo, the actions are done."""

    name: Text = Field(description="Name of the rule in the log and in the journal; each rule has its own.")
    when: Given[When] = Field(default=None, description="Conditions; without them the rule holds for every photo.")
    then: Annotated[tuple[Then, ...], NOT_EMPTY] = Field(description="Actions.")

    @model_validator(mode="after")
    def _moves_only_files(self) -> Self:
        asked = () if self.when is None else self.when.parts(denied=False)
        if any(FLICKR in (part.source or ()) for part in asked):
            moves = [number for number, item in enumerate(self.then) if isinstance(item, KeyedAction) and item.move]
            if moves:
                raise complaints((("then", number, "move"), _NOT_MOVED) for number in moves)
        return self

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """The actions, in order."""
        return tuple(item.action if isinstance(item, KeyedAction) else item for item in self.then)

    @cached_property
    def people(self) -> frozenset[str]:
        """The names of people in the rule."""
        named = {name for part in self._parts for name in part.person or ()}
        return frozenset(name for name in named if name_key(name) not in RESERVED_NAMES)

    @property
    def tags(self) -> bool:
        """Whether the rule gives tags."""
        return any(action.gives_tags for action in self.actions)

    def check(self, subject: Subject) -> Holds | None:
        """Return what holds for a photo, or None if the conditions do not."""
        return Holds() if self.when is None else self.when.check(subject)

    def ranks(self, person: str) -> bool:
        """Return whether the rule asks for the percentiles of a person's scores."""
        return any(part.percentile is not None and part.names(person) for part in self._parts)

    @cached_property
    def _parts(self) -> tuple[When, ...]:
        return () if self.when is None else tuple(self.when.parts())
