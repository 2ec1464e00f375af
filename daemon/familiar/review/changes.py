"""Changes that the page asks for: each is made whole or not at all, and only if the page had seen the present state."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from urllib.parse import unquote_to_bytes

from familiar.api.library import Library
from familiar.errors import UsageError
from familiar.plurals import counted
from familiar.review.change_requests import Action, Change, Made
from familiar.review.group_changes import GROUP_CHANGES
from familiar.review.person_changes import PERSON_CHANGES
from familiar.review.photo_changes import PHOTO_CHANGES


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
    for person in change.people:
        with suppress(UsageError):  # they became a part of somebody else
            yield person, library.people.state(person).version
    for group in change.groups if change.faces else ():
        with suppress(UsageError):
            yield group, library.clusters.find(group).version


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


def _try_again(library: Library, change: Change) -> Made:
    count = library.retry(*(os.fsdecode(unquote_to_bytes(file)) for file in change.files))
    return Made(said=f"{counted(count, 'file')} waiting for another try", events=())


def _undo(library: Library, change: Change) -> Made:
    for event in sorted(change.events, reverse=True):
        library.undo_decision(event)
    return Made(said="Undone", events=())


_ACTIONS: Mapping[str, Action] = {
    **GROUP_CHANGES,
    **PERSON_CHANGES,
    **PHOTO_CHANGES,
    "try again": _try_again,
    "undo": _undo,
}
