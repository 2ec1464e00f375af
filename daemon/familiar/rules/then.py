"""What a rule does with a photo: each action gives operations for the photo and the faces that the rule is about."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, RootModel, model_validator
from pydantic import Tag as Choice

from familiar.model import Copy, Crop, Link, Move, Operation, RecognisedFace, Refusal, Subject, Tag
from familiar.rules.targets import PictureTarget, TagText, Target
from familiar.rules.templates import UNKNOWN, Template, TextTemplate, values_of
from familiar.rules.values import FROZEN, MANY, Given, Mapping, number, one_of, whole
from familiar.tags import TagError, clean_tag, raw_tag
from familiar.yaml_models import keys_of, wrong

_BY_PERSON = frozenset({"person", "score"})

_NOT_REMOTE = "it does not come from Flickr, where tags go"
_NOT_MOVED = "a photo on Flickr is not moved; copy it"
_NOT_LINKED = "the file of a photo on Flickr does not stay; copy it, or link with kind: hard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An operation that an action asks for; two of a kind with the same `key` ask for the same."""

    operation: Operation
    key: Hashable


Step: TypeAlias = Wish | Refusal


class Action(ABC):
    """One action; what has a body here holds for most."""

    stops: ClassVar[bool] = False
    """Whether no later rule is asked for this photo."""

    turn: ClassVar[int] = 0
    """When its operations are done: first what leaves the photo where it is, then the move (1), then links (2)."""

    gives_tags: ClassVar[bool] = False
    """Whether its operations are tags."""

    takes_unknown: ClassVar[bool] = False
    """Whether it is about faces that nobody is recognised in, too, where the condition says nothing of faces."""

    @property
    def target(self) -> Template | None:
        """Where it puts something, if it does."""
        return None

    def unfit(self, subject: Subject) -> str | None:  # noqa: ARG002
        """Return why it can't be done for a photo, by where that came from."""
        return None

    @abstractmethod
    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Give what is to be done for a photo and the faces that the rule is about."""


class _PhotoAction(Action):
    """An action with a target for the photo itself."""

    @property
    @abstractmethod
    def target(self) -> Template:
        """Where it puts the photo."""

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Give an operation for each person if the target names the person, else one."""
        for values in _by_person(self.target, subject, faces):
            target = self.target.render(values, subject.path.name)
            yield Wish(operation=self.operation(target, rule), key=target)

    @abstractmethod
    def operation(self, target: Path, rule: str) -> Operation:
        """Return the operation for one target."""


class MoveAction(RootModel[Target], _PhotoAction):
    """Move the photo; to another disk as a copy that is compared before the original goes."""

    model_config = FROZEN
    turn: ClassVar[int] = 1

    @property
    def target(self) -> Template:
        """Where it moves the photo."""
        return self.root

    def unfit(self, subject: Subject) -> str | None:
        """Refuse to move what is only a copy."""
        return _NOT_MOVED if subject.is_remote else None

    def operation(self, target: Path, rule: str) -> Operation:
        """Return a move."""
        return Move(target=target, rule=rule, top=self.target.top)


class CopyAction(RootModel[Target], _PhotoAction):
    """Copy the photo, with its times."""

    model_config = FROZEN

    @property
    def target(self) -> Template:
        """Where it copies the photo."""
        return self.root

    def operation(self, target: Path, rule: str) -> Operation:
        """Return a copy."""
        return Copy(target=target, rule=rule, top=self.target.top)


def _as_options(plain: object) -> object:
    """Return a target alone as the options of an action."""
    return {"to": plain} if isinstance(plain, str) else plain


class LinkAction(Mapping, _PhotoAction):
    """Link to the photo."""

    turn: ClassVar[int] = 2
    to: Target = Field(description="A folder (/ at its end), or a file.")
    kind: Annotated[str, one_of("symbolic", "hard")] = "symbolic"

    @property
    def target(self) -> Template:
        """Where it puts the link."""
        return self.to

    @property
    def is_symbolic(self) -> bool:
        """Whether the link has the photo's path, and not the photo itself."""
        return self.kind == "symbolic"

    def unfit(self, subject: Subject) -> str | None:
        """Refuse a link that would soon lead nowhere."""
        return _NOT_LINKED if subject.is_remote and self.is_symbolic else None

    def operation(self, target: Path, rule: str) -> Operation:
        """Return a link."""
        return Link(target=target, rule=rule, symbolic=self.is_symbolic, top=self.to.top)


class CropAction(Mapping, Action):
    """Write a picture of each face."""

    takes_unknown: ClassVar[bool] = True
    to: PictureTarget = Field(description="A folder (/ at its end), or a file.")
    margin: Annotated[float, number(0, 10)] = Field(
        default=0.4, description="What is added on each side, as a share of the face."
    )
    size: Given[Annotated[int, whole(8, 10_000)]] = Field(
        default=None,
        description="Pixels of a side of the square picture; by default the face stays as it is.",
    )
    min_size: Annotated[int, whole(0, MANY)] = Field(
        default=0, description="Faces whose shorter side has fewer pixels are left out."
    )
    format: Annotated[str, one_of("jpg", "png", "webp")] = Field(
        default="jpg", description="Of pictures in a target that is a folder."
    )

    @property
    def target(self) -> Template:
        """Where it puts the pictures."""
        return self.to

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Give a crop for each face that is large enough."""
        for face in faces:
            if face.face.size < self.min_size:
                reason = f"the face is {face.face.size} pixels wide, and min_size is {self.min_size}"
                yield Refusal(rule=rule, kind="crop", reason=reason)
                continue
            score = face.match.score if face.match is not None else 0.0
            values = values_of(subject, person=face.person, score=score)
            target = self.to.render(values, f"{subject.path.stem}.{self.format}")
            crop = Crop(
                target=target,
                rule=rule,
                box=face.face.box,
                margin=self.margin,
                size=self.size,
                time=face.face.time,
                top=self.to.top,
            )
            yield Wish(operation=crop, key=(target, crop.box, crop.time))


class TagAction(RootModel[TagText], Action):
    """Tag the photo on Flickr, where it came from."""

    model_config = FROZEN
    gives_tags: ClassVar[bool] = True

    def unfit(self, subject: Subject) -> str | None:
        """Refuse a tag where there is nothing to send it to."""
        return None if subject.is_remote else _NOT_REMOTE

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Give a tag for each person if the text names the person, else one; nobody is tagged as unknown."""
        for values in _by_person(self.root, subject, faces):
            if values["person"] == UNKNOWN and "person" in self.root.fields:
                continue
            text = self.root.render(values)
            try:
                tag = Tag(text=raw_tag(text), rule=rule)
            except TagError as error:
                yield Refusal(rule=rule, kind="tag", reason=str(error), text=text)
            else:
                yield Wish(operation=tag, key=clean_tag(tag.text))


class StopAction(RootModel[Literal["stop"]], Action):
    """Ask no later rule for this photo."""

    model_config = FROZEN
    stops: ClassVar[bool] = True

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:  # noqa: ARG002
        """Give nothing to do."""
        yield from ()


class KeyedAction(Mapping):
    """An action with its key: exactly one of move, copy, link, crop and tag."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    move: Given[MoveAction] = None
    copy_: Given[CopyAction] = Field(default=None, alias="copy")
    link: Annotated[Given[LinkAction], BeforeValidator(_as_options, json_schema_input_type=Target | LinkAction)] = None
    crop: Annotated[
        Given[CropAction], BeforeValidator(_as_options, json_schema_input_type=PictureTarget | CropAction)
    ] = None
    tag: Given[TagAction] = None

    @model_validator(mode="before")
    @classmethod
    def _has_one(cls, plain: object) -> object:
        keys = keys_of(cls)
        if isinstance(plain, dict) and len(plain) != 1 and plain.keys() <= set(keys):
            raise wrong(plain, f"one of {', '.join(keys)} with a target, or stop,")
        return plain

    @property
    def action(self) -> Action:
        """The action that has its key here."""
        given = (self.move, self.copy_, self.link, self.crop, self.tag)
        return next(action for action in given if action is not None)


Then: TypeAlias = Annotated[
    Annotated[StopAction, Choice("stop alone")] | Annotated[KeyedAction, Choice("an action")],
    Discriminator(lambda plain: "stop alone" if plain == "stop" else "an action"),
]
"""One item of `then`."""


def _by_person(
    to: Template | TextTemplate, subject: Subject, faces: Sequence[RecognisedFace]
) -> Iterator[dict[str, str | float | datetime]]:
    """Give a template's values: for each person with their best score if it names them, else once."""
    best: dict[str | None, float] = {}
    for face in faces:
        score = face.match.score if face.match is not None else 0.0
        best[face.person] = max(score, best.get(face.person, 0.0))
    if not best or not to.fields & _BY_PERSON:
        best = {None: max(best.values(), default=0.0)}
    for person, score in best.items():
        yield values_of(subject, person=person, score=score)
