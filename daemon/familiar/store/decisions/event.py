"""One event as it happens: the rows that it changes, and what it says."""

import json
from collections.abc import Collection, Sequence

from familiar.names import name_key
from familiar.store.database import Database
from familiar.store.decisions.row_changes import RowChanges
from familiar.store.people import People, next_person_id

_FACE_TO_REGISTER = """
SELECT embedding, faces.engine, taken, (SELECT CAST(path || '/' || name AS BLOB) FROM files
    JOIN folders ON folders.id = folder_id WHERE files.photo_id = photos.id ORDER BY files.id LIMIT 1)
FROM faces JOIN photos ON photos.id = faces.photo_id WHERE faces.id = ?
AND NOT EXISTS (SELECT 1 FROM face_references WHERE face_id = faces.id)
"""
"""What a reference takes from a face that is not registered yet, with the file of its photo."""


class OpenEvent:
    """One event as it happens: its changes, and the summary, which the caller sets."""

    def __init__(self, db: Database, event_id: int, time: str) -> None:
        """Take the store, in a write transaction, the id of the event, and its time (ISO 8601, UTC)."""
        self._db = db
        self._people = People(db)
        self.id = event_id
        self.time = time
        self.changes = RowChanges(db)
        self.summary = ""

    def person(self, name: str) -> tuple[int, str]:
        """Return id and name of a person, who is added if they are new.

        Raises:
            UsageError: a new one would share a folder with somebody else.
        """
        found = self._people.named(name)
        if found is not None:
            return found.id, found.name
        self._people.check_folder(name)
        person_id = next_person_id(self._db)
        self.changes.insert("people", id=person_id, name=name, key=name_key(name), added_at=self.time)
        return person_id, name

    def known_person(self, name: str) -> tuple[int, str]:
        """Return id and name of a person.

        Raises:
            UsageError: there is no person of this name.
        """
        found = self._people.person(name)
        return found.id, found.name

    def new_cluster(self) -> int:
        """Make a cluster without faces; return its id."""
        return self.changes.insert("clusters", kept=1, made_at=self.time)

    def confirm(self, faces: Sequence[int]) -> None:
        """Note that a person has seen that faces are in the right cluster."""
        for face in faces:
            self.changes.update("cluster_faces", face, by="person", at=self.time)

    def move(self, faces: Sequence[int], cluster_id: int) -> None:
        """Put faces into a cluster, as a person wants it; a face that was in no cluster gets no distance."""
        for face in sorted(set(faces)):
            if self.changes.row("cluster_faces", face) is None:
                model = self._db.conn.execute("SELECT engine FROM faces WHERE id = ?", (face,)).fetchone()[0]
                self.changes.insert(
                    "cluster_faces", face_id=face, cluster_id=cluster_id, by="person", model=model, at=self.time
                )
            else:
                self.changes.update("cluster_faces", face, cluster_id=cluster_id, by="person", at=self.time)

    def register(self, person_id: int, faces: Sequence[int]) -> None:
        """Register those of the faces as references of a person that are not registered yet."""
        for face in faces:
            row = self._db.conn.execute(_FACE_TO_REGISTER, (face,)).fetchone()
            if row is not None:
                embedding, engine, taken, origin = row
                self.changes.insert(
                    "face_references",
                    person_id=person_id,
                    face_id=face,
                    embedding=embedding,
                    engine=engine,
                    taken=taken,
                    origin=origin,
                    added_at=self.time,
                )

    def keep_homes(self, faces: Sequence[int]) -> None:
        """Note that a person has looked at the clusters that faces leave."""
        for face in sorted(set(faces)):
            row = self.changes.row("cluster_faces", face)
            if row is not None:
                self.changes.update("clusters", row["cluster_id"], kept=1)

    def drop_references(self, faces: Sequence[int], *, of: int | None = None, but: int | None = None) -> None:
        """Remove the references of faces: of this person, or of all people except one."""
        rows = self._db.conn.execute(
            "SELECT id, person_id FROM face_references WHERE face_id IN (SELECT value FROM json_each(?)) "
            "ORDER BY face_id, id",
            (_json(faces),),
        ).fetchall()
        for reference, person in rows:
            if person != but and of in {None, person}:
                self.changes.delete("face_references", reference)

    def leave_people(self, faces: Sequence[int], *, to: int | None) -> None:
        """Remove the references of faces that go to a cluster of this person, or of nobody.

        A face keeps only the references of that person; one that goes to nobody loses those of the person whose
        cluster it leaves.
        """
        for face in sorted(set(faces)):
            row = self._db.conn.execute(
                "SELECT person_id FROM cluster_faces JOIN clusters ON clusters.id = cluster_id WHERE face_id = ?",
                (face,),
            ).fetchone()
            if to is not None:
                self.drop_references([face], but=to)
            elif row is not None and row[0] is not None:
                self.drop_references([face], of=row[0])

    def tell_apart(self, one: int, other: int) -> None:
        """Note that two clusters are two people."""
        for cluster in (one, other):
            self.changes.update("clusters", cluster, kept=1)
        self.refuse(cluster_id=one, other_id=other)
        self.summary = f"clusters {one} and {other} are two people"

    def refuse(
        self,
        *,
        face_id: int | None = None,
        cluster_id: int | None = None,
        person_id: int | None = None,
        other_id: int | None = None,
    ) -> None:
        """Note that a face or a cluster is not this person, or does not belong to the other cluster."""
        self.changes.insert(
            "refusals", face_id=face_id, cluster_id=cluster_id, person_id=person_id, other_id=other_id, at=self.time
        )

    def forget_refusals_between(self, one: int, other: int) -> None:
        """Let two clusters be one, and the faces of each belong to the other."""
        inside = "face_id IN (SELECT face_id FROM cluster_faces WHERE cluster_id IN (?1, ?2)) AND other_id IN (?1, ?2)"
        self._forget(f"(cluster_id IN (?1, ?2) AND other_id IN (?1, ?2)) OR ({inside})", one, other)

    def hand_over_refusals(self, cluster_id: int, to: int) -> None:
        """Let what was refused for a cluster hold for the one that it becomes a part of."""
        for column in ("cluster_id", "other_id"):
            rows = self._db.conn.execute(f"SELECT id FROM refusals WHERE {column} = ?", (cluster_id,)).fetchall()
            for (refusal,) in rows:
                self.changes.update("refusals", refusal, **{column: to})

    def forget_refusals_of_faces(self, faces: Sequence[int], cluster_id: int, person_id: int | None) -> None:
        """Let faces belong to a cluster, and to its person."""
        person = "SELECT id FROM clusters WHERE person_id = ?3"
        for face in sorted(set(faces)):
            where = f"face_id = ?1 AND (other_id = ?2 OR person_id = ?3 OR other_id IN ({person}))"
            self._forget(where, face, cluster_id, person_id or -1)

    def forget_refusals_of_person(self, person_id: int) -> None:
        """Forget who is not this person."""
        self._forget("person_id = ?", person_id)

    def _forget(self, where: str, *values: int) -> None:
        for (refusal,) in self._db.conn.execute(f"SELECT id FROM refusals WHERE {where}", values).fetchall():
            self.changes.delete("refusals", refusal)


def _json(numbers: Collection[int]) -> str:
    return json.dumps(sorted(set(numbers)))
