"""Clusters: groups of faces, whose ids never change or come back, as the program makes them and as they are shown."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any, Literal, TypeAlias

import numpy as np
from sqlite_utils import Database

from familiar.errors import UsageError
from familiar.identity.clustering.plan import Faces, Grouping, Member
from familiar.identity.matching import Verdicts
from familiar.model import Box, Embeddings
from familiar.store.changes import Changes, dump
from familiar.store.database import writing
from familiar.store.photos import stack
from familiar.store.refusals import Refusals, read_refusals

Kind: TypeAlias = Literal["unnamed", "named", "ignored"]


_REFUSED_PEOPLE = """
WITH wanted AS (SELECT face_id, cluster_id FROM cluster_faces WHERE face_id BETWEEN ?1 AND ?2),
refused AS (
    SELECT face_id, person_id, other_id FROM refusals WHERE face_id BETWEEN ?1 AND ?2
    UNION SELECT wanted.face_id, person_id, other_id FROM wanted JOIN refusals USING (cluster_id)
    UNION SELECT wanted.face_id, NULL, refusals.cluster_id FROM wanted JOIN refusals ON other_id = wanted.cluster_id
)
SELECT DISTINCT face_id, name FROM refused LEFT JOIN clusters ON clusters.id = other_id
JOIN people ON people.id = COALESCE(refused.person_id, clusters.person_id)
"""
"""Faces with the people who they are not: said of them, of their cluster, or of a cluster that is that person."""


AT_ONCE = """
(a.times = '[]' OR b.times = '[]'
OR EXISTS (SELECT 1 FROM json_each(a.times) AS one JOIN json_each(b.times) AS other ON other.value = one.value))
"""
"""Whether two faces, `a` and `b` of one photo, are seen together: in a video they may be one person at two times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRow:
    """A cluster: how many faces in how many photos, and whose they are, if that was said.

    `recognised` counts those of its faces that matching knows, for a cluster without a name.
    """

    id: int
    kind: Kind
    name: str | None
    faces: int
    photos: int
    recognised: int
    made_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFace:
    """A face of a cluster, and how it came into it; `distance` is that to the centre, `match` whom it matches."""

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
    taken: str | None
    match: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A question for a person: is this cluster that person, or are it and the `other` one?"""

    cluster: int
    faces: int
    person: str | None
    other: int | None
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What came of a round of grouping."""

    joined: int
    fresh: int
    grouped: int
    absorbed: int


class Clusters:
    """The tables of clusters."""

    def __init__(self, db: Database, *, now: Callable[[], datetime]) -> None:
        """Take the open store and a clock that gives UTC."""
        self._db = db
        self._now = now

    def all(self) -> list[ClusterRow]:
        """Return all clusters that were not absorbed and have faces, the largest first."""
        return self._clusters("absorbed_by IS NULL")

    def counts(self) -> dict[Kind, int]:
        """Count the clusters of each kind."""
        counts: dict[Kind, int] = {"unnamed": 0, "named": 0, "ignored": 0}
        for row in self.all():
            counts[row.kind] += 1
        return counts

    def find(self, cluster_id: int) -> ClusterRow:
        """Return a cluster; of one that was absorbed, the one that it is a part of now.

        Raises:
            UsageError: there never was one of this id, or it has no faces any more.
        """
        live = self.live(cluster_id)
        found = self._clusters("clusters.id = ?", live)
        if not found:
            raise UsageError(f"Cluster {cluster_id} has no faces any more.")
        return found[0]

    def live(self, cluster_id: int) -> int:
        """Return the id of the cluster that this one is a part of now, or its own.

        Raises:
            UsageError: there never was one of this id.
        """
        row = self._db.conn.execute("SELECT absorbed_by FROM clusters WHERE id = ?", (cluster_id,)).fetchone()
        if row is None:
            raise UsageError(f"There is no cluster {cluster_id}; `familiar clusters list` shows them.")
        return cluster_id if row[0] is None else self.live(int(row[0]))

    def faces(self, cluster_id: int) -> list[ClusterFace]:
        """Return the faces of a cluster, those nearest to its centre first."""
        return self._faces("cluster_faces.cluster_id = ?", cluster_id)

    def embeddings(self, cluster_id: int, model: str) -> tuple[list[int], Embeddings, list[float]]:
        """Return ids, embeddings (n, 128) and qualities of the faces of a cluster that are of this model.

        If there are none, those of another model are: they will be encoded again. The quality grows with the size of a
        face and its sharpness.
        """
        rows = self._db.conn.execute(
            "SELECT faces.id, embedding, size * sqrt(max(sharpness, 0)) FROM cluster_faces "
            "JOIN faces ON faces.id = face_id WHERE cluster_id = ?1 AND engine = (SELECT engine FROM cluster_faces "
            "JOIN faces ON faces.id = face_id WHERE cluster_id = ?1 GROUP BY engine "
            "ORDER BY engine = ?2 DESC, count(*) DESC, engine LIMIT 1) ORDER BY faces.id",
            (cluster_id, model),
        ).fetchall()
        return [row[0] for row in rows], stack(row[1] for row in rows), [row[2] for row in rows]

    def face(self, face_id: int) -> ClusterFace | None:
        """Return a face as it stands in its cluster; None for one that is in none."""
        found = self._faces("cluster_faces.face_id = ?", face_id)
        return found[0] if found else None

    def photo_of(self, face_id: int) -> str | None:
        """Return the hash of the photo that a face is in."""
        row = self._db.conn.execute(
            "SELECT hash FROM faces JOIN photos ON photos.id = photo_id WHERE faces.id = ?", (face_id,)
        ).fetchone()
        return None if row is None else str(row[0])

    def photo_with_both(self, one: int, other: int) -> str | None:
        """Return name or hash of a photo in which faces of both clusters are seen together, if there is one."""
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
        """Return what persons decided about faces, by their places in `face_ids`, which are ordered."""
        if not face_ids:
            return Verdicts()
        place = {face_id: number for number, face_id in enumerate(face_ids)}
        bounds = (face_ids[0], face_ids[-1])
        named = self._db.conn.execute(
            "SELECT face_id, name FROM cluster_faces JOIN clusters ON clusters.id = cluster_id "
            "JOIN people ON people.id = person_id WHERE face_id BETWEEN ? AND ?",
            bounds,
        )
        refused = self._db.conn.execute(_REFUSED_PEOPLE, bounds)
        refusals: dict[int, set[str]] = {}
        for face_id, name in refused:
            if face_id in place:
                refusals.setdefault(place[face_id], set()).add(name)
        ignored = self._db.conn.execute(
            "SELECT face_id FROM cluster_faces JOIN clusters ON clusters.id = cluster_id "
            "WHERE ignored AND face_id BETWEEN ? AND ?",
            bounds,
        )
        return Verdicts(
            nobody=frozenset(place[face_id] for (face_id,) in ignored if face_id in place),
            named={place[face_id]: name for face_id, name in named if face_id in place},
            refused={number: frozenset(names) for number, names in refusals.items()},
        )

    def last_round(self) -> tuple[datetime, str] | None:
        """Return when faces were grouped last, and what that was based on, as `apply` was told."""
        value = str(self._db.conn.execute("SELECT value FROM facts WHERE name = 'clustered'").fetchone()[0])
        at, _, basis = value.partition(" ")
        return (datetime.fromisoformat(at), basis) if value else None

    def basis(self, model: str) -> str:
        """Return what grouping depends on, but for the settings: the faces of a model, and the version of people."""
        newest, count = self._db.conn.execute(
            "SELECT max(id), count(*) FROM faces WHERE engine = ?", (model,)
        ).fetchone()
        version = self._db.conn.execute("SELECT value FROM facts WHERE name = 'people version'").fetchone()[0]
        return f"{model}: {count} faces up to {newest or 0}; people {version}; "

    def to_group(self, model: str, *, min_size: int, same_photo: bool) -> Faces:
        """Return the faces of this model that nobody is known to be, and those of clusters."""
        rows = self._db.conn.execute(
            "SELECT faces.id, embedding, COALESCE(cluster_id, 0) FROM faces "
            "LEFT JOIN cluster_faces ON cluster_faces.face_id = faces.id WHERE engine = ? "
            "AND faces.id NOT IN (SELECT face_id FROM no_faces) AND (cluster_id IS NOT NULL OR (size >= ? "
            "AND faces.id NOT IN (SELECT face_id FROM matches WHERE accepted) "
            "AND faces.id NOT IN (SELECT face_id FROM face_references WHERE face_id IS NOT NULL))) ORDER BY faces.id",
            (model, min_size),
        ).fetchall()
        ids = np.array([row[0] for row in rows], np.int64)
        clusters = np.array([row[2] for row in rows], np.int64)
        firm = self._db.conn.execute("SELECT id FROM clusters WHERE kept OR ignored OR person_id IS NOT NULL")
        return Faces(
            ids=ids,
            embeddings=stack(row[1] for row in rows),
            clusters=clusters,
            model=model,
            firm=frozenset(int(row[0]) for row in firm),
            apart=[*(() if same_photo else self._in_one_photo()), *self._told_apart(model)],
        )

    def apply(self, grouping: Grouping, model: str, *, basis: str, same_photo: bool = False) -> Applied:
        """Write down what was decided, but for what somebody else has decided meanwhile; it stays as they want it.

        Args:
            grouping: what was decided.
            model: that of the embeddings.
            basis: what it was based on, for `last_round`.
            same_photo: two faces of one photo may be one person, as in `to_group`.
        """
        with writing(self._db):
            live, refused = self._live(grouping), read_refusals(self._db)
            absorbed = 0
            for small, large in grouping.absorbed.items():
                if (
                    live.get(small)
                    and large in live
                    and not self._are_apart(small, large, refused, same_photo=same_photo)
                ):
                    self._absorb(small, large)
                    del live[small]
                    absorbed += 1
            free = self._free(grouping, refused, same_photo=same_photo)
            joined = grouped = fresh = 0
            for cluster_id, members in grouping.joined.items():
                if cluster_id in live:
                    joined += self._join(cluster_id, [member for member in members if member.face in free], model)
            for members in grouping.fresh:
                chosen = [member for member in members if member.face in free]
                if len(chosen) > 1:
                    made = self._db.conn.execute("INSERT INTO clusters (made_at) VALUES (?)", (self._time(),))
                    assert made.lastrowid is not None
                    grouped += self._join(made.lastrowid, chosen, model)
                    fresh += 1
            self._db.conn.execute("DELETE FROM alike")
            self._db.conn.executemany(
                "INSERT OR IGNORE INTO alike SELECT ?, ?, ? WHERE EXISTS (SELECT 1 FROM faces WHERE id = ?) "
                "AND EXISTS (SELECT 1 FROM faces WHERE id = ?)",
                ((pair.face, pair.other, pair.distance, pair.face, pair.other) for pair in grouping.alike),
            )
            self._db.conn.execute("UPDATE facts SET value = ? WHERE name = 'clustered'", (f"{self._time()} {basis}",))
        return Applied(joined=joined, fresh=fresh, grouped=grouped, absorbed=absorbed)

    def suggestions(self, *, threshold: float) -> list[Suggestion]:
        """Return questions for a person, best first: whose clusters these may be, and which are one.

        Args:
            threshold: the largest mean distance of a cluster's faces to a person.
        """
        found = [*self._maybe_people(threshold), *self._maybe_one()]
        return sorted(found, key=lambda one: (one.distance, -one.faces, one.cluster))

    def _clusters(self, where: str, *values: Any) -> list[ClusterRow]:
        rows = self._db.conn.execute(
            f"""
            SELECT clusters.id, name, ignored, count(*), count(DISTINCT photo_id), sum(COALESCE(accepted, 0)), made_at
            FROM clusters JOIN cluster_faces ON cluster_id = clusters.id JOIN faces ON faces.id = cluster_faces.face_id
            LEFT JOIN people ON people.id = clusters.person_id LEFT JOIN matches ON matches.face_id = faces.id
            WHERE {where} GROUP BY clusters.id ORDER BY count(*) DESC, clusters.id
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
            )
            for id_, name, ignored, faces, photos, recognised, made_at in rows
        ]

    def _faces(self, where: str, *values: Any) -> list[ClusterFace]:
        rows = self._db.conn.execute(
            f"""
            SELECT faces.id, cluster_id, by, cluster_faces.distance, model, at, photo_id, hash,
                box_left, box_top, box_right, box_bottom, time, size, sharpness, taken,
                CASE WHEN accepted THEN name END
            FROM cluster_faces JOIN faces ON faces.id = cluster_faces.face_id JOIN photos ON photos.id = photo_id
            LEFT JOIN matches ON matches.face_id = faces.id LEFT JOIN people ON people.id = matches.person_id
            WHERE {where} ORDER BY cluster_faces.distance IS NULL, cluster_faces.distance, faces.id
            """,
            values,
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
                taken=row[15],
                match=row[16],
            )
            for row in rows
        ]

    def _in_one_photo(self) -> Iterable[tuple[int, int]]:
        """Give the pairs of faces of one photo, or that a video shows at the same time."""
        rows = self._db.conn.execute(
            "SELECT photo_id, faces.id, times FROM faces WHERE photo_id IN "
            "(SELECT photo_id FROM faces GROUP BY photo_id HAVING count(*) > 1) ORDER BY photo_id, faces.id"
        )
        photos: dict[int, list[tuple[int, frozenset[float]]]] = {}
        for photo_id, face_id, times in rows:
            photos.setdefault(photo_id, []).append((face_id, frozenset(json.loads(times))))
        for faces in photos.values():
            for (one, seen), (other, seen_too) in combinations(faces, 2):
                if not seen or not seen_too or seen & seen_too:
                    yield one, other

    def _told_apart(self, model: str) -> Iterable[tuple[int, int]]:
        """Give a pair of faces for each two clusters, or face and cluster, that a person refused to be one.

        A cluster is kept whole, so that any face of it that is grouped stands for all.
        """
        some_face: dict[int, int] = dict(
            self._db.conn.execute(
                "SELECT cluster_id, min(face_id) FROM cluster_faces JOIN faces ON faces.id = face_id WHERE engine = ? "
                "AND face_id NOT IN (SELECT face_id FROM no_faces) GROUP BY cluster_id",
                (model,),
            )
        )
        refused = read_refusals(self._db)
        yield from ((face, some_face[cluster]) for face, cluster in refused.faces if cluster in some_face)
        for one, other in map(tuple, refused.clusters):
            if one in some_face and other in some_face:
                yield some_face[one], some_face[other]

    def _free(self, grouping: Grouping, refused: Refusals, *, same_photo: bool) -> set[int]:
        """Return which of the faces that were grouped are still free, and may still come where they were to come."""
        wanted = [(member.face, 0) for members in grouping.fresh for member in members]
        wanted += [(member.face, cluster) for cluster, members in grouping.joined.items() for member in members]
        self._db.conn.execute(
            "CREATE TEMP TABLE IF NOT EXISTS wanted (face_id INTEGER PRIMARY KEY, cluster_id INTEGER)"
        )
        self._db.conn.execute("DELETE FROM wanted")
        self._db.conn.executemany("INSERT OR IGNORE INTO wanted VALUES (?, ?)", wanted)
        rows = self._db.conn.execute(
            "SELECT face_id, cluster_id FROM wanted WHERE face_id IN (SELECT id FROM faces) "
            "AND face_id NOT IN (SELECT face_id FROM cluster_faces) AND face_id NOT IN (SELECT face_id FROM no_faces) "
            "AND face_id NOT IN (SELECT face_id FROM matches WHERE accepted) "
            "AND face_id NOT IN (SELECT face_id FROM face_references WHERE face_id IS NOT NULL)"
        ).fetchall()
        crowded = (
            ()
            if same_photo
            else self._db.conn.execute(
                "SELECT DISTINCT wanted.face_id FROM wanted JOIN faces AS a ON a.id = wanted.face_id "
                "JOIN faces AS b ON b.photo_id = a.photo_id AND b.id != a.id JOIN cluster_faces "
                f"ON cluster_faces.face_id = b.id AND cluster_faces.cluster_id = wanted.cluster_id WHERE {AT_ONCE}"
            )
        )
        return {int(face) for face, cluster in rows if (face, cluster) not in refused.faces} - {
            row[0] for row in crowded
        }

    def _live(self, grouping: Grouping) -> dict[int, bool]:
        """Return which of the clusters that are grown are still live, and whether they may be absorbed."""
        wanted = {*grouping.joined, *grouping.absorbed, *grouping.absorbed.values()}
        rows = self._db.conn.execute(
            "SELECT id, NOT (kept OR ignored OR person_id IS NOT NULL) FROM clusters WHERE absorbed_by IS NULL"
        )
        return {int(id_): bool(may) for id_, may in rows if id_ in wanted}

    def _join(self, cluster_id: int, members: Sequence[Member], model: str) -> int:
        self._db.conn.executemany(
            "INSERT INTO cluster_faces (face_id, cluster_id, by, distance, model, at) "
            "VALUES (?, ?, 'program', ?, ?, ?)",
            ((member.face, cluster_id, member.distance, model, self._time()) for member in members),
        )
        person = self._db.conn.execute("SELECT person_id FROM clusters WHERE id = ?", (cluster_id,)).fetchone()[0]
        if members and person is not None:
            self._db.conn.execute("UPDATE facts SET value = value + 1 WHERE name = 'people version'")
        return len(members)

    def _are_apart(self, one: int, other: int, refused: Refusals, *, same_photo: bool) -> bool:
        in_one_photo = not same_photo and self.photo_with_both(one, other) is not None
        return in_one_photo or frozenset((one, other)) in refused.clusters

    def _absorb(self, small: int, large: int) -> None:
        changes = Changes(self._db)
        changes.update("clusters", small, absorbed_by=large)
        for (face_id,) in self._db.conn.execute(
            "SELECT face_id FROM cluster_faces WHERE cluster_id = ? ORDER BY face_id", (small,)
        ).fetchall():
            changes.update("cluster_faces", face_id, cluster_id=large)
        self._db.conn.execute(
            "INSERT INTO cluster_events (kind, by, summary, changes, at) VALUES ('absorb', 'program', ?, ?, ?)",
            (f"cluster {small} became a part of cluster {large}", dump(changes.made), self._time()),
        )

    def _maybe_people(self, threshold: float) -> Iterable[Suggestion]:
        rows = self._db.conn.execute(
            """
            WITH sizes AS (SELECT cluster_id, count(*) AS size FROM cluster_faces GROUP BY cluster_id)
            SELECT cluster_faces.cluster_id, size, people.id, name, avg(matches.distance)
            FROM cluster_faces JOIN sizes USING (cluster_id) JOIN clusters ON clusters.id = cluster_faces.cluster_id
            JOIN matches USING (face_id) JOIN people ON people.id = matches.person_id
            WHERE clusters.person_id IS NULL AND NOT ignored AND absorbed_by IS NULL
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
        """Return clusters with a person who is in one photo with a face of the cluster, as another face."""
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
                (SELECT count(*) FROM cluster_faces WHERE cluster_id = one.cluster_id)
            FROM alike JOIN cluster_faces AS one ON one.face_id = alike.face_id
            JOIN cluster_faces AS other ON other.face_id = alike.other_id
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

    def _time(self) -> str:
        return self._now().isoformat()
