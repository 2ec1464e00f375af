"""Faces that are named in sidecars of other programs."""

from collections.abc import Mapping

from familiar.identity.people import MOST_REFERENCES
from familiar.model import JUNK
from familiar.names import check_name, name_key
from familiar.plurals import counted
from familiar.store.clusters.clusters import Clusters
from familiar.store.clusters.refusals import read_refusals
from familiar.store.database import Database
from familiar.store.decisions.consistency import check_faces, photo_with
from familiar.store.decisions.event import OpenEvent
from familiar.store.decisions.log import DecisionLog
from familiar.store.photos import QUALITY

_CLEAR = 48
"""Pixels of the shorter side of a face from which on it is registered because a sidecar names it."""

_CLUSTERS_OF_PERSON = """
SELECT clusters.id FROM clusters LEFT JOIN cluster_faces ON cluster_id = clusters.id
WHERE person_id = ? AND absorbed_by IS NULL GROUP BY clusters.id ORDER BY count(*) DESC, clusters.id
"""
"""The largest first."""

_OF_FACE = "FROM cluster_faces JOIN clusters ON clusters.id = cluster_id LEFT JOIN people ON people.id = person_id"


class Confirmations:
    """Confirms faces that a sidecar names; what persons decided takes precedence."""

    def __init__(self, db: Database, *, clusters: Clusters, log: DecisionLog) -> None:
        """Take the open store, its clusters, and the log."""
        self._db = db
        self._clusters = clusters
        self._log = log

    def objection(self, face: int, name: str) -> str | None:
        """Return why it does not count that a sidecar gives a face this name; None if it counts.

        It does not if a person decided that the face is somebody else, is not this person, or is ignored.
        """
        if self._value(f"SELECT 1 {_OF_FACE} WHERE face_id = ? AND ignored", face):
            return "its cluster is ignored"
        other = self._value(
            f"SELECT name {_OF_FACE} WHERE face_id = ? AND by = 'person' AND key != ?", face, name_key(name)
        )
        registered = "FROM face_references JOIN people ON people.id = person_id WHERE face_id = ? AND key != ?"
        other = other or self._value(f"SELECT name {registered}", face, name_key(name))
        if other is not None:
            return f"it is known to be {other!r}"
        person = self._value("SELECT id FROM people WHERE key = ?", name_key(name))
        return None if person is None or not self._is_refused(face, int(str(person))) else "that was refused before"

    def confirm(self, names: Mapping[int, str], *, source: str) -> int | None:
        """Give faces the names that a sidecar (`source`) gives them; return the id of the event.

        The faces come into clusters of these people, and are registered as references of those who have few. If all of
        it is known already, nothing is done, and the answer is None.

        Raises:
            UsageError: a name can't be used, or a face does not exist; nothing is changed.
        """
        fresh = {face: check_name(name) for face, name in names.items() if not self._is_confirmed(face, name)}
        if not fresh:
            return None
        with self._log.event("confirm") as event:
            check_faces(self._db, list(fresh))
            for face, name in fresh.items():
                self._confirm(event, face, name)
            people = ", ".join(dict.fromkeys(fresh.values()))
            event.summary = f"{counted(len(fresh), 'face')} confirmed as {people} by {source}"
        return event.id

    def _confirm(self, event: OpenEvent, face: int, name: str) -> None:
        person_id, _ = event.person(name)
        event.keep_homes([face])
        event.leave_people([face], to=person_id)
        event.move([face], self._cluster_for(event, face, person_id))
        references = self._value("SELECT count(*) FROM face_references WHERE person_id = ?", person_id)
        if int(str(references)) < MOST_REFERENCES and self._is_clear(face):
            event.register(person_id, [face])

    def _cluster_for(self, event: OpenEvent, face: int, person_id: int) -> int:
        """Return the cluster of a person that a face comes into; a new one if each has another face of its photo."""
        home = self._value("SELECT cluster_id FROM cluster_faces WHERE face_id = ?", face)
        clusters = [int(row[0]) for row in self._db.conn.execute(_CLUSTERS_OF_PERSON, (person_id,))]
        if home in clusters:
            return int(str(home))
        for cluster in clusters:
            if photo_with(self._db, [face], self._clusters.face_ids(cluster)) is None:
                event.changes.update("clusters", cluster, kept=1)
                return cluster
        fresh = event.new_cluster()
        event.changes.update("clusters", fresh, person_id=person_id)
        return fresh

    def _is_confirmed(self, face: int, name: str) -> bool:
        """Return whether a person put a face into a cluster of this name."""
        named = f"SELECT 1 {_OF_FACE} WHERE face_id = ? AND by = 'person' AND key = ?"
        return self._value(named, face, name_key(name)) is not None

    def _is_refused(self, face: int, person_id: int) -> bool:
        """Return whether it was decided that a face, or its cluster, is not this person."""
        if self._value("SELECT 1 FROM refusals WHERE face_id = ? AND person_id = ?", face, person_id) is not None:
            return True
        refused = read_refusals(self._db)
        home = self._value("SELECT cluster_id FROM cluster_faces WHERE face_id = ?", face)
        if home is not None and (int(str(home)), person_id) in refused.people:
            return True
        return any(
            (face, int(row[0])) in refused.faces for row in self._db.conn.execute(_CLUSTERS_OF_PERSON, (person_id,))
        )

    def _is_clear(self, face: int) -> bool:
        """Return whether a face is large and good enough for a reference."""
        clear = f"SELECT 1 FROM faces WHERE id = ? AND size >= ? AND {QUALITY} >= ?"
        return self._value(clear, face, _CLEAR, JUNK) is not None

    def _value(self, query: str, *values: float | str) -> object:
        row = self._db.conn.execute(query, values).fetchone()
        return None if row is None else row[0]
