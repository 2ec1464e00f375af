"""Changes that the page asks for: each is made whole or not at all, and only if the page had seen the present state."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal, Self
from urllib.parse import unquote_to_bytes

from pydantic import BaseModel, ConfigDict, Field, model_validator

from familiar.api.library import Library
from familiar.api.people import DecidedPerson
from familiar.errors import UsageError
from familiar.model import Box
from familiar.names import name_key
from familiar.plurals import counted
from familiar.store.decisions.log import EventRow
from familiar.store.people import PersonState

_MOST = 100_000
_ABOUT_PEOPLE = frozenset(
    {
        *("confirm faces", "refuse faces", "give faces", "split off", "rename", "merge people", "set threshold"),
        *("hide", "show", "set cover"),
    }
)
_ABOUT_PHOTOS = frozenset({"add face", "name face", "refuse face", "no face"})
_ABOUT_FACES = frozenset(
    {
        *("take out", "split", "confirm faces", "refuse faces", "give faces", "split off", "set cover"),
        *("name face", "refuse face", "no face"),
    }
)


class UnknownNameError(UsageError):
    """Nobody has this name yet, and it was not said that a new person is meant."""


class Change(BaseModel):
    """A change: what is to be done with groups or a person, and the version of each that the page had seen.

    `faces` are those of the only group that are taken out, split off or no faces; with `name` they are left out when
    the group gets it. Of a person, they are those that are confirmed, refused, given to somebody else or split off as a
    group without a name, or the one that stands for the person; `name` is the new name, or that of the person who gets
    the faces, or whom the person becomes a part of. `events`, or `operations` on files, are those that are undone.
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
    people: Mapping[int, str] = Field(default={}, max_length=1)
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
    def _check_whole(self) -> Self:
        """Check that what is needed is there."""
        if self.what == "undo":
            if bool(self.events) == bool(self.operations):
                raise ValueError("an undo needs events, or operations")
        elif self.what in _ABOUT_PEOPLE:
            if not self.people:
                raise ValueError("a person is needed")
        elif self.what in _ABOUT_PHOTOS:
            if not self.photos or (self.what == "add face" and self.box is None):
                raise ValueError("a photo is needed, and to add a face, a box")
        elif self.what != "try again" and not self.groups:
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


def make_change(library: Library, change: Change) -> Made:
    """Make a change as a whole, or nothing of it.

    Raises:
        StaleError: a group is no longer as the page had seen it.
        UnknownNameError: the name is new, and that was not said.
        UsageError: it contradicts what holds.
    """
    with library.deciding():
        library.clusters.check_seen(change.groups)
        library.people.check_seen(change.people)
        library.photos.check_seen(change.photos)
        made = _ACTIONS[change.what](library, change)
        return replace(made, versions=dict(_versions_after(library, change)))


def _versions_after(library: Library, change: Change) -> Iterator[tuple[int, str]]:
    """Give the versions of what the page may go on to decide about before it has got the answer."""
    with suppress(UsageError):  # it became a part of something else
        for person in change.people:
            yield person, library.people.state(person).version
        for group in change.groups if change.faces else ():
            yield group, library.clusters.find(group).version


def add_face(library: Library, change: Change) -> Made:
    """Add a face to a photo; a worker looks for it first, which takes a second or two.

    Raises:
        FamiliarError: there is none, or the photo can't be read.
    """
    library.photos.check_seen(change.photos)
    assert change.box is not None, "the change is checked"
    ((photo, _),) = change.photos.items()
    left, top, right, bottom = change.box
    box = Box(left=left, top=top, right=right, bottom=bottom)
    added = library.photos.add_face(photo, box, time=change.time)
    return Made(said="Face added", events=(added.event.id,), face=added.face)


def undo_operations(library: Library, change: Change) -> Made:
    """Undo operations on files, here or by the daemon, for which this waits.

    Raises:
        FamiliarError: one can't be undone; the others are, unless something is in the way, when nothing is touched.
    """
    undone = library.undo(change.operations)
    if undone.obstacles:
        raise UsageError(f"Nothing was undone: {'; '.join(f'{one.path}: {one.reason}' for one in undone.obstacles)}")
    if undone.failures:
        raise UsageError(f"This could not be undone: {'; '.join(undone.failures.values())}")
    return Made(said=f"{counted(len(undone.steps), 'operation')} undone", events=())


def _name(library: Library, change: Change) -> Made:
    name = _known_name(library, change)
    events: list[EventRow] = []
    if change.faces:
        events.append(library.clusters.take_out(next(iter(change.groups)), change.faces))
    count = 0
    for group in change.groups:
        count += library.clusters.find(group).faces
        events.append(library.clusters.name(group, name, allow_same_photo=change.allows_same_photo))
    return _made(f"{counted(count, 'face')}: {name}", events)


def _merge(library: Library, change: Change) -> Made:
    rows = sorted((library.clusters.find(group) for group in change.groups), key=lambda row: (-row.faces, row.id))
    if len(rows) < 2:  # noqa: PLR2004
        raise UsageError("Choose at least two groups.")
    into, *others = rows
    events = [library.clusters.merge(row.id, into.id, allow_same_photo=change.allows_same_photo) for row in others]
    return _made(f"{counted(len(rows), 'group')} are one group", events, group=into.id)


def _ignore(library: Library, change: Change) -> Made:
    events = [library.clusters.ignore(group) for group in change.groups]
    return _made(f"{counted(len(events), 'group')} ignored", events)


def _not_a_face(library: Library, change: Change) -> Made:
    faces = change.faces or [face.id for group in change.groups for face in library.clusters.faces(group)]
    return _made(f"{counted(len(faces), 'picture')} not a face", [library.clusters.not_a_face(faces)])


def _take_out(library: Library, change: Change) -> Made:
    (group,) = change.groups
    return _made(f"{counted(len(change.faces), 'face')} taken out", [library.clusters.take_out(group, change.faces)])


def _split(library: Library, change: Change) -> Made:
    (group,) = change.groups
    split = library.clusters.split(group, change.faces)
    return _made(f"{counted(len(change.faces), 'face')} split off", [split.event], group=split.cluster)


def _refuse(library: Library, change: Change) -> Made:
    events = [library.clusters.refuse(group, change.name) for group in change.groups]
    return _made(f"Not {change.name}", events)


def _tell_apart(library: Library, change: Change) -> Made:
    if len(change.groups) != 2:  # noqa: PLR2004
        raise UsageError("Choose two groups.")
    one, other = change.groups
    return _made("Not the same person", [library.clusters.tell_apart(one, other)])


def _confirm_faces(library: Library, change: Change) -> Made:
    person = _person(library, change)
    event = library.people.confirm(person.name, change.faces)
    return _made(f"{counted(len(change.faces), 'face')}: {person.name}", filter(None, [event]))


def _refuse_faces(library: Library, change: Change) -> Made:
    person = _person(library, change)
    event = library.people.refuse(person.name, change.faces)
    return _made(f"{counted(len(change.faces), 'face')}: not {person.name}", [event])


def _give_faces(library: Library, change: Change) -> Made:
    person, name = _person(library, change), _known_name(library, change)
    if name_key(name) == name_key(person.name):
        raise UsageError(f"They are {person.name} already.")
    events, group = _split_from(library, person, change)
    events.append(library.clusters.name(group, name, allow_same_photo=change.allows_same_photo))
    return _made(f"{counted(len(change.faces), 'face')}: {name}, not {person.name}", events)


def _split_off(library: Library, change: Change) -> Made:
    person = _person(library, change)
    events, group = _split_from(library, person, change)
    return _made(f"{counted(len(change.faces), 'face')} split off", events, group=group)


def _split_from(library: Library, person: PersonState, change: Change) -> tuple[list[EventRow], int]:
    """Make a group of faces that are not a person; return the events and the group."""
    refused = library.people.refuse(person.name, change.faces)
    gathered = library.clusters.gather(change.faces, allow_same_photo=change.allows_same_photo)
    return [refused, gathered.event], gathered.cluster


def _hide(library: Library, change: Change) -> Made:
    person = _person(library, change)
    return _decided(library.people.hide(person.name), f"{person.name} is hidden")


def _show(library: Library, change: Change) -> Made:
    person = _person(library, change)
    return _decided(library.people.unhide(person.name), f"{person.name} is shown again")


def _set_cover(library: Library, change: Change) -> Made:
    person = _person(library, change)
    if len(change.faces) != 1:
        raise UsageError("Choose one face.")
    return _decided(library.people.set_cover(person.name, change.faces[0]), f"This face stands for {person.name}")


def _name_face(library: Library, change: Change) -> Made:
    name = _known_name(library, change)
    event = library.people.confirm(name, change.faces)
    return _made(name, filter(None, [event]))


def _refuse_face(library: Library, change: Change) -> Made:
    event = library.people.refuse(change.name, change.faces)
    return _made(f"Not {change.name}", [event])


def _no_face(library: Library, change: Change) -> Made:
    return _made(f"{counted(len(change.faces), 'picture')} not a face", [library.clusters.not_a_face(change.faces)])


def _rename(library: Library, change: Change) -> Made:
    person = _person(library, change)
    return _decided(library.people.rename(person.name, change.name), f"{person.name} is {change.name} now")


def _merge_people(library: Library, change: Change) -> Made:
    person, into = _person(library, change), library.people.state(library.people.id_of(change.name))
    return _decided(library.people.merge(person.name, into.name), f"{person.name} is {into.name} now")


def _set_threshold(library: Library, change: Change) -> Made:
    person = _person(library, change)
    said = "as sure as for all" if change.threshold is None else f"up to {change.threshold:.2f}"
    return _decided(library.people.set_threshold(person.name, change.threshold), f"{person.name}: {said}")


def _person(library: Library, change: Change) -> PersonState:
    (person,) = change.people
    return library.people.state(person)


def _decided(person: DecidedPerson, said: str) -> Made:
    return Made(said=said, events=() if person.event is None else (person.event,), person=person.id)


def _try_again(library: Library, change: Change) -> Made:
    count = library.retry(*(os.fsdecode(unquote_to_bytes(file)) for file in change.files))
    return Made(said=f"{counted(count, 'file')} waiting for another try", events=())


def _undo(library: Library, change: Change) -> Made:
    for event in sorted(change.events, reverse=True):
        library.undo_decision(event)
    return Made(said="Undone", events=())


def _known_name(library: Library, change: Change) -> str:
    """Return the name as the person has it, or a new one."""
    key = name_key(change.name)
    known = next((name for name in library.people.names() if name_key(name) == key), None)
    if known is None and not change.is_new:
        raise UnknownNameError(f"Nobody is named “{change.name}” yet.")
    return known or change.name


def _made(said: str, events: Iterable[EventRow], *, group: int | None = None) -> Made:
    return Made(said=said, events=tuple(event.id for event in events), group=group)


_ACTIONS: Mapping[str, Callable[[Library, Change], Made]] = {
    "name": _name,
    "merge": _merge,
    "ignore": _ignore,
    "not a face": _not_a_face,
    "take out": _take_out,
    "split": _split,
    "refuse": _refuse,
    "tell apart": _tell_apart,
    "confirm faces": _confirm_faces,
    "refuse faces": _refuse_faces,
    "give faces": _give_faces,
    "split off": _split_off,
    "hide": _hide,
    "show": _show,
    "set cover": _set_cover,
    "name face": _name_face,
    "refuse face": _refuse_face,
    "no face": _no_face,
    "rename": _rename,
    "merge people": _merge_people,
    "set threshold": _set_threshold,
    "try again": _try_again,
    "undo": _undo,
}
