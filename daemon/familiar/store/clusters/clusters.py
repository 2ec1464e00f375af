"""Clusters: groups of faces, whose ids never change and are never used again, and what matching needs to know."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from familiar.errors import UsageError
from familiar.identity.verdicts import Verdicts
from familiar.model import JUNK, Box, Embeddings
from familiar.store.database import Database
from familiar.store.photos import QUALITY, REAL_GLANCES, stack
from familiar.store.versions import version_of

Kind: TypeAlias = Literal["unnamed", "named", "ignored"]

_SPARSE = 4
"""Ids for each face, of faces that are looked up one by one."""

_REFUSED_PEOPLE = """
WITH wanted AS (SELECT face_id, cluster_id FROM cluster_faces WHERE {faces}),
refused AS (
    SELECT face_id, person_id, other_id FROM refusals WHERE {faces}
    UNION SELECT wanted.face_id, person_id, other_id FROM wanted JOIN refusals USING (cluster_id)
    UNION SELECT wanted.face_id, NULL, refusals.cluster_id FROM wanted JOIN refusals ON other_id = wanted.cluster_id
)
SELECT DISTINCT face_id, name FROM refused LEFT JOIN clusters ON clusters.id = other_id
JOIN people ON people.id = COALESCE(refused.person_id, clusters.person_id)
"""
"""Faces with the people who they are not, as was said of the face, its cluster, or a cluster of that person."""


_REFUSED_FOR_CLUSTER = """
WITH refused AS (
    SELECT person_id, other_id FROM refusals WHERE cluster_id = ?1
    UNION SELECT NULL, refusals.cluster_id FROM refusals WHERE other_id = ?1
    UNION SELECT person_id, other_id FROM cluster_faces JOIN refusals USING (face_id)
        WHERE cluster_faces.cluster_id = ?1
)
SELECT DISTINCT name FROM refused LEFT JOIN clusters ON clusters.id = other_id
JOIN people ON people.id = COALESCE(refused.person_id, clusters.person_id)
"""


MEMBERS = """
SELECT {columns} FROM clusters CROSS JOIN real_cluster_faces ON cluster_id = clusters.id WHERE {where} ORDER BY face_id
"""
"""The faces of some clusters, in the order of their ids: other tables have them in that order, too, so that what is
looked up there of one face is near to that of the one before."""

UNNAMED = "clusters.person_id IS NULL AND NOT ignored AND absorbed_by IS NULL"
"""The clusters without a name that are not ignored."""

AT_ONCE = """
(a.times = '[]' OR b.times = '[]'
OR EXISTS (SELECT 1 FROM json_each(a.times) AS one JOIN json_each(b.times) AS other ON other.value = one.value))
"""
"""Whether two faces, `a` and `b` of one photo, are seen together: in a video they may be one person at two times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRow:
    """A cluster: the number of its faces and photos, and its name, if it has one.

    `recognised` is the number of its faces that match a person, for a cluster without a name. `is_junk` says that all
    of its faces are of too low a quality to be recognised. `version` differs whenever its faces or its name do.
    """

    id: int
    kind: Kind
    name: str | None
    faces: int
    photos: int
    recognised: int
    made_at: str
    is_junk: bool
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFace:
    """A face of a cluster, and how it joined it; `distance` is that to the centre, `match` the person it matches."""

    id: int
    cluster: int
    by: str
    distance: float | None
    model: str
    at: str
    photo_id: int
    hash: str
    box: Box
    time: float | None
    size: int
    sharpness: float
    quality: float | None
    taken: str | None
    match: str | None


class Clusters:
    """The tables of clusters."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def all(self) -> list[ClusterRow]:
        """Return all clusters with faces, the largest first, and those with nothing but junk after all others."""
        return self._clusters("absorbed_by IS NULL")

    def those(self, cluster_ids: Sequence[int]) -> list[ClusterRow]:
        """Return those of the clusters that have faces, in the order of `all`."""
        return self._clusters("clusters.id IN (SELECT value FROM json_each(?))", json.dumps(list(cluster_ids)))

    def unnamed(self) -> list[ClusterRow]:
        """Return the clusters without a name that are not ignored, in the order of `all`."""
        return self._clusters(UNNAMED)

    def counts(self) -> dict[Kind, int]:
        """Count the clusters of each kind, without looking at all faces."""
        counts: dict[Kind, int] = {"unnamed": 0, "named": 0, "ignored": 0}
        rows = self._db.conn.execute(
            "SELECT CASE WHEN person_id IS NOT NULL THEN 'named' WHEN ignored THEN 'ignored' ELSE 'unnamed' END, "
            "count(*) FROM clusters WHERE absorbed_by IS NULL "
            "AND EXISTS (SELECT 1 FROM real_cluster_faces WHERE cluster_id = clusters.id) GROUP BY 1"
        )
        counts.update({kind: int(count) for kind, count in rows})
        return counts

    def ungrouped(self) -> int:
        """Count the faces that are in no cluster and match nobody, without looking at their embeddings."""
        ((count,),) = self._db.conn.execute(
            f"SELECT count(*) FROM {REAL_GLANCES} AND id NOT IN (SELECT face_id FROM cluster_faces) "
            "AND NOT EXISTS (SELECT 1 FROM matches WHERE face_id = faces.id AND accepted)"
        )
        return int(count)

    def find(self, cluster_id: int) -> ClusterRow:
        """Return a cluster; for one that was absorbed, the cluster that it is a part of now.

        Raises:
            UsageError: there never was a cluster of this id, or it has no faces any more.
        """
        live = self.live(cluster_id)
        found = self._clusters("clusters.id = ?", live)
        if not found:
            raise UsageError(f"Cluster {cluster_id} has no faces any more.")
        return found[0]

    def live(self, cluster_id: int) -> int:
        """Return the id of the cluster that this one is a part of now, or its own id.

        Raises:
            UsageError: there never was a cluster of this id.
        """
        row = self._db.conn.execute("SELECT absorbed_by FROM clusters WHERE id = ?", (cluster_id,)).fetchone()
        if row is None:
            raise UsageError(f"There is no cluster {cluster_id}; `familiar clusters list` shows them.")
        return cluster_id if row[0] is None else self.live(int(row[0]))

    def face_ids(self, cluster_id: int) -> list[int]:
        """Return the ids of the faces of a cluster, in their order, with those in clips of live photos.

        Whatever is decided about a cluster is decided about those, too.
        """
        rows = self._db.conn.execute(
            "SELECT face_id FROM cluster_faces WHERE cluster_id = ? ORDER BY face_id", (cluster_id,)
        )
        return [int(row[0]) for row in rows]

    def person_id(self, cluster_id: int) -> int | None:
        """Return the id of the person of a cluster; None for a cluster without a name."""
        row = self._db.conn.execute("SELECT person_id FROM clusters WHERE id = ?", (cluster_id,)).fetchone()
        return None if row is None or row[0] is None else int(row[0])

    def faces(
        self, cluster_id: int, *, min_quality: float = 0.0, start: int = 0, most: int | None = None
    ) -> list[ClusterFace]:
        """Return the faces of a cluster of a quality, those nearest to its centre first, and junk last.

        Args:
            cluster_id: the cluster.
            min_quality: of the faces, from 0 to 1.
            start: how many faces are skipped.
            most: how many are returned at most; None: all.
        """
        return self._faces(
            f"members.cluster_id = ? AND {QUALITY} >= ?",
            cluster_id,
            min_quality,
            members="real_cluster_faces",
            start=start,
            most=-1 if most is None else most,
        )

    def refused_people(self, cluster_id: int) -> set[str]:
        """Return the people who a cluster is not, as was said of it, of a face in it, or of a cluster of theirs."""
        return {str(name) for (name,) in self._db.conn.execute(_REFUSED_FOR_CLUSTER, (cluster_id,))}

    def years(self, cluster_id: int) -> tuple[str, str] | None:
        """Return the first and the last time (ISO 8601) at which photos of a cluster were taken, if it is known."""
        first, last = self._db.conn.execute(
            "SELECT min(timeline_date), max(timeline_date) FROM real_cluster_faces AS members "
            "CROSS JOIN faces INDEXED BY faces_glance ON faces.id = members.face_id "
            "CROSS JOIN photos ON photos.id = photo_id WHERE cluster_id = ?",
            (cluster_id,),
        ).fetchone()
        return None if first is None else (str(first), str(last))

    def embeddings(self, cluster_id: int, model: str) -> tuple[list[int], Embeddings, list[float]]:
        """Return ids, embeddings (n, numbers) and qualities of the faces of a cluster that are of this model.

        If there are none, return those of another model, which will be encoded again. An unknown quality is 1.
        """
        rows = self._db.conn.execute(
            "WITH members AS (SELECT face_id FROM real_cluster_faces WHERE cluster_id = ?1) "
            f"SELECT faces.id, embedding, {QUALITY} FROM members JOIN faces ON faces.id = face_id "
            "WHERE engine = (SELECT engine FROM members JOIN faces ON faces.id = face_id GROUP BY engine "
            "ORDER BY engine = ?2 DESC, count(*) DESC, engine LIMIT 1) ORDER BY faces.id",
            (cluster_id, model),
        ).fetchall()
        return [row[0] for row in rows], stack(row[1] for row in rows), [row[2] for row in rows]

    def face(self, face_id: int) -> ClusterFace | None:
        """Return a face of a cluster, maybe one in the clip of a live photo; None if it is in no cluster."""
        found = self._faces("members.face_id = ?", face_id, members="cluster_faces")
        return found[0] if found else None

    def photo_of(self, face_id: int) -> str | None:
        """Return the hash of the photo that a face is in."""
        row = self._db.conn.execute(
            "SELECT hash FROM faces JOIN photos ON photos.id = photo_id WHERE faces.id = ?", (face_id,)
        ).fetchone()
        return None if row is None else str(row[0])

    def photo_with_both(self, one: int, other: int) -> str | None:
        """Return name or hash of a photo that shows faces of both clusters together, if there is one."""
        row = self._db.conn.execute(
            "SELECT hash, (SELECT name FROM files WHERE files.photo_id = photos.id ORDER BY id LIMIT 1) "
            "FROM cluster_faces AS first JOIN faces AS a ON a.id = first.face_id "
            "JOIN faces AS b ON b.photo_id = a.photo_id AND b.id != a.id "
            "JOIN cluster_faces AS second ON second.face_id = b.id JOIN photos ON photos.id = a.photo_id "
            f"WHERE first.cluster_id = ? AND second.cluster_id = ? AND {AT_ONCE} LIMIT 1",
            (one, other),
        ).fetchone()
        if row is None:
            return None
        return str(row[0]) if row[1] is None else bytes(row[1]).decode(errors="replace")

    def verdicts(self, face_ids: Sequence[int]) -> Verdicts:
        """Return what persons decided about faces, by their positions in `face_ids`, which are ordered."""
        if not face_ids:
            return Verdicts()
        place = {face_id: number for number, face_id in enumerate(face_ids)}
        which = "face_id BETWEEN ?1 AND ?2"
        values: tuple[Any, ...] = (face_ids[0], face_ids[-1])
        if face_ids[-1] - face_ids[0] > _SPARSE * len(face_ids):
            which, values = "face_id IN (SELECT value FROM json_each(?1))", (json.dumps(list(face_ids)),)
        named = self._db.conn.execute(
            "SELECT face_id, name FROM cluster_faces JOIN clusters ON clusters.id = cluster_id "
            f"JOIN people ON people.id = person_id WHERE {which}",
            values,
        )
        refused = self._db.conn.execute(_REFUSED_PEOPLE.format(faces=which), values)
        refusals: dict[int, set[str]] = {}
        for face_id, name in refused:
            if face_id in place:
                refusals.setdefault(place[face_id], set()).add(name)
        ignored = self._db.conn.execute(
            f"SELECT face_id FROM cluster_faces JOIN clusters ON clusters.id = cluster_id WHERE ignored AND {which}",
            values,
        )
        return Verdicts(
            nobody=frozenset(place[face_id] for (face_id,) in ignored if face_id in place),
            named={place[face_id]: name for face_id, name in named if face_id in place},
            refused={number: frozenset(names) for number, names in refusals.items()},
        )

    def _clusters(self, where: str, *values: Any) -> list[ClusterRow]:
        rows = self._db.conn.execute(
            f"""
            WITH members AS MATERIALIZED ({MEMBERS.format(columns="cluster_id, face_id, at", where=where)}),
            sums AS (
                SELECT cluster_id, count(*) AS faces, count(DISTINCT photo_id) AS photos,
                    sum(COALESCE(accepted, 0)) AS recognised, max({QUALITY}) < {JUNK} AS is_junk,
                    sum(faces.id) AS ids, max(at) AS at
                FROM members CROSS JOIN faces INDEXED BY faces_glance ON faces.id = members.face_id
                LEFT JOIN matches ON matches.face_id = faces.id GROUP BY cluster_id
            )
            SELECT clusters.id, name, ignored, faces, photos, recognised, made_at, is_junk, ids, at, clusters.person_id
            FROM sums CROSS JOIN clusters ON clusters.id = cluster_id
            LEFT JOIN people ON people.id = clusters.person_id ORDER BY is_junk, faces DESC, clusters.id
            """,
            values,
        )
        return [
            ClusterRow(
                id=id_,
                kind="named" if name is not None else "ignored" if ignored else "unnamed",
                name=name,
                faces=faces,
                photos=photos,
                recognised=0 if name is not None else recognised,
                made_at=made_at,
                is_junk=bool(is_junk),
                version=version_of(faces, *state, ignored),
            )
            for id_, name, ignored, faces, photos, recognised, made_at, is_junk, *state in rows
        ]

    def _faces(self, where: str, *values: Any, members: str, start: int = 0, most: int = -1) -> list[ClusterFace]:
        rows = self._db.conn.execute(
            f"""
            WITH chosen AS MATERIALIZED (
                SELECT members.*, row_number() OVER (
                    ORDER BY {QUALITY} < {JUNK}, members.distance IS NULL, members.distance, faces.id
                ) AS place
                FROM {members} AS members CROSS JOIN faces INDEXED BY faces_glance ON faces.id = members.face_id
                WHERE {where} ORDER BY place LIMIT ? OFFSET ?
            )
            SELECT faces.id, cluster_id, by, chosen.distance, model, at, photo_id, hash,
                box_left, box_top, box_right, box_bottom, time, size, sharpness, quality, taken,
                CASE WHEN accepted THEN name END
            FROM chosen CROSS JOIN faces ON faces.id = chosen.face_id CROSS JOIN photos ON photos.id = photo_id
            LEFT JOIN matches ON matches.face_id = faces.id LEFT JOIN people ON people.id = matches.person_id
            ORDER BY place
            """,
            (*values, most, start),
        )
        return [
            ClusterFace(
                id=row[0],
                cluster=row[1],
                by=row[2],
                distance=row[3],
                model=row[4],
                at=row[5],
                photo_id=row[6],
                hash=row[7],
                box=Box(left=row[8], top=row[9], right=row[10], bottom=row[11]),
                time=row[12],
                size=row[13],
                sharpness=row[14],
                quality=row[15],
                taken=row[16],
                match=row[17],
            )
            for row in rows
        ]
