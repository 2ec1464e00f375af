"""What a rule does with a photo: each action gives operations for the photo and the faces that the rule is about."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeAlias

from familiar.model import Copy, Crop, Link, Move, Operation, RecognisedFace, Refusal, Subject, Tag
from familiar.rules.templates import UNKNOWN, Template, TextTemplate, values_of
from familiar.tags import TagError, raw_tag

Step: TypeAlias = Operation | Refusal

_BY_PERSON = frozenset({"person", "score"})


class Action(Protocol):
    """One action."""

    @property
    def stops(self) -> bool:
        """Whether no later rule is asked for this photo."""

    @property
    def tops(self) -> tuple[Path, ...]:
        """The folder that its target never leads out of, if it has one."""

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Give what is to be done for a photo and the faces that the rule is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveAction:
    """Move the photo."""

    to: Template
    stops: bool = False

    @property
    def tops(self) -> tuple[Path, ...]:
        """The folder that its target never leads out of."""
        return () if self.to.top is None else (self.to.top,)

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Give a move for each person if the target names the person, else one."""
        for values in _by_person(self.to, subject, faces):
            yield Move(target=self.to.render(values, subject.path.name), rule=rule, top=self.to.top)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyAction:
    """Copy the photo."""

    to: Template
    stops: bool = False

    @property
    def tops(self) -> tuple[Path, ...]:
        """The folder that its target never leads out of."""
        return () if self.to.top is None else (self.to.top,)

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Give a copy for each person if the target names the person, else one."""
        for values in _by_person(self.to, subject, faces):
            yield Copy(target=self.to.render(values, subject.path.name), rule=rule, top=self.to.top)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAction:
    """Link to the photo."""

    to: Template
    symbolic: bool
    stops: bool = False

    @property
    def tops(self) -> tuple[Path, ...]:
        """The folder that its target never leads out of."""
        return () if self.to.top is None else (self.to.top,)

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Give a link for each person if the target names the person, else one."""
        for values in _by_person(self.to, subject, faces):
            target = self.to.render(values, subject.path.name)
            yield Link(target=target, rule=rule, symbolic=self.symbolic, top=self.to.top)


@dataclass(frozen=True, slots=True, kw_only=True)
class CropAction:
    """Write a picture of each face; `suffix` is that of a target that is a folder."""

    to: Template
    margin: float
    size: int | None
    min_size: int
    suffix: str
    stops: bool = False

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
            yield Crop(
                target=target,
                rule=rule,
                box=face.face.box,
                margin=self.margin,
                size=self.size,
                time=face.face.time,
                top=self.to.top,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TagAction:
    """Tag the photo where it came from."""

    text: TextTemplate
    tops: tuple[Path, ...] = ()
    stops: bool = False

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Give a tag for each person if the text names the person, else one; nobody is tagged as unknown."""
        for values in _by_person(self.text, subject, faces):
            if values["person"] == UNKNOWN and "person" in self.text.fields:
                continue
            text = self.text.render(values)
            try:
                yield Tag(text=raw_tag(text), rule=rule)
            except TagError as error:
                yield Refusal(rule=rule, kind="tag", reason=str(error), text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAction:
    """Ask no later rule for this photo."""

    tops: tuple[Path, ...] = ()
    stops: bool = True

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
