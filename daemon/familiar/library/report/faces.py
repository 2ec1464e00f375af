"""A picture of each person, and of each cluster, for the report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from familiar.library.report.figures import Figures
from familiar.library.thumbnails import FaceThumbnails
from familiar.store.store import Store
from familiar.store.views.representative_faces import RepresentativeFace

SIZE = 112
"""Pixels of a picture's side; a page shows it at half of that, as screens of phones have twice as many."""

SUFFIX = ".webp"

_CANDIDATES = 3
"""Faces to choose from for each picture: the photo of the best one may be gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Picture files, by the ids of people and clusters, except for those with missing photos."""

    people: Mapping[int, bytes] = field(default_factory=dict)
    clusters: Mapping[int, bytes] = field(default_factory=dict)


async def cut_pictures(
    store: Store, figures: Figures, portraits: FaceThumbnails, progress: Callable[[int, int], None]
) -> Pictures:
    """Cut out the faces that a report shows."""
    with store.reading():
        people = {one.id: store.likenesses.of_person(one.id, most=_CANDIDATES) for one in figures.people}
        clusters = {one.id: store.likenesses.of_cluster(one.id, most=_CANDIDATES) for one in figures.largest_clusters}
    total = len(people) + len(clusters)
    return Pictures(
        people=await _cut(people, portraits, lambda done: progress(done, total)),
        clusters=await _cut(clusters, portraits, lambda done: progress(len(people) + done, total)),
    )


async def _cut(
    candidates: Mapping[int, Sequence[RepresentativeFace]], portraits: FaceThumbnails, progress: Callable[[int], None]
) -> dict[int, bytes]:
    """Return a picture for each, from the first candidates that can be cut out."""
    found: dict[int, bytes] = {}
    for turn in range(_CANDIDATES):
        wanted = {key: faces[turn] for key, faces in candidates.items() if key not in found and len(faces) > turn}
        pictures = await portraits.of(list(wanted.values()), size=SIZE, suffix=SUFFIX, progress=_after(found, progress))
        found.update({key: pictures[face.id] for key, face in wanted.items() if face.id in pictures})
    return found


def _after(found: Mapping[int, bytes], progress: Callable[[int], None]) -> Callable[[int, int], None]:
    before = len(found)
    return lambda done, _total: progress(before + done)
