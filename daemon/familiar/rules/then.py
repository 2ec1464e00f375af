"""The actions of a rule: each one returns operations for a photo and the faces that the rule is about."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, RootModel

from familiar.model import Copy, Crop, Face, Link, Move, Operation, RecognisedFace, Refusal, Subject, Tag
from familiar.photo_details import Album
from familiar.rules.targets import PictureTarget, TagText, Target
from familiar.rules.templates import UNKNOWN, Template, TextTemplate, values_of
from familiar.rules.values import FROZEN, MANY, Given, Mapping, number, one_of, whole
from familiar.tags import TagError, clean_tag, raw_tag

_BY_PERSON = frozenset({"person", "score"})

_NOT_REMOTE = "it does not come from Flickr, where tags go"
_NOT_MOVED = "a photo on Flickr is not moved; copy it"
_NOT_LINKED = "the file of a photo from Flickr is not kept; copy it, or link with kind: hard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An operation that an action asks for; two wishes of one kind with the same `key` are the same wish."""

    operation: Operation
    key: Hashable


Step: TypeAlias = Wish | Refusal


class Action(ABC):
    """One action; the methods with a body suit most actions."""

    stops: ClassVar[bool] = False
    """Whether all later rules are skipped for this photo."""

    turn: ClassVar[int] = 0
    """The order of its operations: first those that leave the photo in place, then the move (1), then links (2)."""

    gives_tags: ClassVar[bool] = False
    """Whether its operations are tags."""

    takes_unknown: ClassVar[bool] = False
    """Whether it uses unrecognised faces as well, if the condition does not mention faces."""

    @property
    def target(self) -> Template | None:
        """Where it puts a file, or None."""
        return None

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it uses."""
        return frozenset() if self.target is None else self.target.fields

    def unfit(self, subject: Subject) -> str | None:  # noqa: ARG002
        """Return why it can't be done for a photo from this source, or None."""
        return None

    @abstractmethod
    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Yield what to do for a photo and the faces that the rule is about."""


class _PhotoAction(Action):
    """An action with a target for the photo itself."""

    @property
    @abstractmethod
    def target(self) -> Template:
        """Where it puts the photo."""

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Yield an operation for each person if the target names the person, otherwise one."""
        for values in _by_person(self.target, subject, faces):
            target = self.target.render(values, subject.path.name)
            yield Wish(operation=self.operation(target, rule), key=target)

    @abstractmethod
    def operation(self, target: Path, rule: str) -> Operation:
        """Return the operation for one target."""


class MoveAction(RootModel[Target], _PhotoAction):
    """Move the photo. To another disk, it is copied, and the copy is compared before the original is removed."""

    model_config = FROZEN
    turn: ClassVar[int] = 1

    @property
    def target(self) -> Template:
        """Where it moves the photo."""
        return self.root

    def unfit(self, subject: Subject) -> str | None:
        """Refuse to move a file that is only a copy of the original."""
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


class LinkAction(Mapping, _PhotoAction):
    """Link to the photo."""

    turn: ClassVar[int] = 2
    to: Target = Field(description="The target: a folder (/ at its end) or a file, from / or ~/ on.")
    kind: Annotated[str, one_of("symbolic", "hard")] = "symbolic"

    @property
    def target(self) -> Template:
        """Where it puts the link."""
        return self.to

    @property
    def is_symbolic(self) -> bool:
        """Whether it is a symbolic link, and not a hard one."""
        return self.kind == "symbolic"

    def unfit(self, subject: Subject) -> str | None:
        """Refuse a symbolic link to a file that is not kept."""
        return _NOT_LINKED if subject.is_remote and self.is_symbolic else None

    def operation(self, target: Path, rule: str) -> Operation:
        """Return a link."""
        return Link(target=target, rule=rule, symbolic=self.is_symbolic, top=self.to.top)


class CropAction(Mapping, Action):
    """Write a picture of each face."""

    takes_unknown: ClassVar[bool] = True
    to: PictureTarget = Field(description="The target: a folder (/ at its end) or a file, from / or ~/ on.")
    margin: Annotated[float, number(0, 10)] = Field(
        default=0.4, description="Added on each side of the face, as a share of its size."
    )
    size: Given[Annotated[int, whole(8, 10_000)]] = Field(
        default=None,
        description="Side of the square picture in pixels; by default the picture is not scaled.",
    )
    min_size: Annotated[int, whole(0, MANY)] = Field(
        default=0, description="Smallest face, in pixels of its shorter side."
    )
    min_quality: Annotated[float, number(0, 1)] = Field(
        default=0.0, description="Least quality of a face, 0 to 1; a face whose quality is unknown is good enough."
    )
    format: Annotated[str, one_of("jpg", "png", "webp")] = Field(
        default="jpg", description="Format of the pictures, if the target is a folder."
    )

    @property
    def target(self) -> Template:
        """Where it puts the pictures."""
        return self.to

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Yield a crop for each face that is large and good enough."""
        for face in faces:
            reason = self._fault(face.face)
            if reason is not None:
                yield Refusal(rule=rule, kind="crop", reason=reason)
                continue
            for album in _albums_for(self.to, subject):
                yield self._crop(subject, face, album, rule)

    def _crop(self, subject: Subject, face: RecognisedFace, album: Album | None, rule: str) -> Wish:
        score = face.match.score if face.match is not None else 0.0
        values = values_of(subject, person=face.person, score=score, album=album)
        target = self.to.render(values, f"{subject.path.stem}.{self.format}")
        crop = Crop(
            target=target,
            rule=rule,
            box=face.face.box,
            margin=self.margin,
            size=self.size,
            time=face.face.time,
            turn=subject.photo.turn,
            top=self.to.top,
        )
        return Wish(operation=crop, key=(target, crop.box, crop.time))

    def _fault(self, face: Face) -> str | None:
        """Return why there is no picture of a face, or None."""
        if face.size < self.min_size:
            return f"the face is {face.size} pixels wide, and min_size is {self.min_size}"
        if not face.has_quality(self.min_quality):
            return f"the face has a quality of {face.quality:g}, and min_quality is {self.min_quality:g}"
        return None


class TagAction(RootModel[TagText], Action):
    """Tag the photo on Flickr, if it came from there."""

    model_config = FROZEN
    gives_tags: ClassVar[bool] = True

    @property
    def fields(self) -> frozenset[str]:
        """The fields that its text uses."""
        return self.root.fields

    def unfit(self, subject: Subject) -> str | None:
        """Refuse a tag for a photo that is not on Flickr."""
        return None if subject.is_remote else _NOT_REMOTE

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:
        """Yield a tag for each person if the text names the person, otherwise one; `unknown` is never a tag."""
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
    """Skip all later rules for this photo."""

    model_config = FROZEN
    stops: ClassVar[bool] = True

    def steps(self, subject: Subject, faces: Sequence[RecognisedFace], rule: str) -> Iterator[Step]:  # noqa: ARG002
        """Yield nothing."""
        yield from ()


def _by_person(
    to: Template | TextTemplate, subject: Subject, faces: Sequence[RecognisedFace]
) -> Iterator[dict[str, str | float | datetime]]:
    """Yield the values of a template: for each person, with the best score, if it names the person; otherwise once.

    The same holds for albums.
    """
    best: dict[str | None, float] = {}
    for face in faces:
        score = face.match.score if face.match is not None else 0.0
        best[face.person] = max(score, best.get(face.person, 0.0))
    if not best or not to.fields & _BY_PERSON:
        best = {None: max(best.values(), default=0.0)}
    for person, score in best.items():
        for album in _albums_for(to, subject):
            yield values_of(subject, person=person, score=score, album=album)


def _albums_for(to: Template | TextTemplate, subject: Subject) -> tuple[Album | None, ...]:
    """Return the albums that a template is rendered for: each one of the photo if it names the album."""
    albums = () if subject.flickr is None or "album" not in to.fields else subject.flickr.albums
    return albums or (None,)
