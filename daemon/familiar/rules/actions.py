"""What a rule does with a photo: each action gives operations for the photo and the faces that the rule is about."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Protocol, TypeAlias

from familiar.model import Copy, Crop, Link, Move, Operation, RecognisedFace, Refusal, Subject, Tag
from familiar.rules.templates import UNKNOWN, Template, TextTemplate, values_of
from familiar.tags import TagError, clean_tag, raw_tag

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


class Action(Protocol):
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
    def tops(self) -> tuple[Path, ...]:
        """The folder that its target never leads out of, if it has one."""
        return ()

    def unfit(self, subject: Subject) -> str | None:  # noqa: ARG002
        """Return why it can't be done for a photo, by where that came from."""
        return None

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Give what is to be done for a photo and the faces that the rule is about."""


class _PhotoAction(Action, Protocol):
    """An action with a target for the photo itself."""

    to: Template

    @property
    def tops(self) -> tuple[Path, ...]:
        """The folder that its target never leads out of."""
        return () if self.to.top is None else (self.to.top,)

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Give an operation for each person if the target names the person, else one."""
        for values in _by_person(self.to, subject, faces):
            target = self.to.render(values, subject.path.name)
            yield Wish(operation=self.operation(target, rule), key=target)

    def operation(self, target: Path, rule: str) -> Operation:
        """Return the operation for one target."""


@dataclass(frozen=True, kw_only=True)
class MoveAction(_PhotoAction):
    """Move the photo."""

    turn: ClassVar[int] = 1
    to: Template

    def unfit(self, subject: Subject) -> str | None:
        """Refuse to move what is only a copy."""
        return _NOT_MOVED if subject.is_remote else None

    def operation(self, target: Path, rule: str) -> Operation:
        """Return a move."""
        return Move(target=target, rule=rule, top=self.to.top)


@dataclass(frozen=True, kw_only=True)
class CopyAction(_PhotoAction):
    """Copy the photo."""

    to: Template

    def operation(self, target: Path, rule: str) -> Operation:
        """Return a copy."""
        return Copy(target=target, rule=rule, top=self.to.top)


@dataclass(frozen=True, kw_only=True)
class LinkAction(_PhotoAction):
    """Link to the photo."""

    turn: ClassVar[int] = 2
    to: Template
    symbolic: bool

    def unfit(self, subject: Subject) -> str | None:
        """Refuse a link that would soon lead nowhere."""
        return _NOT_LINKED if subject.is_remote and self.symbolic else None

    def operation(self, target: Path, rule: str) -> Operation:
        """Return a link."""
        return Link(target=target, rule=rule, symbolic=self.symbolic, top=self.to.top)


@dataclass(frozen=True, kw_only=True)
class CropAction(Action):
    """Write a picture of each face; `suffix` is that of a target that is a folder."""

    takes_unknown: ClassVar[bool] = True
    to: Template
    margin: float
    size: int | None
    min_size: int
    suffix: str

    @property
    def tops(self) -> tuple[Path, ...]:
        """The folder that its target never leads out of."""
        return () if self.to.top is None else (self.to.top,)

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Give a crop for each face that is large enough."""
        for face in faces:
            if face.face.size < self.min_size:
                reason = f"the face is {face.face.size} pixels wide, and min_size is {self.min_size}"
                yield Refusal(rule=rule, kind="crop", reason=reason)
                continue
            score = face.match.score if face.match is not None else 0.0
            values = values_of(subject, person=face.person, score=score)
            target = self.to.render(values, subject.path.stem + self.suffix)
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


@dataclass(frozen=True, kw_only=True)
class TagAction(Action):
    """Tag the photo where it came from."""

    gives_tags: ClassVar[bool] = True
    text: TextTemplate

    def unfit(self, subject: Subject) -> str | None:
        """Refuse a tag where there is nothing to send it to."""
        return None if subject.is_remote else _NOT_REMOTE

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Give a tag for each person if the text names the person, else one; nobody is tagged as unknown."""
        for values in _by_person(self.text, subject, faces):
            if values["person"] == UNKNOWN and "person" in self.text.fields:
                continue
            text = self.text.render(values)
            try:
                tag = Tag(text=raw_tag(text), rule=rule)
            except TagError as error:
                yield Refusal(rule=rule, kind="tag", reason=str(error), text=text)
            else:
                yield Wish(operation=tag, key=clean_tag(tag.text))


@dataclass(frozen=True, kw_only=True)
class StopAction(Action):
    """Ask no later rule for this photo."""

    stops: ClassVar[bool] = True

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:  # noqa: ARG002
        """Give nothing to do."""
        yield from ()


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
