"""Changes of the faces of one photo."""

from collections.abc import Mapping

from familiar.api.library import Library
from familiar.model import Box
from familiar.plurals import counted
from familiar.review.change_requests import Action, Change, Made, known_name, made_by


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


def _name_face(library: Library, change: Change) -> Made:
    name = known_name(library, change)
    event = library.people.confirm(name, change.faces)
    return made_by(name, filter(None, [event]))


def _refuse_face(library: Library, change: Change) -> Made:
    event = library.people.refuse(change.name, change.faces)
    return made_by(f"Not {change.name}", [event])


def _no_face(library: Library, change: Change) -> Made:
    return made_by(f"{counted(len(change.faces), 'picture')} not a face", [library.clusters.not_a_face(change.faces)])


PHOTO_CHANGES: Mapping[str, Action] = {
    "name face": _name_face,
    "refuse face": _refuse_face,
    "no face": _no_face,
}
