"""The faces of one person: by year, those that may be theirs, and what another threshold would change."""

from dataclasses import dataclass
from typing import Any

from familiar.model import Box
from familiar.store.database import Database

_FACES = """
SELECT faces.id, photo_id, hash, box_left, box_top, box_right, box_bottom, time, matches.distance, date
FROM matches JOIN real_faces AS faces ON faces.id = matches.face_id JOIN photos ON photos.id = photo_id
JOIN photo_dates ON photo = photos.id
LEFT JOIN cluster_faces ON cluster_faces.face_id = faces.id LEFT JOIN clusters ON clusters.id = cluster_id
WHERE matches.person_id = ?1 AND {which} ORDER BY matches.distance, faces.id LIMIT ?2 OFFSET ?3
"""

_CHANGES = """
SELECT count(*) FILTER (WHERE NOT accepted AND NOT ambiguous AND matches.distance <= ?2 AND NOT COALESCE(ignored, 0)),
    count(*) FILTER (WHERE accepted AND matches.distance > ?2)
FROM matches LEFT JOIN cluster_faces USING (face_id) LEFT JOIN clusters ON clusters.id = cluster_id
WHERE matches.person_id = ?1 AND clusters.person_id IS NOT ?1
"""
"""What persons decided about does not depend on the threshold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceOfPerson:
    """A face that is, or may be, a person's, with its distance to them; `time` is that of the frame, in a video."""

    id: int
    photo_id: int
    hash: str
    box: Box
    time: float | None
    distance: float
    taken: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdChange:
    """How many faces would match a person with another threshold, that do not now, and the other way round."""

    more: int
    fewer: int


class FacesOfPeople:
    """Reads the faces of one person."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def matched(self, person_id: int, *, start: int, most: int) -> list[FaceOfPerson]:
        """Return faces that match a person, the nearest first."""
        return self._faces("accepted", person_id, most, start)

    def maybe(self, person_id: int, *, up_to: float, most: int) -> list[FaceOfPerson]:
        """Return faces of which this person is the nearest, but which do not match, the most likely first.

        Faces whose cluster has a name or is ignored are left out.

        Args:
            person_id: the person.
            up_to: largest distance.
            most: number of faces.
        """
        which = "NOT accepted AND matches.distance <= ?4 AND clusters.person_id IS NULL AND NOT COALESCE(ignored, 0)"
        return self._faces(which, person_id, most, 0, up_to)

    def years(self, person_id: int) -> list[tuple[int, int]]:
        """Return the years in which photos of a person were taken, and the number of these photos."""
        rows = self._db.conn.execute(
            "SELECT CAST(substr(date, 1, 4) AS INTEGER) AS year, count(DISTINCT photo) FROM matches "
            "JOIN faces ON faces.id = face_id JOIN photo_dates ON photo = photo_id "
            "WHERE person_id = ? AND accepted AND date IS NOT NULL GROUP BY year ORDER BY year",
            (person_id,),
        )
        return [(int(year), int(count)) for year, count in rows]

    def with_threshold(self, person_id: int, distance: float) -> ThresholdChange:
        """Return what another threshold would change."""
        more, fewer = self._db.conn.execute(_CHANGES, (person_id, distance)).fetchone()
        return ThresholdChange(more=int(more), fewer=int(fewer))

    def _faces(self, which: str, *values: Any) -> list[FaceOfPerson]:
        rows = self._db.conn.execute(_FACES.format(which=which), values)
        return [
            FaceOfPerson(
                id=id_,
                photo_id=photo_id,
                hash=hash_,
                box=Box(left=left, top=top, right=right, bottom=bottom),
                time=time,
                distance=distance,
                taken=taken,
            )
            for id_, photo_id, hash_, left, top, right, bottom, time, distance, taken in rows
        ]
