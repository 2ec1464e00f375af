"""The faces of one person: by year, those that may be theirs, and what another threshold would change."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from familiar.model import Box
from familiar.store.database import Database
from familiar.store.people import FACES_OF_PERSON

_FACES = """
WITH chosen AS MATERIALIZED (
    SELECT matches.face_id, matches.distance FROM real_matches AS matches
    LEFT JOIN cluster_faces ON cluster_faces.face_id = matches.face_id LEFT JOIN clusters ON clusters.id = cluster_id
    WHERE {person} = ?1 AND {which} ORDER BY {order}, matches.face_id LIMIT ?2 OFFSET ?3
)
SELECT faces.id, photo_id, hash, box_left, box_top, box_right, box_bottom, time, matches.distance, date
FROM chosen AS matches CROSS JOIN faces ON faces.id = matches.face_id JOIN photos ON photos.id = photo_id
JOIN photo_dates ON photo = photos.id ORDER BY {order}, faces.id
"""
"""Faces are chosen by the index of matches, or by their ids, and only those are looked up."""

_BY_FACE = "+matches.person_id"
"""The person in `_FACES`, where faces are chosen by their ids: the others of the person are not looked at."""

_GAINED = "accepted = 0 AND NOT ambiguous AND matches.distance <= ?4 AND NOT COALESCE(ignored, 0)"
_LOST = "accepted = 1 AND matches.distance > ?4"
_UNDECIDED = "clusters.person_id IS NOT ?1"
"""What persons decided about does not depend on the threshold."""

_COUNT = """
SELECT count(*) FROM matches LEFT JOIN cluster_faces USING (face_id) LEFT JOIN clusters ON clusters.id = cluster_id
WHERE matches.person_id = ?1 AND {which}
"""


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
    """How many faces would match a person with another threshold, that do not now, and the other way round.

    `gained` and `lost` are some of these faces, those in doubt first: the ones that are nearest to the threshold.
    """

    more: int
    fewer: int
    gained: Sequence[FaceOfPerson] = ()
    lost: Sequence[FaceOfPerson] = ()


class FacesOfPeople:
    """Reads the faces of one person."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def matched(self, person_id: int, *, start: int, most: int, farthest: bool = False) -> list[FaceOfPerson]:
        """Return faces that match a person, the nearest first, or the farthest ones."""
        order = "matches.distance DESC" if farthest else "matches.distance"
        return self._faces("accepted = 1", person_id, most, start, order=order)

    def maybe(self, person_id: int, *, up_to: float, most: int) -> list[FaceOfPerson]:
        """Return faces of which this person is the nearest, but which do not match, the most likely first.

        Faces whose cluster has a name or is ignored are left out.

        Args:
            person_id: the person.
            up_to: largest distance.
            most: number of faces.
        """
        which = "accepted = 0 AND matches.distance <= ?4 AND clusters.person_id IS NULL AND NOT COALESCE(ignored, 0)"
        return self._faces(which, person_id, most, 0, up_to)

    def years(self, person_id: int) -> list[tuple[int | None, int]]:
        """Return the years in which photos of a person were taken, None for unknown, and the number of these photos."""
        rows = self._db.conn.execute(
            "SELECT CAST(substr(timeline_date, 1, 4) AS INTEGER) AS year, count(*) FROM photos "
            f"WHERE id IN (SELECT photo_id FROM {FACES_OF_PERSON.format(person='?')}) GROUP BY year ORDER BY year",
            (person_id,),
        )
        return [(None if year is None else int(year), int(count)) for year, count in rows]

    def with_threshold(self, person_id: int, distance: float, *, most: int) -> ThresholdChange:
        """Return what another threshold would change, with `most` faces of each kind."""
        gained, lost = f"{_GAINED} AND {_UNDECIDED}", f"{_LOST} AND {_UNDECIDED}"
        more, fewer = (self._count(which, person_id, None, None, distance) for which in (gained, lost))
        return ThresholdChange(
            more=more,
            fewer=fewer,
            gained=self._faces(gained, person_id, most, 0, distance, order="matches.distance DESC") if more else (),
            lost=self._faces(lost, person_id, most, 0, distance) if fewer else (),
        )

    def ids(self, person_id: int) -> list[int]:
        """Return the ids of all faces that match a person, the nearest first."""
        (joined,) = self._db.conn.execute(
            "SELECT group_concat(face_id) FROM ("  # tens of thousands of rows take twice as long
            "SELECT face_id FROM real_matches WHERE person_id = ? AND accepted = 1 ORDER BY distance, face_id)",
            (person_id,),
        ).fetchone()
        return [] if joined is None else [int(face) for face in joined.split(",")]

    def dates(self, face_ids: Sequence[int]) -> dict[int, str]:
        """Return when the photos of faces were taken (ISO 8601), by the ids of faces, as far as it is known."""
        rows = self._db.conn.execute(
            "SELECT faces.id, timeline_date FROM faces INDEXED BY faces_glance JOIN photos ON photos.id = photo_id "
            "WHERE faces.id IN (SELECT value FROM json_each(?)) AND timeline_date IS NOT NULL",
            (json.dumps(list(face_ids)),),
        )
        return dict(rows.fetchall())

    def those(self, person_id: int, face_ids: Sequence[int]) -> list[FaceOfPerson]:
        """Return some of the faces that match a person, the nearest first."""
        which = "accepted = 1 AND matches.face_id IN (SELECT value FROM json_each(?4))"
        return self._faces(which, person_id, len(face_ids), 0, json.dumps(list(face_ids)), person=_BY_FACE)

    def _count(self, which: str, *values: Any) -> int:
        return int(self._db.conn.execute(_COUNT.format(which=which), values).fetchone()[0])

    def _faces(
        self, which: str, *values: Any, order: str = "matches.distance", person: str = "matches.person_id"
    ) -> list[FaceOfPerson]:
        rows = self._db.conn.execute(_FACES.format(which=which, order=order, person=person), values)
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
