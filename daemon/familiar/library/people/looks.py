"""The looks of a person: groups of their faces that are more alike than the rest, as with a child who grew up.

They show a wrong merge, or a wrong name of a whole group: the faces of somebody else are a look of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from familiar.settings import ClusteringSettings
from familiar.store.store import Store

_FACES = 400
"""Faces that are compared; of more, these are spread evenly from the nearest to the farthest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Faces of a person that are alike, the most typical first; `years` are those of the first and the last photo."""

    faces: tuple[int, ...]
    years: tuple[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLooks:
    """The looks of a person, the one with the most faces first, and the faces that are like no other one.

    `compared` is the number of faces in both together, out of all `faces` of the person.
    """

    looks: tuple[Look, ...] = ()
    alone: tuple[int, ...] = ()
    compared: int = 0
    faces: int = 0


def looks_of(store: Store, person_id: int, settings: ClusteringSettings, model: str) -> PersonLooks:
    """Return the looks of a person."""
    from familiar.identity.clustering.grouping import group  # noqa: PLC0415 - most callers never load its libraries
    from familiar.identity.clustering.plan import FacesToGroup  # noqa: PLC0415

    all_ids = store.faces_of_people.ids(person_id)
    chosen = _spread(all_ids, _FACES)
    ids, embeddings = store.photos.embeddings_of(chosen, model)
    if not ids:
        return PersonLooks(faces=len(all_ids))
    faces = FacesToGroup(
        ids=np.array(ids, np.int64), embeddings=embeddings, clusters=np.zeros(len(ids), np.int64), model=model
    )
    found = group(faces, settings.model_copy(update={"min_faces": 2}))
    members = [sorted(one, key=lambda member: member.distance) for one in found.fresh]
    looks = [tuple(member.face for member in one) for one in members]
    grouped = {face for look in looks for face in look}
    dates = store.faces_of_people.dates(sorted(grouped))
    return PersonLooks(
        looks=tuple(Look(faces=look, years=_span(look, dates)) for look in looks),
        alone=tuple(face for face in chosen if face not in grouped),
        compared=len(chosen),
        faces=len(all_ids),
    )


def _spread(ids: Sequence[int], most: int) -> Sequence[int]:
    """Return at most so many of some ids, evenly spread, with the first and the last one."""
    if len(ids) <= most:
        return ids
    return [ids[place] for place in np.linspace(0, len(ids) - 1, most).astype(int).tolist()]


def _span(faces: Iterable[int], dates: Mapping[int, str]) -> tuple[str, str] | None:
    known = [dates[face] for face in faces if face in dates]
    return (min(known), max(known)) if known else None
