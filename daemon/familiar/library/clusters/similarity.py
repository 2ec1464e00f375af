"""Who a cluster may be: the people who are most similar to its faces."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from familiar.store.store import Store

if TYPE_CHECKING:
    from familiar.library.recognition import Recogniser

_TYPICAL = 24
"""Faces of a cluster that are compared: those nearest to its centre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarPerson:
    """A person, and the mean distance of the most typical faces of a cluster to them."""

    name: str
    distance: float


def similar_people(store: Store, recogniser: "Recogniser", cluster_id: int, *, most: int) -> list[SimilarPerson]:
    """Return who a cluster may be, the most similar person first; not those who were refused for it, or are hidden.

    Raises:
        UsageError: there is no such cluster.
    """
    live = store.clusters.live(cluster_id)
    typical = [face.id for face in store.clusters.faces(live, most=_TYPICAL)]
    _, embeddings = store.photos.embeddings_of(typical, recogniser.model)
    left_out = {*store.clusters.refused_people(live), *store.people.names(hidden=True)}
    found = recogniser.similar(embeddings, most=most + len(left_out))
    return [SimilarPerson(name=name, distance=distance) for name, distance in found if name not in left_out][:most]
