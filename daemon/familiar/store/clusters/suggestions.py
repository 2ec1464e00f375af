"""Questions for a person: who a cluster may be, and which clusters may be one person."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from familiar.model import JUNK
from familiar.store.clusters.clusters import AT_ONCE, MEMBERS, UNNAMED, Clusters
from familiar.store.clusters.hints import Hints, Unnamed
from familiar.store.clusters.refusals import read_refusals
from familiar.store.database import Database
from familiar.store.photos import QUALITY


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A question for a person: is this cluster that person, or the same person as the `other` cluster?

    Without a cluster, the question is about a `face` that is in none. `named` counts photos that have the name of the
    person on Flickr; `is_clear` says that one of them has one face and one name. `distance` is None if only names ask.
    """

    cluster: int | None
    faces: int
    person: str | None
    other: int | None
    distance: float | None
    face: int | None = None
    named: int = 0
    is_clear: bool = False


class Suggestions:
    """What a person should decide; suggestions change nothing."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db
        self._hints = Hints(db)

    def all(self, *, threshold: float) -> list[Suggestion]:
        """Return questions for a person, the best first: who clusters may be, and which may be one person.

        Those that a name on Flickr makes clear come first, and those about clusters with nothing but junk last.

        Args:
            threshold: largest mean distance of the faces of a cluster to a person.
        """
        near = {(one.cluster, one.face, one.person): one for one in self._maybe_people(threshold)}
        hinted = {(one.cluster, one.face, one.person): one for one in self._maybe_named(near)}
        found = [*(near | hinted).values(), *self._maybe_one()]
        junk = self._junk({cluster for one in found for cluster in (one.cluster, one.other) if cluster is not None})

        def rank(one: Suggestion) -> tuple[bool, bool, float, int, int, int]:
            is_junk = not junk.isdisjoint({one.cluster, one.other})
            distance = float("inf") if one.distance is None else one.distance
            return is_junk, not one.is_clear, distance, -one.named, -one.faces, one.cluster or one.face or 0

        return sorted(found, key=rank)

    def _junk(self, among: Iterable[int]) -> set[int]:
        """Return those of some clusters that have nothing but junk."""
        rows = self._db.conn.execute(
            "SELECT id FROM clusters WHERE id IN (SELECT value FROM json_each(?)) AND NOT EXISTS ("
            "SELECT 1 FROM real_cluster_faces AS members "
            "CROSS JOIN faces INDEXED BY faces_glance ON faces.id = members.face_id "
            f"WHERE cluster_id = clusters.id AND {QUALITY} >= ?)",
            (json.dumps(list(among)), JUNK),
        )
        return {int(row[0]) for row in rows}

    def _maybe_people(self, threshold: float) -> Iterable[Suggestion]:
        rows = self._db.conn.execute(
            f"""
            WITH members AS MATERIALIZED ({MEMBERS.format(columns="cluster_id, face_id", where=UNNAMED)}),
            near AS MATERIALIZED (
                SELECT cluster_id, person_id, avg(distance) AS distance, count(*) AS faces
                FROM members CROSS JOIN matches ON matches.face_id = members.face_id
                GROUP BY cluster_id, person_id HAVING avg(distance) <= ?
            )
            SELECT cluster_id, (
                SELECT count(*) FROM real_cluster_faces AS members WHERE members.cluster_id = near.cluster_id
            ) AS size, people.id, name, distance
            FROM near JOIN people ON people.id = person_id WHERE NOT hidden AND 2 * faces > size
            """,
            (threshold,),
        ).fetchall()
        busy, refused = self._photos_with_people([row[0] for row in rows]), read_refusals(self._db).people
        for cluster, size, person, name, distance in rows:
            if (cluster, name) not in busy and (cluster, person) not in refused:
                yield Suggestion(cluster=cluster, faces=size, person=name, other=None, distance=distance)

    def _maybe_named(self, near: Mapping[Any, Suggestion]) -> Iterable[Suggestion]:
        """Give the questions that names on Flickr raise, with the distances of those that faces raise, too."""
        hints = self._hints.all()
        if not hints:
            return
        names = dict[int, str](self._db.conn.execute("SELECT id, name FROM people"))
        sizes = dict(self._db.conn.execute("SELECT cluster_id, count(*) FROM real_cluster_faces GROUP BY cluster_id"))
        excluded = self._excluded([hint.who for hint in hints], names)
        for hint in hints:
            who, name = hint.who, names[hint.person]
            if (who, name) in excluded:
                continue
            known = near.get((who.cluster, who.face, name))
            yield Suggestion(
                cluster=who.cluster,
                face=who.face,
                faces=sizes.get(who.cluster, 1),
                person=name,
                other=None,
                distance=None if known is None else known.distance,
                named=hint.photos,
                is_clear=hint.likelihood == 1,
            )

    def _excluded(self, them: Sequence[Unnamed], names: Mapping[int, str]) -> set[tuple[Unnamed, str]]:
        """Return which of these are known not to be whom; `names` are those of all people, by their ids."""
        clusters = [one.cluster for one in them if one.cluster is not None]
        faces = sorted({one.face for one in them if one.face is not None})
        told = {(Unnamed(cluster=cluster), names[person]) for cluster, person in read_refusals(self._db).people}
        told |= {(Unnamed(cluster=cluster), name) for cluster, name in self._photos_with_people(clusters)}
        verdicts = Clusters(self._db).verdicts(faces).refused
        return told | {(Unnamed(face=faces[at]), name) for at, names in verdicts.items() for name in names}

    def _photos_with_people(self, cluster_ids: Sequence[int]) -> set[tuple[int, str]]:
        """Return clusters with people who are in one photo with the cluster, as another face."""
        rows = self._db.conn.execute(
            "SELECT DISTINCT cluster_id, name FROM cluster_faces "
            "CROSS JOIN faces AS glance INDEXED BY faces_glance ON glance.id = cluster_faces.face_id "
            "CROSS JOIN faces AS other INDEXED BY faces_photo "
            "ON other.photo_id = glance.photo_id AND other.id != glance.id "
            "CROSS JOIN matches ON matches.face_id = other.id AND accepted "
            "JOIN people ON people.id = matches.person_id "
            "CROSS JOIN faces AS a ON a.id = glance.id CROSS JOIN faces AS b ON b.id = other.id "
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
