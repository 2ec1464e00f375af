"""Rounds of grouping: what is grouped, and the result."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, combinations, groupby
from operator import itemgetter

from familiar.identity.clustering.plan import FacesToGroup, Grouping, Member
from familiar.store.clusters.clusters import AT_ONCE, Clusters
from familiar.store.clusters.refusals import Refusals, read_refusals
from familiar.store.database import Database, writing
from familiar.store.decisions.log import DecisionLog
from familiar.store.people import raise_people_version
from familiar.store.photos import QUALITY, stack

_PART = 50_000
"""Faces that are read at once: their rows take more memory than the arrays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingResult:
    """The result of a round of grouping, as numbers of faces and clusters.

    `left_out` are faces that the model in use has yet to encode.
    """

    joined: int
    fresh: int
    grouped: int
    absorbed: int
    left_out: int = 0


class Rounds:
    """What the program reads and writes to group faces."""

    def __init__(self, db: Database, *, clusters: Clusters, log: DecisionLog, now: Callable[[], datetime]) -> None:
        """Take the open store, its clusters, the log of decisions, and a clock that gives UTC."""
        self._db = db
        self._clusters = clusters
        self._log = log
        self._now = now

    def last(self) -> tuple[datetime, str] | None:
        """Return the time of the last round, and what it was based on, as it was passed to `apply`."""
        value = str(self._db.conn.execute("SELECT value FROM facts WHERE name = 'clustered'").fetchone()[0])
        at, _, basis = value.partition(" ")
        return (datetime.fromisoformat(at), basis) if value else None

    def basis(self, model: str) -> str:
        """Return what grouping depends on, except the settings: the faces of a model, and the version of people."""
        newest, count = self._db.conn.execute(
            "SELECT max(id), count(*) - (SELECT count(*) FROM clip_faces) FROM faces WHERE engine = ?", (model,)
        ).fetchone()
        version = self._db.conn.execute("SELECT value FROM facts WHERE name = 'people version'").fetchone()[0]
        return f"{model}: {count} faces up to {newest or 0}; people {version}; "

    def has_faces(self, model: str) -> bool:
        """Return whether there is a face of this model."""
        found = self._db.conn.execute("SELECT EXISTS (SELECT 1 FROM real_faces WHERE engine = ?)", (model,))
        return bool(found.fetchone()[0])

    def to_group(self, model: str, *, min_size: int, min_quality: float = 0.0, same_photo: bool) -> FacesToGroup:
        """Return the faces of this model that are in clusters, or of unknown people and large and good enough."""
        import numpy as np  # noqa: PLC0415 - many commands look at no face

        found = self._db.conn.execute(
            "SELECT faces.id, embedding, COALESCE(cluster_id, 0) FROM real_faces AS faces "
            "LEFT JOIN cluster_faces ON cluster_faces.face_id = faces.id WHERE engine = ? "
            f"AND (cluster_id IS NOT NULL OR (size >= ? AND {QUALITY} >= ? "
            "AND faces.id NOT IN (SELECT face_id FROM matches WHERE accepted) "
            "AND faces.id NOT IN (SELECT face_id FROM face_references WHERE face_id IS NOT NULL))) ORDER BY faces.id",
            (model, min_size, min_quality),
        )
        ids, embeddings, clusters = [np.zeros(0, np.int64)], [], [np.zeros(0, np.int64)]
        while rows := found.fetchmany(_PART):
            ids.append(np.array([row[0] for row in rows], np.int64))
            embeddings.append(stack(row[1] for row in rows))
            clusters.append(np.array([row[2] for row in rows], np.int64))
        apart = chain(() if same_photo else self._in_one_photo(), self._told_apart(model))
        firm = self._db.conn.execute("SELECT id FROM clusters WHERE kept OR ignored OR person_id IS NOT NULL")
        return FacesToGroup(
            ids=np.concatenate(ids),
            embeddings=np.concatenate(embeddings or [stack(())]),
            clusters=np.concatenate(clusters),
            model=model,
            firm=frozenset(int(row[0]) for row in firm),
            apart=np.fromiter(chain.from_iterable(apart), np.int64).reshape(-1, 2),
        )

    def apply(self, grouping: Grouping, model: str, *, basis: str, same_photo: bool = False) -> GroupingResult:
        """Write a grouping down, except where persons have decided something in the meantime.

        Args:
            grouping: the result of grouping.
            model: the model of the embeddings.
            basis: what it was based on, for `last`.
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
        return GroupingResult(joined=joined, fresh=fresh, grouped=grouped, absorbed=absorbed)

    def _in_one_photo(self) -> Iterable[tuple[int, int]]:
        """Give the pairs of faces of one photo, or that a video shows at the same time."""
        rows = self._db.conn.execute(
            "SELECT photo_id, faces.id, times FROM faces WHERE photo_id IN "
            "(SELECT photo_id FROM faces GROUP BY photo_id HAVING count(*) > 1) ORDER BY photo_id, faces.id"
        )
        for _, faces in groupby(rows, key=itemgetter(0)):
            times_of = [(face_id, frozenset(json.loads(times))) for _, face_id, times in faces]
            for (one, seen), (other, seen_too) in combinations(times_of, 2):
                if not seen or not seen_too or seen & seen_too:
                    yield one, other

    def _told_apart(self, model: str) -> Iterable[tuple[int, int]]:
        """Give a pair of faces for each two clusters, or face and cluster, that must not be joined.

        A cluster is never divided, so that any of its grouped faces can represent it.
        """
        some_face: dict[int, int] = dict(
            self._db.conn.execute(
                "SELECT cluster_id, min(face_id) FROM real_cluster_faces JOIN faces ON faces.id = face_id "
                "WHERE engine = ? GROUP BY cluster_id",
                (model,),
            )
        )
        refused = read_refusals(self._db)
        yield from ((face, some_face[cluster]) for face, cluster in refused.faces if cluster in some_face)
        for one, other in map(tuple, refused.clusters):
            if one in some_face and other in some_face:
                yield some_face[one], some_face[other]

    def _free(self, grouping: Grouping, refused: Refusals, *, same_photo: bool) -> set[int]:
        """Return the faces that are still free and may still join the cluster that was chosen for them."""
        wanted = [(member.face, 0) for members in grouping.fresh for member in members]
        wanted += [(member.face, cluster) for cluster, members in grouping.joined.items() for member in members]
        self._db.conn.execute(
            "CREATE TEMP TABLE IF NOT EXISTS wanted (face_id INTEGER PRIMARY KEY, cluster_id INTEGER)"
        )
        self._db.conn.execute("DELETE FROM wanted")
        self._db.conn.executemany("INSERT OR IGNORE INTO wanted VALUES (?, ?)", wanted)
        rows = self._db.conn.execute(
            "SELECT face_id, cluster_id FROM wanted WHERE face_id IN (SELECT id FROM real_faces) "
            "AND face_id NOT IN (SELECT face_id FROM cluster_faces) "
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
        """Return the clusters of a grouping that still exist, and whether they may be absorbed."""
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
            raise_people_version(self._db)
        return len(members)

    def _are_apart(self, one: int, other: int, refused: Refusals, *, same_photo: bool) -> bool:
        in_one_photo = not same_photo and self._clusters.photo_with_both(one, other) is not None
        return in_one_photo or frozenset((one, other)) in refused.clusters

    def _absorb(self, small: int, large: int) -> None:
        with self._log.event("absorb", by="program") as event:
            event.changes.update("clusters", small, absorbed_by=large)
            for face_id in self._clusters.face_ids(small):
                event.changes.update("cluster_faces", face_id, cluster_id=large)
            event.summary = f"cluster {small} became a part of cluster {large}"

    def _time(self) -> str:
        return self._now().isoformat()
