"""Changes of one person: which faces are theirs, their name, and how they are shown and recognised."""

from collections.abc import Mapping

from familiar.api.library import Library
from familiar.api.people import DecidedPerson
from familiar.errors import UsageError
from familiar.names import name_key
from familiar.plurals import counted, listed
from familiar.review.change_requests import Action, Change, Made, known_name, made_by, person_named
from familiar.store.decisions.log import EventRow
from familiar.store.people import PersonState


def _confirm_faces(library: Library, change: Change) -> Made:
    person = _person(library, change)
    event = library.people.confirm(person.name, change.faces)
    return made_by(f"{counted(len(change.faces), 'face')}: {person.name}", filter(None, [event]))


def _refuse_faces(library: Library, change: Change) -> Made:
    person = _person(library, change)
    event = library.people.refuse(person.name, change.faces)
    return made_by(f"{counted(len(change.faces), 'face')}: not {person.name}", [event])


def _give_faces(library: Library, change: Change) -> Made:
    person, name = _person(library, change), known_name(library, change)
    if name_key(name) == name_key(person.name):
        raise UsageError(f"They are {person.name} already.")
    events, group = _split_from(library, person, change)
    events.append(library.clusters.name(group, name, allow_same_photo=change.allows_same_photo))
    return made_by(f"{counted(len(change.faces), 'face')}: {name}, not {person.name}", events)


def _split_off(library: Library, change: Change) -> Made:
    person = _person(library, change)
    events, group = _split_from(library, person, change)
    return made_by(f"{counted(len(change.faces), 'face')} split off", events, group=group)


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


def _rename(library: Library, change: Change) -> Made:
    person = _person(library, change)
    return _decided(library.people.rename(person.name, change.name), f"{person.name} is {change.name} now")


def _merge_people(library: Library, change: Change) -> Made:
    """Make one person of some, who get the name: that of one of them, of somebody else, or a new one."""
    people, name = [library.people.state(person) for person in change.people], known_name(library, change)
    largest = max(people, key=lambda person: (person.faces, -person.id))
    into = person_named(library, name) or largest.name
    others = [person.name for person in people if person.name != into]
    if not others:
        raise UsageError("Choose at least two people.")
    merged = library.people.merge_all(others, into)
    decided = [merged, *([] if name == into else [library.people.rename(into, name)])]
    events = tuple(one.event for one in decided if one.event is not None)
    is_now = "is" if len(others) == 1 else "are"
    return Made(said=f"{listed(others)} {is_now} {name} now", events=events, person=merged.id)


def _set_threshold(library: Library, change: Change) -> Made:
    person = _person(library, change)
    said = "as sure as for all" if change.threshold is None else f"up to {change.threshold:.2f}"
    return _decided(library.people.set_threshold(person.name, change.threshold), f"{person.name}: {said}")


def _person(library: Library, change: Change) -> PersonState:
    (person,) = change.people
    return library.people.state(person)


def _decided(person: DecidedPerson, said: str) -> Made:
    return Made(said=said, events=() if person.event is None else (person.event,), person=person.id)


PERSON_CHANGES: Mapping[str, Action] = {
    "confirm faces": _confirm_faces,
    "refuse faces": _refuse_faces,
    "give faces": _give_faces,
    "split off": _split_off,
    "hide": _hide,
    "show": _show,
    "set cover": _set_cover,
    "rename": _rename,
    "merge people": _merge_people,
    "set threshold": _set_threshold,
}
