"""Changes of groups: names, and which faces are in them."""

from collections.abc import Mapping

from familiar.api.library import Library
from familiar.errors import UsageError
from familiar.plurals import counted
from familiar.review.change_requests import Action, Change, Made, known_name, made_by
from familiar.store.decisions.log import EventRow


def _name(library: Library, change: Change) -> Made:
    name = known_name(library, change)
    events: list[EventRow] = []
    if change.faces:
        events.append(library.clusters.take_out(next(iter(change.groups)), change.faces))
    count = 0
    for group in change.groups:
        count += library.clusters.find(group).faces
        events.append(library.clusters.name(group, name, allow_same_photo=change.allows_same_photo))
    return made_by(f"{counted(count, 'face')}: {name}", events)


def _merge(library: Library, change: Change) -> Made:
    rows = sorted((library.clusters.find(group) for group in change.groups), key=lambda row: (-row.faces, row.id))
    if len(rows) < 2:  # noqa: PLR2004
        raise UsageError("Choose at least two groups.")
    into, *others = rows
    events = [library.clusters.merge(row.id, into.id, allow_same_photo=change.allows_same_photo) for row in others]
    return made_by(f"{counted(len(rows), 'group')} are one group", events, group=into.id)


def _ignore(library: Library, change: Change) -> Made:
    events = [library.clusters.ignore(group) for group in change.groups]
    return made_by(f"{counted(len(events), 'group')} ignored", events)


def _not_a_face(library: Library, change: Change) -> Made:
    faces = change.faces or [face.id for group in change.groups for face in library.clusters.faces(group)]
    return made_by(f"{counted(len(faces), 'picture')} not a face", [library.clusters.not_a_face(faces)])


def _take_out(library: Library, change: Change) -> Made:
    (group,) = change.groups
    return made_by(f"{counted(len(change.faces), 'face')} taken out", [library.clusters.take_out(group, change.faces)])


def _split(library: Library, change: Change) -> Made:
    (group,) = change.groups
    split = library.clusters.split(group, change.faces)
    return made_by(f"{counted(len(change.faces), 'face')} split off", [split.event], group=split.cluster)


def _refuse(library: Library, change: Change) -> Made:
    events = [library.clusters.refuse(group, change.name) for group in change.groups]
    return made_by(f"Not {change.name}", events)


def _tell_apart(library: Library, change: Change) -> Made:
    if len(change.groups) != 2:  # noqa: PLR2004
        raise UsageError("Choose two groups.")
    one, other = change.groups
    return made_by("Not the same person", [library.clusters.tell_apart(one, other)])


GROUP_CHANGES: Mapping[str, Action] = {
    "name": _name,
    "merge": _merge,
    "ignore": _ignore,
    "not a face": _not_a_face,
    "take out": _take_out,
    "split": _split,
    "refuse": _refuse,
    "tell apart": _tell_apart,
}
