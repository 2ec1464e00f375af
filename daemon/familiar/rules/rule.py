"""A rule: its conditions and its actions."""

from functools import cached_property
from typing import Annotated, Self, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from familiar.model import FLICKR, Subject
from familiar.names import RESERVED_NAMES, name_key
from familiar.path_patterns import doubt_about
from familiar.rules.conditions import Holds, When
from familiar.rules.targets import PictureTarget, Target
from familiar.rules.then import Action, CopyAction, CropAction, LinkAction, MoveAction, StopAction, TagAction
from familiar.rules.values import NOT_EMPTY, Given, Mapping, Text, complaints, key
from familiar.yaml_models import keys_of, wrong

_NOT_MOVED = "a photo on Flickr is not moved; copy it, or leave 'flickr' out of the rule's source"


def _as_options(plain: object) -> object:
    """Return the options of an action that is given by its target alone."""
    return {"to": plain} if isinstance(plain, str) else plain


class KeyedAction(Mapping):
    """One action: exactly one of move, copy, link, crop and tag."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    move: Given[MoveAction] = key("Move the photo to this folder (/ at its end) or file.")
    copy_: Given[CopyAction] = key("Copy the photo to this folder (/ at its end) or file.", alias="copy")
    link: Annotated[Given[LinkAction], BeforeValidator(_as_options, json_schema_input_type=Target | LinkAction)] = key(
        "Link to the photo from this folder (/ at its end) or file; or a mapping with to and kind."
    )
    crop: Annotated[
        Given[CropAction], BeforeValidator(_as_options, json_schema_input_type=PictureTarget | CropAction)
    ] = key("Write a picture of each face into this folder (/ at its end) or file; or a mapping with to and options.")
    tag: Given[TagAction] = key("Tag the photo on Flickr, if it came from there.")

    @model_validator(mode="before")
    @classmethod
    def _has_one(cls, plain: object) -> object:
        keys = keys_of(cls)
        if isinstance(plain, dict) and len(plain) != 1 and plain.keys() <= set(keys):
            raise wrong(plain, f"one of {', '.join(keys)} with a target, or stop,")
        return plain

    @property
    def action(self) -> Action:
        """The action whose key is given."""
        given = (self.move, self.copy_, self.link, self.crop, self.tag)
        return next(action for action in given if action is not None)


Then: TypeAlias = Annotated[
    Annotated[StopAction, Tag("stop alone")] | Annotated[KeyedAction, Tag("an action")],
    Discriminator(lambda plain: "stop alone" if plain == "stop" else "an action"),
]
"""One item of `then`."""


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

    @cached_property
    def doubts(self) -> tuple[str, ...]:
        """What may be meant otherwise in patterns of paths."""
        doubts = (doubt_about(text) for part in self._parts for text in part.path or ())
        return tuple(f"rule {self.name!r}: {doubt}" for doubt in doubts if doubt is not None)

    def asks_for_albums_of(self, source: str) -> bool:
        """Return whether it has a condition on albums, or names them in what it does, and may be about a source."""
        asks = any(part.album is not None for part in self._parts) or any("album" in one.fields for one in self.actions)
        return asks and (self.when is None or self.when.may_be_about(source))

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
