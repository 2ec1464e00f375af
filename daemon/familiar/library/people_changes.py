"""What has changed about people since all faces were matched with them."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from familiar.identity.gallery import Gallery
from familiar.identity.people import KnownPerson
from familiar.identity.people_changes import PeopleChanges, StoredMatches
from familiar.settings import MatchingSettings
from familiar.store.matched_people import MatchedPerson

_MOST = 0.25
"""Share of the people with whom all faces are matched anew at once, if so many have changed."""


def as_matched(people: Sequence[KnownPerson]) -> dict[str, MatchedPerson]:
    """Return people as they are kept of whom faces are matched with, by name."""
    return {
        person.name: MatchedPerson(
            threshold=person.threshold, references=np.ascontiguousarray(person.references, "<f4").tobytes()
        )
        for person in people
    }


def changes_of(
    gallery: Gallery, now: Mapping[str, MatchedPerson], before: Mapping[str, MatchedPerson], settings: MatchingSettings
) -> PeopleChanges | None:
    """Return what has changed; None if it is so much, or so little is known, that all faces are matched anew."""
    names = {name for name in {*now, *before} if now.get(name) != before.get(name)}
    if not before or not gallery.names or len(names) > max(1, _MOST * len(now)):
        return None
    width = gallery.references.shape[1]
    return PeopleChanges.of(
        gallery,
        names,
        _gallery(now, names, gallery, width),
        _gallery(before, names, gallery, width),
        settings,
    )


def stored_matches(
    ids: npt.NDArray[np.int64], rows: Sequence[tuple[int, int, float, bool]], places: npt.NDArray[np.intp]
) -> StoredMatches:
    """Return the matches of faces as arrays, from rows of face, person, distance and whether it is accepted.

    Args:
        ids: of the faces, shape (n,), in order.
        rows: in the order of their faces, of which some may be others.
        places: of people in the gallery, by their ids; -1 for those that are not in it.
    """
    table = np.array(rows, np.float64).reshape(-1, 4)  # ids are far below 2^53
    faces = table[:, 0].astype(np.int64)
    at = np.minimum(np.searchsorted(ids, faces), len(ids) - 1)
    own = ids[at] == faces
    at, table = at[own], table[own]
    known = np.zeros(len(ids), np.bool_)
    people = np.full(len(ids), -1, np.intp)
    distances, accepted = np.full(len(ids), np.inf), np.zeros(len(ids), np.bool_)
    known[at], distances[at], accepted[at] = True, table[:, 2], table[:, 3] > 0
    people[at] = places[table[:, 1].astype(np.intp)]
    return StoredMatches(people=people, distances=distances, accepted=accepted, known=known)


def _gallery(people: Mapping[str, MatchedPerson], names: set[str], gallery: Gallery, width: int) -> Gallery:
    chosen = [
        KnownPerson(
            name=name,
            threshold=people[name].threshold,
            references=np.frombuffer(people[name].references, "<f4").reshape(-1, width),
        )
        for name in names & people.keys()
    ]
    return Gallery.of(chosen, gallery.calibration)
