"""Questions for a person: who a cluster may be, and which clusters may be one person."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from familiar.model import JUNK
from familiar.store.clusters.clusters import AT_ONCE
from familiar.store.clusters.refusals import read_refusals
from familiar.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A question for a person: is this cluster that person, or the same person as the `other` cluster?"""

    cluster: int
    faces: int
    person: str | None
    other: int | None
    distance: float


class Suggestions:
    """What a person should decide; suggestions change nothing."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def all(self, *, threshold: float) -> list[Suggestion]:
        """Return questions for a person, the best first: who clusters may be, and which may be one person.

        Those about clusters with nothing but junk come last.

        Args:
            threshold: largest mean distance of the faces of a cluster to a person.
        """
        found = [*self._maybe_people(threshold), *self._maybe_one()]
        junk = self._junk()

        def rank(one: Suggestion) -> tuple[bool, float, int, int]:
            return not junk.isdisjoint({one.cluster, one.other}), one.distance, -one.faces, one.cluster

        return sorted(found, key=rank)

    def _junk(self) -> set[int]:
        """Return the clusters with nothing but junk."""
        rows = self._db.conn.execute(
            "SELECT cluster_id FROM real_cluster_faces GROUP BY cluster_id "
            "HAVING count(*) = sum(face_id IN (SELECT id FROM faces WHERE quality < ?))",
            (JUNK,),
        )
        return {int(row[0]) for row in rows}

    def _maybe_people(self, threshold: float) -> Iterable[Suggestion]:
        rows = self._db.conn.execute(
            """
            WITH sizes AS (SELECT cluster_id, count(*) AS size FROM real_cluster_faces GROUP BY cluster_id)
            SELECT cluster_faces.cluster_id, size, people.id, name, avg(matches.distance)
            FROM cluster_faces JOIN sizes USING (cluster_id) JOIN clusters ON clusters.id = cluster_faces.cluster_id
            JOIN matches USING (face_id) JOIN people ON people.id = matches.person_id
            WHERE clusters.person_id IS NULL AND NOT ignored AND absorbed_by IS NULL AND NOT people.hidden
            GROUP BY cluster_faces.cluster_id, matches.person_id
            HAVING 2 * count(*) > size AND avg(matches.distance) <= ?
            """,
            (threshold,),
        ).fetchall()
        busy, refused = self._photos_with_people([row[0] for row in rows]), read_refusals(self._db).people
        for cluster, size, person, name, distance in rows:
            if (cluster, name) not in busy and (cluster, person) not in refused:
                yield Suggestion(cluster=cluster, faces=size, person=name, other=None, distance=distance)

    def _photos_with_people(self, cluster_ids: Sequence[int]) -> set[tuple[int, str]]:
        """Return clusters with people who are in one photo with the cluster, as another face."""
        rows = self._db.conn.execute(
            "SELECT DISTINCT cluster_id, name FROM cluster_faces JOIN faces AS a ON a.id = cluster_faces.face_id "
            "JOIN faces AS b ON b.photo_id = a.photo_id AND b.id != a.id "
            "JOIN matches ON matches.face_id = b.id AND accepted JOIN people ON people.id = matches.person_id "
            f"WHERE cluster_id IN (SELECT value FROM json_each(?)) AND {AT_ONCE}",
            (json.dumps(list(cluster_ids)),),
        )
        return {(int(cluster), str(name)) for cluster, name in rows}

    def _maybe_one(self) -> Iterable[Suggestion]:
        rows = self._db.conn.execute(
            """
            SELECT one.cluster_id, other.cluster_id, alike.distance,
                (SELECT count(*) FROM real_cluster_faces WHERE cluster_id = one.cluster_id)
            FROM alike JOIN real_cluster_faces AS one ON one.face_id = alike.face_id
            JOIN real_cluster_faces AS other ON other.face_id = alike.other_id
            JOIN clusters AS first ON first.id = one.cluster_id JOIN clusters AS second ON second.id = other.cluster_id
            WHERE one.cluster_id != other.cluster_id AND NOT first.ignored AND NOT second.ignored
            AND (first.person_id IS NULL OR second.person_id IS NULL)
            ORDER BY alike.distance
            """
        )
        told = set(read_refusals(self._db).clusters)
        for cluster, other, distance, size in rows:
            if frozenset((cluster, other)) not in told:
                told.add(frozenset((cluster, other)))
                yield Suggestion(cluster=cluster, faces=size, person=None, other=other, distance=distance)
