"""What the page asks to be changed, and what it is answered."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from familiar.api.library import Library
from familiar.errors import UsageError
from familiar.names import name_key
from familiar.store.decisions.log import EventRow

_MOST = 100_000
_ABOUT_PEOPLE = frozenset(
    {
        *("confirm faces", "refuse faces", "give faces", "split off", "rename", "merge people", "set threshold"),
        *("hide", "show", "set cover"),
    }
)
_ABOUT_PHOTOS = frozenset({"add face", "name face", "refuse face", "no face"})
_WITHOUT_VERSIONS = frozenset({"undo", "try again"})
_ABOUT_FACES = frozenset(
    {
        *("take out", "split", "confirm faces", "refuse faces", "give faces", "split off", "set cover"),
        *("name face", "refuse face", "no face"),
    }
)


class UnknownNameError(UsageError):
    """Nobody has this name yet, and it was not said that a new person is meant."""


class Change(BaseModel):
    """A change: what is to be done with groups or people, and the version of each that the page had seen.

    `faces` are those of the only group that are taken out, split off or no faces; with `name` they are left out when
    the group gets it. Of a person, they are those that are confirmed, refused, given to somebody else or split off as a
    group without a name, or the one that stands for the person; `name` is the new name, or that of the person who gets
    the faces, or of the one person that several become. `events`, or `operations` on files, are those that are undone.
    `files` are those that were set aside and are tried again, with their paths percent-encoded; none: all.
    `is_new` says that the name is that of a new person, `allows_same_photo` that a photo may show the person twice.
    Of a photo, `faces` are those in it that are named, refused for a person, or no faces; a missed one is added in a
    `box`: left, top, right and bottom in pixels of the photo as it is shown, of a video at a `time` in seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=8, max_length=64)
    what: Literal[
        "name",
        "merge",
        "ignore",
        "not a face",
        "take out",
        "split",
        "refuse",
        "tell apart",
        "confirm faces",
        "refuse faces",
        "give faces",
        "split off",
        "hide",
        "show",
        "set cover",
        "rename",
        "merge people",
        "set threshold",
        "try again",
        "add face",
        "name face",
        "refuse face",
        "no face",
        "undo",
    ]
    groups: Mapping[int, str] = Field(default={}, max_length=_MOST)
    people: Mapping[int, str] = Field(default={}, max_length=_MOST)
    photos: Mapping[int, str] = Field(default={}, max_length=1)
    faces: tuple[int, ...] = Field(default=(), max_length=_MOST)
    events: tuple[int, ...] = Field(default=(), max_length=_MOST)
    operations: tuple[int, ...] = Field(default=(), max_length=_MOST)
    files: tuple[str, ...] = Field(default=(), max_length=_MOST)
    name: str = Field(default="", max_length=1000)
    threshold: float | None = Field(default=None, gt=0, le=2)
    box: tuple[int, int, int, int] | None = None
    time: float | None = Field(default=None, ge=0)
    is_new: bool = False
    allows_same_photo: bool = False

    @model_validator(mode="after")
    def _check_undo(self) -> Self:
        """Check that an undo says what is undone, and that no other change does."""
        if self.what != "undo" and (self.events or self.operations):
            raise ValueError("events and operations are only undone")
        if self.what == "undo" and bool(self.events) == bool(self.operations):
            raise ValueError("an undo needs events, or operations")
        return self

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        """Check that what is needed is there."""
        if self.what in _ABOUT_PEOPLE:
            if not self.people:
                raise ValueError("a person is needed")
            if len(self.people) > 1 and self.what != "merge people":
                raise ValueError("this is about one person")
        elif self.what in _ABOUT_PHOTOS:
            if not self.photos or (self.what == "add face" and self.box is None):
                raise ValueError("a photo is needed, and to add a face, a box")
        elif self.what not in _WITHOUT_VERSIONS and not self.groups:
            raise ValueError("groups are needed")
        if self.what in _ABOUT_FACES and not self.faces:
            raise ValueError("faces are needed")
        if self.faces and len(self.groups) + len(self.people) + len(self.photos) != 1:
            raise ValueError("faces are of one group, person or photo")
        return self


class PutOff(BaseModel):
    """Groups that are put off, or, unless they come `later`, taken up again: these, or all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    groups: tuple[int, ...] = Field(default=(), max_length=_MOST)
    later: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A change that was made: what is said of it, and the events that undo it.

    `versions` are those of the person, or of the group with the faces, after it: what the page decided on the
    assumption that it would be made counts from then on.
    """

    said: str
    events: tuple[int, ...]
    group: int | None = None
    person: int | None = None
    face: int | None = None
    versions: Mapping[int, str] = field(default_factory=dict)


Action: TypeAlias = Callable[[Library, Change], Made]
"""Makes a change of one kind, in a block of `Library.deciding`."""


def known_name(library: Library, change: Change) -> str:
    """Return the name as the person has it, or a new one."""
    known = person_named(library, change.name)
    if known is None and not change.is_new:
        raise UnknownNameError(f"Nobody is named “{change.name}” yet.")
    return known or change.name


def person_named(library: Library, name: str) -> str | None:
    """Return a name as the person has it; None if nobody has it."""
    key = name_key(name)
    return next((known for known in library.people.names() if name_key(known) == key), None)


def made_by(said: str, events: Iterable[EventRow], *, group: int | None = None) -> Made:
    """Return a change that was made by these events."""
    return Made(said=said, events=tuple(event.id for event in events), group=group)
