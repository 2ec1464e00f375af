"""Representative faces of people and clusters."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from familiar.model import JUNK, Box
from familiar.store.database import Database
from familiar.store.photos import QUALITY

_NEAREST = 24
"""Faces that are nearest to a person or to the centre of a cluster, among which the best to look at is chosen."""

_LARGE = 200
"""Shorter side of a face in pixels beyond which it gains nothing by being larger."""

_BEST = f"""
SELECT faces.id, photo_id, hash, box_left, box_top, box_right, box_bottom, time
FROM faces JOIN photos ON photos.id = photo_id WHERE faces.id IN (SELECT face_id FROM nearest)
ORDER BY photos.kind != 'photo', {QUALITY} < {JUNK}, min(size, {_LARGE}) * sqrt(max(sharpness, 0)) DESC,
    faces.id LIMIT ?
"""
"""Stills before videos, which take seconds to cut a face from; junk last; then large and sharp ones."""

_OF_PERSON = f"""
WITH nearest AS (
    SELECT face_id FROM real_matches WHERE person_id = ? AND accepted = 1 ORDER BY distance LIMIT {_NEAREST}
) {_BEST}
"""

_REFERENCES = f"""
WITH nearest AS (
    SELECT face_id FROM face_references WHERE person_id = ? AND face_id IS NOT NULL LIMIT {_NEAREST}
) {_BEST}
"""

_COVER = f"""
WITH nearest AS (
    SELECT cover AS face_id FROM people WHERE id = ?1 AND (
        EXISTS (SELECT 1 FROM real_matches WHERE face_id = cover AND person_id = ?1 AND accepted)
        OR EXISTS (SELECT 1 FROM face_references WHERE face_id = cover AND person_id = ?1)
    )
) {_BEST}
"""
"""The face that was chosen, as long as it is theirs."""

_OF_CLUSTER = f"""
WITH nearest AS (
    SELECT face_id FROM real_cluster_faces WHERE cluster_id = ?
    ORDER BY distance IS NULL, distance LIMIT {_NEAREST}
) {_BEST}
"""

_BY_ID = """
SELECT faces.id, photo_id, hash, box_left, box_top, box_right, box_bottom, time
FROM faces JOIN photos ON photos.id = photo_id WHERE faces.id IN (SELECT value FROM json_each(?)) ORDER BY faces.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepresentativeFace:
    """A face that can be cut out of its photo; `time` is that of the frame in a video."""

    id: int
    photo_id: int
    hash: str
    box: Box
    time: float | None


class RepresentativeFaces:
    """Selects faces to show."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def of_person(self, person_id: int, *, most: int) -> list[RepresentativeFace]:
        """Return faces that match a person, the best to show first; references if none matches."""
        return self._best(_OF_PERSON, person_id, most) or self._best(_REFERENCES, person_id, most)

    def cover(self, person_id: int) -> RepresentativeFace | None:
        """Return the face that was chosen for a person, or else the reference or the face that is best to show.

        References come before matches: there are few of them, so that choosing is fast however many faces match.
        """
        for query in (_COVER, _REFERENCES, _OF_PERSON):
            if found := self._best(query, person_id, 1):
                return found[0]
        return None

    def references(self, person_id: int, *, most: int) -> list[RepresentativeFace]:
        """Return faces that are references of a person, the best to show first."""
        return self._best(_REFERENCES, person_id, most)

    def of_faces(self, face_ids: Sequence[int]) -> list[RepresentativeFace]:
        """Return these faces, as far as the store knows them, in the order of their ids."""
        return self._best(_BY_ID, json.dumps(list(face_ids)))

    def of_cluster(self, cluster_id: int, *, most: int) -> list[RepresentativeFace]:
        """Return faces of a cluster, the best to show first."""
        return self._best(_OF_CLUSTER, cluster_id, most)

    def _best(self, query: str, *values: Any) -> list[RepresentativeFace]:
        return [
            RepresentativeFace(
                id=id_,
                photo_id=photo_id,
                hash=hash_,
                box=Box(left=left, top=top, right=right, bottom=bottom),
                time=time,
            )
            for id_, photo_id, hash_, left, top, right, bottom, time in self._db.conn.execute(query, values)
        ]
