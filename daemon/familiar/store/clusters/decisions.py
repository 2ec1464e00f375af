"""What persons decide about clusters, as a log of events of which each can be undone."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from familiar.errors import UsageError
from familiar.identity.people import MOST_REFERENCES
from familiar.names import check_name, name_key
from familiar.store.clusters.clusters import AT_ONCE, Clusters
from familiar.store.clusters.refusals import read_refusals
from familiar.store.database import Database, writing
from familiar.store.row_changes import RowChange, RowChanges, dump, load


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One entry of the log; `undone_at` is None as long as it holds."""

    id: int
    kind: str
    by: str
    summary: str
    at: str
    undone_at: str | None


_CLEAR = 48
"""Pixels that a face's shorter side has at least that is registered on a sidecar's word."""

_KEPT_APART = "keep apart"
"""Kind of the events that undoing what the program did leaves behind."""

_FACES_OF_PERSON = "SELECT face_id FROM cluster_faces JOIN clusters ON clusters.id = cluster_id WHERE person_id = ?"

_IN_ONE_PHOTO = f"""
SELECT hash, (SELECT name FROM files WHERE files.photo_id = photos.id ORDER BY id LIMIT 1)
FROM json_each(?) AS wanted JOIN faces AS a ON a.id = wanted.value
JOIN faces AS b ON b.photo_id = a.photo_id AND b.id != a.id JOIN photos ON photos.id = a.photo_id
WHERE b.id IN (SELECT value FROM json_each(?)) AND {AT_ONCE} LIMIT 1
"""


class Decisions:
    """The log of what was decided, and the rows that it is about.

    All methods raise UsageError, and change nothing, where what is asked for can't be.
    """

    def __init__(self, db: Database, *, clusters: Clusters, now: Callable[[], datetime]) -> None:
        """Take the open store, its clusters, and a clock that gives UTC."""
        self._db = db
        self._clusters = clusters
        self._now = now

    def name(self, cluster_id: int, name: str, *, references: Sequence[int], allow_same_photo: bool = False) -> int:
        """Say whose faces those of a cluster are; return the id of the event.

        Args:
            cluster_id: the cluster.
            name: of a person who is known, or a new one.
            references: those of its faces that are registered as references.
            allow_same_photo: even if another cluster of that person has a face in one photo with these.
        """
        name = check_name(name)
        with self._event("name") as event:
            cluster = self._clusters.find(cluster_id)
            person_id, known_as = event.person(name)
            if cluster.name == known_as:
                raise UsageError(f"Cluster {cluster.id} is {known_as!r} already.")
            self._check_not_refused(cluster.id, person_id, known_as)
            faces = self._faces_of(cluster.id)
            if not allow_same_photo:
                self._check_photos(faces, self._keys(_FACES_OF_PERSON, person_id), f"cluster {cluster.id}", known_as)
            event.drop_references(faces, but=person_id)
            event.changes.update("clusters", cluster.id, person_id=person_id, kept=1, ignored=0)
            event.confirm(faces)
            event.register(person_id, [face for face in references if face in set(faces)])
            event.summary = f"cluster {cluster.id} ({_count(len(faces), 'face')}) is {known_as}"
        return event.id

    def merge(self, cluster_id: int, into: int, *, allow_same_photo: bool = False) -> int:
        """Make one cluster of two; return the id of the event. A named one takes the other in, whichever is named.

        Two faces of one photo come into one cluster only with `allow_same_photo`.
        """
        with self._event("merge") as event:
            small, large = self._clusters.find(cluster_id), self._clusters.find(into)
            if small.id == large.id:
                raise UsageError(f"{cluster_id} and {into} are the same cluster already ({large.id}).")
            if small.name is not None and large.name is not None and small.name != large.name:
                raise UsageError(
                    f"Cluster {small.id} is {small.name!r}, and {large.id} is {large.name!r}; if they are one person: "
                    f"familiar people merge {small.name!r} {large.name!r}"
                )
            if small.name is not None and large.name is None:
                small, large = large, small
            shared = self._clusters.photo_with_both(small.id, large.id)
            if shared is not None and not allow_same_photo:
                raise UsageError(
                    f"Clusters {small.id} and {large.id} have faces in one photo ({shared}), so they are two people; "
                    "--anyway makes them one, for mirrors and collages."
                )
            if (small.kind == "ignored") != (large.kind == "ignored"):
                ignored = small.id if small.kind == "ignored" else large.id
                raise UsageError(
                    f"Cluster {ignored} is ignored; `familiar clusters log` shows the event to undo first."
                )
            event.forget_refusals_between(small.id, large.id)
            if large.name is not None and small.name is None:
                self._check_not_refused(small.id, self._person_of(large.id) or 0, large.name)
            event.hand_over_refusals(small.id, large.id)
            event.changes.update("clusters", small.id, absorbed_by=large.id)
            event.changes.update("clusters", large.id, kept=1)
            event.move(self._faces_of(small.id), large.id)
            event.summary = f"cluster {small.id} ({_count(small.faces, 'face')}) became a part of cluster {large.id}"
        return event.id

    def split(self, cluster_id: int, faces: Sequence[int]) -> tuple[int, int]:
        """Take faces out of a cluster into a new one, never to come together again; return event and new cluster."""
        with self._event("split") as event:
            cluster = self._clusters.find(cluster_id)
            members = self._faces_of(cluster.id)
            self._check_members(cluster.id, faces, members)
            if len(set(faces)) == len(members):
                raise UsageError(f"These are all faces of cluster {cluster.id}; nothing would be left of it.")
            fresh = event.new_cluster()
            event.move(faces, fresh)
            event.changes.update("clusters", cluster.id, kept=1)
            event.refuse(cluster_id=fresh, other_id=cluster.id)
            if (person_id := self._person_of(cluster.id)) is not None:
                event.drop_references(faces, of=person_id)
                event.refuse(cluster_id=fresh, person_id=person_id)
            event.summary = f"{_count(len(set(faces)), 'face')} of cluster {cluster.id} became cluster {fresh}"
        return event.id, fresh

    def refuse(self, cluster_id: int, name: str) -> int:
        """Say that a cluster is not this person, now and ever, with all faces that come to it; return the event."""
        with self._event("refuse") as event:
            cluster = self._clusters.find(cluster_id)
            person_id, known_as = event.known_person(name)
            if self._value("SELECT 1 FROM refusals WHERE cluster_id = ? AND person_id = ?", cluster.id, person_id):
                raise UsageError(f"Cluster {cluster.id} is refused for {known_as!r} already.")
            event.drop_references(self._faces_of(cluster.id), of=person_id)
            if cluster.name == known_as:
                event.changes.update("clusters", cluster.id, person_id=None)
            event.changes.update("clusters", cluster.id, kept=1)
            event.refuse(cluster_id=cluster.id, person_id=person_id)
            event.summary = f"cluster {cluster.id} is not {known_as}"
        return event.id

    def tell_apart(self, cluster_id: int, other: int) -> int:
        """Say that two clusters are two people; return the id of the event."""
        with self._event("refuse") as event:
            one, two = self._clusters.find(cluster_id), self._clusters.find(other)
            if one.id == two.id:
                raise UsageError(f"{cluster_id} and {other} are the same cluster ({one.id}); `split` takes it apart.")
            if one.name is not None and one.name == two.name:
                raise UsageError(f"Clusters {one.id} and {two.id} are both {one.name!r}; refuse that for one of them.")
            told = "SELECT 1 FROM refusals WHERE cluster_id IN (?1, ?2) AND other_id IN (?1, ?2)"
            if self._value(told, one.id, two.id) is not None:
                raise UsageError(f"Clusters {one.id} and {two.id} are two people already.")
            event.tell_apart(one.id, two.id)
        return event.id

    def take_out(self, cluster_id: int, faces: Sequence[int]) -> int:
        """Take faces out of a cluster, never to come back to it or to its person; return the id of the event."""
        with self._event("take out") as event:
            cluster = self._clusters.find(cluster_id)
            self._check_members(cluster.id, faces, self._faces_of(cluster.id))
            person_id = self._person_of(cluster.id)
            if person_id is not None:
                event.drop_references(faces, of=person_id)
            for face in sorted(set(faces)):
                event.changes.delete("cluster_faces", face)
                event.refuse(face_id=face, other_id=cluster.id)
                if person_id is not None:
                    event.refuse(face_id=face, person_id=person_id)
            event.changes.update("clusters", cluster.id, kept=1)
            event.summary = f"{_count(len(set(faces)), 'face')} taken out of cluster {cluster.id}"
        return event.id

    def place(self, cluster_id: int, faces: Sequence[int], *, allow_same_photo: bool = False) -> int:
        """Put faces into a cluster, wherever they are now; return the id of the event.

        Two faces of one photo come into one cluster only with `allow_same_photo`.
        """
        with self._event("place") as event:
            cluster = self._clusters.find(cluster_id)
            self._check_faces(faces)
            if not allow_same_photo:
                self._check_photos(faces, {*self._faces_of(cluster.id), *faces}, "what is put there", f"{cluster.id}")
            event.keep_homes(faces)
            event.leave_people(faces, to=self._person_of(cluster.id))
            event.forget_refusals_of_faces(faces, cluster.id, self._person_of(cluster.id))
            event.move(faces, cluster.id)
            event.changes.update("clusters", cluster.id, kept=1)
            event.summary = f"{_count(len(set(faces)), 'face')} put into cluster {cluster.id}"
        return event.id

    def gather(self, faces: Sequence[int], *, allow_same_photo: bool = False) -> tuple[int, int]:
        """Make a new cluster of faces, wherever they are now; return event and new cluster.

        Two faces of one photo come into one cluster only with `allow_same_photo`.
        """
        with self._event("gather") as event:
            self._check_faces(faces)
            if not allow_same_photo:
                self._check_photos(faces, set(faces), "a new cluster", "it")
            event.keep_homes(faces)
            fresh = event.new_cluster()
            event.leave_people(faces, to=None)
            event.move(faces, fresh)
            event.summary = f"{_count(len(set(faces)), 'face')} became cluster {fresh}"
        return event.id, fresh

    def objection(self, face: int, name: str) -> str | None:
        """Return why a sidecar's word that a face is a person's does not count here, or None.

        What persons decided goes before it: that the face is somebody else's, or not this one's, or of no interest.
        """
        of_face = (
            "FROM cluster_faces JOIN clusters ON clusters.id = cluster_id LEFT JOIN people ON people.id = person_id"
        )
        if self._value(f"SELECT 1 {of_face} WHERE face_id = ? AND ignored", face):
            return "its cluster is ignored"
        other = self._value(
            f"SELECT name {of_face} WHERE face_id = ? AND by = 'person' AND key != ?", face, name_key(name)
        )
        registered = "FROM face_references JOIN people ON people.id = person_id WHERE face_id = ? AND key != ?"
        other = other or self._value(f"SELECT name {registered}", face, name_key(name))
        if other is not None:
            return f"it is known to be {other!r}"
        person = self._value("SELECT id FROM people WHERE key = ?", name_key(name))
        return None if person is None or not self._is_refused(face, int(str(person))) else "that was refused before"

    def confirm(self, names: Mapping[int, str], *, source: str) -> int | None:
        """Say whose faces these are, as a sidecar does (`source`); return the id of the event.

        The faces come into the persons' clusters, and are registered where a person has few references. Where all of
        it is known already, nothing is done, and the answer is None.
        """
        fresh = {face: check_name(name) for face, name in names.items() if not self._is_confirmed(face, name)}
        if not fresh:
            return None
        with self._event("confirm") as event:
            self._check_faces(list(fresh))
            for face, name in fresh.items():
                person_id, _ = event.person(name)
                event.keep_homes([face])
                event.leave_people([face], to=person_id)
                event.move([face], self._cluster_for(event, face, person_id))
                references = self._value("SELECT count(*) FROM face_references WHERE person_id = ?", person_id)
                if int(str(references)) < MOST_REFERENCES and self._is_clear(face):
                    event.register(person_id, [face])
            people = ", ".join(dict.fromkeys(fresh.values()))
            event.summary = f"{_count(len(fresh), 'face')} confirmed as {people} by {source}"
        return event.id

    def _cluster_for(self, event: "_Event", face: int, person_id: int) -> int:
        """Return the cluster of a person that a face comes into; a new one if each has another face of its photo."""
        home = self._value("SELECT cluster_id FROM cluster_faces WHERE face_id = ?", face)
        clusters = [
            int(row[0])
            for row in self._db.conn.execute(
                "SELECT clusters.id FROM clusters LEFT JOIN cluster_faces ON cluster_id = clusters.id "
                "WHERE person_id = ? AND absorbed_by IS NULL GROUP BY clusters.id ORDER BY count(*) DESC, clusters.id",
                (person_id,),
            )
        ]
        if home in clusters:
            return int(str(home))
        for cluster in clusters:
            both = (json.dumps([face]), json.dumps(self._faces_of(cluster)))
            if self._db.conn.execute(_IN_ONE_PHOTO, both).fetchone() is None:
                event.changes.update("clusters", cluster, kept=1)
                return cluster
        fresh = event.new_cluster()
        event.changes.update("clusters", fresh, person_id=person_id)
        return fresh

    def _is_confirmed(self, face: int, name: str) -> bool:
        """Say whether a person put a face into a cluster of this name."""
        found = self._value(
            "SELECT 1 FROM cluster_faces JOIN clusters ON clusters.id = cluster_id "
            "JOIN people ON people.id = person_id WHERE face_id = ? AND by = 'person' AND key = ?",
            face,
            name_key(name),
        )
        return found is not None

    def _is_refused(self, face: int, person_id: int) -> bool:
        refused = read_refusals(self._db)
        home = self._value("SELECT cluster_id FROM cluster_faces WHERE face_id = ?", face)
        theirs = self._keys("SELECT id FROM clusters WHERE person_id = ? AND absorbed_by IS NULL", person_id)
        said = self._value("SELECT 1 FROM refusals WHERE face_id = ? AND person_id = ?", face, person_id)
        return (
            said is not None
            or (home is not None and (int(str(home)), person_id) in refused.people)
            or any((face, cluster) in refused.faces for cluster in theirs)
        )

    def _is_clear(self, face: int) -> bool:
        """Say whether a face is large enough for a reference."""
        return self._value("SELECT 1 FROM faces WHERE id = ? AND size >= ?", face, _CLEAR) is not None

    def ignore(self, cluster_id: int) -> int:
        """Say that nobody wants to know who this is, now and ever; return the id of the event."""
        with self._event("ignore") as event:
            cluster = self._clusters.find(cluster_id)
            if cluster.kind != "unnamed":
                said = "ignored already" if cluster.kind == "ignored" else f"{cluster.name!r}; refuse that first"
                raise UsageError(f"Cluster {cluster.id} is {said}.")
            event.changes.update("clusters", cluster.id, ignored=1, kept=1)
            event.summary = f"cluster {cluster.id} ({_count(cluster.faces, 'face')}) is ignored"
        return event.id

    def not_a_face(self, faces: Sequence[int]) -> int:
        """Say that what was found is no face, now and ever; return the id of the event."""
        with self._event("not a face") as event:
            self._check_faces(faces)
            event.drop_references(faces)
            for face in sorted(set(faces)):
                event.changes.delete("cluster_faces", face)
                self._db.conn.execute("DELETE FROM matches WHERE face_id = ?", (face,))
                event.changes.insert("no_faces", face_id=face, at=self._now().isoformat())
            event.summary = f"{_count(len(set(faces)), 'finding')} not a face"
        return event.id

    def events(self, *, limit: int | None = None) -> list[EventRow]:
        """Return the log, the newest first."""
        rows = self._db.conn.execute(
            "SELECT id, kind, by, summary, at, undone_at FROM cluster_events ORDER BY id DESC LIMIT ?",
            (-1 if limit is None else limit,),
        )
        return [
            EventRow(id=row[0], kind=row[1], by=row[2], summary=row[3], at=row[4], undone_at=row[5]) for row in rows
        ]

    def event(self, event_id: int) -> EventRow:
        """Return an event of the log."""
        return next(event for event in self.events() if event.id == event_id)

    def undo(self, event_id: int | None = None) -> EventRow:
        """Take an event back, by default the last one of a person; everything is as it was before it.

        What the program did, and a person undid, the program does not do again: it is written down as a refusal.
        """
        with writing(self._db):
            event = self._to_undo(event_id)
            changes = RowChanges(self._db)
            made, later = self._read(event.id), self._later(event.id)
            if (builder := next((entry for entry in later if entry.builds_upon(made)), None)) is not None:
                raise UsageError(
                    f"Event {event.id} ({event.summary}) can't be undone as it is: event {builder.id} "
                    f"({builder.summary}) builds on it; `familiar clusters undo {builder.id}` first."
                )
            if obstacles := changes.obstacles(made):
                what = min(f"{_NOUNS[change.table]} {change.key}" for change in obstacles)
                raise UsageError(f"Event {event.id} ({event.summary}) can't be undone: {what} was changed since.")
            self._release(made)
            people = {person for entry in later for change in entry.changes for person in _ids(change, "person_id")}
            kept = [change for change in made if change.table == "people" and change.key in people]
            changes.take_back([change for change in made if change not in kept], at=event.at)
            self._keep_decided(made)
            self._check_refusals(event, made)
            self._db.conn.execute("UPDATE cluster_events SET undone_at = ? WHERE id = ?", (self._time(), event.id))
            if event.by == "program":
                self._refuse_absorbed(made)
            self._changed()
        return event

    @contextmanager
    def _event(self, kind: str) -> Iterator["_Event"]:
        with writing(self._db):
            event = _Event(self._db, self._time())
            yield event
            event.id = int(
                self._db.conn.execute(
                    "INSERT INTO cluster_events (kind, by, summary, changes, at) VALUES (?, 'person', ?, ?, ?) "
                    "RETURNING id",
                    (kind, event.summary, dump(event.changes.made), self._time()),
                ).fetchone()[0]
            )
            self._changed()

    def _changed(self) -> None:
        self._db.conn.execute("UPDATE facts SET value = value + 1 WHERE name = 'people version'")

    def _to_undo(self, event_id: int | None) -> EventRow:
        events = self.events()
        if event_id is None:
            last = next((event for event in events if event.by == "person" and event.undone_at is None), None)
            if last is None:
                raise UsageError("There is nothing to undo.")
            return last
        found = next((event for event in events if event.id == event_id), None)
        if found is None:
            raise UsageError(f"There is no event {event_id}; `familiar clusters log` shows them.")
        if found.undone_at is not None:
            raise UsageError(f"Event {event_id} ({found.summary}) was undone already.")
        return found

    def _read(self, event_id: int) -> list[RowChange]:
        return load(str(self._value("SELECT changes FROM cluster_events WHERE id = ?", event_id)))

    def _later(self, event_id: int) -> list["_Entry"]:
        """Return the events after this one that hold, the newest first."""
        rows = self._db.conn.execute(
            "SELECT id, kind, summary, changes FROM cluster_events WHERE id > ? AND undone_at IS NULL ORDER BY id DESC",
            (event_id,),
        )
        return [_Entry(id=row[0], kind=row[1], summary=row[2], changes=load(row[3])) for row in rows]

    def _release(self, made: Sequence[RowChange]) -> None:
        """Set the faces free that the program put into clusters which an event made; what it kept apart may come."""
        own = {change.key for change in made if change.table == "cluster_faces"}
        for change in made:
            if change.table == "clusters" and change.before is None:
                for face in self._keys("SELECT face_id FROM cluster_faces WHERE cluster_id = ?", change.key) - own:
                    self._db.conn.execute("DELETE FROM cluster_faces WHERE face_id = ?", (face,))
                self._db.conn.execute("DELETE FROM refusals WHERE cluster_id = ?1 OR other_id = ?1", (change.key,))

    def _keep_decided(self, made: Sequence[RowChange]) -> None:
        """Keep clusters firm of which something else was decided: other events, that hold, found them firm already."""
        clusters = {change.key for change in made if change.table == "clusters"}
        for cluster in clusters.union(*(_ids(change, "cluster_id") for change in made)):
            self._db.conn.execute(
                "UPDATE clusters SET kept = 1 WHERE id = ?1 AND (EXISTS (SELECT 1 FROM refusals WHERE "
                "cluster_id = ?1 OR other_id = ?1) OR EXISTS (SELECT 1 FROM cluster_faces WHERE cluster_id = ?1 "
                "AND by = 'person'))",
                (cluster,),
            )

    def _check_refusals(self, event: EventRow, made: Sequence[RowChange]) -> None:
        """See to it that nothing is given back to a person or a cluster that it was refused for since."""
        refused = read_refusals(self._db)
        for change in made:
            what = None
            if change.table == "clusters" and _ids(change, "person_id"):
                person = self._person_of(change.key)
                if person is not None and (change.key, person) in refused.people:
                    name = self._value("SELECT name FROM people WHERE id = ?", person)
                    what = f"cluster {change.key} was refused for {name!r}"
            elif change.table == "cluster_faces":
                cluster = self._value("SELECT cluster_id FROM cluster_faces WHERE face_id = ?", change.key)
                if (change.key, cluster) in refused.faces:
                    what = f"face {change.key} was refused for cluster {cluster}"
            if what is not None:
                raise UsageError(f"Event {event.id} ({event.summary}) can't be undone: {what} since.")

    def _refuse_absorbed(self, made: Sequence[RowChange]) -> None:
        (small,) = [change for change in made if change.table == "clusters"]
        assert small.after is not None
        with self._event(_KEPT_APART) as event:
            event.tell_apart(small.key, small.after["absorbed_by"])

    def _faces_of(self, cluster_id: int) -> list[int]:
        return sorted(self._keys("SELECT face_id FROM cluster_faces WHERE cluster_id = ?", cluster_id))

    def _check_members(self, cluster_id: int, faces: Sequence[int], members: Sequence[int]) -> None:
        if not faces:
            raise UsageError("Say which faces: their numbers, as `familiar clusters show` has them.")
        strange = sorted(set(faces) - set(members))
        if strange:
            raise UsageError(f"Face {strange[0]} is not in cluster {cluster_id}.")

    def _check_faces(self, faces: Sequence[int]) -> None:
        if not faces:
            raise UsageError("Say which faces: their numbers, as `familiar clusters show` has them.")
        for face in faces:
            if self._value("SELECT 1 FROM faces WHERE id = ?", face) is None:
                raise UsageError(f"There is no face {face}.")
            if self._value("SELECT 1 FROM no_faces WHERE face_id = ?", face) is not None:
                raise UsageError(f"Face {face} was said to be none; undo that first.")

    def _person_of(self, cluster_id: int) -> int | None:
        found = self._value("SELECT person_id FROM clusters WHERE id = ?", cluster_id)
        return None if found is None else int(str(found))

    def _check_photos(self, faces: Sequence[int], others: Collection[int], what: str, whom: str) -> None:
        """Check that no photo shows one of the faces beside one of the others: they would be two people."""
        row = self._db.conn.execute(_IN_ONE_PHOTO, (json.dumps(list(faces)), json.dumps(list(others)))).fetchone()
        if row is not None:
            photo = str(row[0]) if row[1] is None else bytes(row[1]).decode(errors="replace")
            raise UsageError(
                f"One photo ({photo}) shows two faces that would be one person ({what}, {whom}): they are two people; "
                "--anyway, where it is offered, takes them for one, for mirrors and collages."
            )

    def _check_not_refused(self, cluster_id: int, person_id: int, name: str) -> None:
        refused = read_refusals(self._db).people
        if (cluster_id, person_id) in refused:
            face = refused[cluster_id, person_id]
            what = f"Cluster {cluster_id}" if face is None else f"Face {face} of cluster {cluster_id}"
            raise UsageError(
                f"{what} was refused for {name!r} before; `familiar clusters log` shows the event, and "
                "`familiar clusters undo EVENT` takes it back."
            )

    def _keys(self, query: str, *values: int) -> set[int]:
        return {int(row[0]) for row in self._db.conn.execute(query, values)}

    def _value(self, query: str, *values: int | str) -> object:
        row = self._db.conn.execute(query, values).fetchone()
        return None if row is None else row[0]

    def _time(self) -> str:
        return self._now().isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An entry of the log, with what it changed."""

    id: int
    kind: str
    summary: str
    changes: list[RowChange]

    def builds_upon(self, made: Sequence[RowChange]) -> bool:
        """Return whether it changed what an earlier event changed, or is about what that brought about."""
        changes = self.changes
        if self.kind == _KEPT_APART:  # what undoing another one left behind is about none but the two it parted
            changes = [change for change in changes if change.table != "refusals"]
        return _builds_upon(changes, made)


_NOUNS = {"clusters": "cluster", "cluster_faces": "face", "no_faces": "face"}
"""What rows are called that can be in the way of undoing."""


def _ids(change: RowChange, *columns: str) -> set[int]:
    """Return the ids that a row has in these columns, before and after."""
    rows = [row for row in (change.before, change.after) if row is not None]
    return {int(row[column]) for row in rows for column in columns if row.get(column) is not None}


def _builds_upon(later: Sequence[RowChange], made: Sequence[RowChange]) -> bool:
    """Return whether a later event changed what an event changed, or is about what it brought about.

    That is: a cluster that it made; a cluster that others became a part of, as a whole; and a cluster that it took
    faces from, and that is a part of another one since, or another person.
    """
    rows = {(change.table, change.key) for change in made if change.table != "face_references"}
    clusters = [change for change in made if change.table == "clusters"]
    own = {change.key for change in clusters if change.before is None}
    grown = {absorbing for change in clusters for absorbing in _ids(change, "absorbed_by")}
    left = {change.before["cluster_id"] for change in made if change.table == "cluster_faces" and change.before}
    for change in later:
        about = _ids(change, "cluster_id", "other_id", "absorbed_by")
        if (change.table, change.key) in rows or about & own:
            return True
        if change.table == "refusals" and about & grown:
            return True
        if change.table == "clusters" and change.key in left | grown and _ids(change, "absorbed_by"):
            return True
        if change.table == "clusters" and change.key in left and _is_renamed(change):
            return True
    return False


def _is_renamed(change: RowChange) -> bool:
    before, after = change.before or {}, change.after or {}
    return before.get("person_id") is not None and before["person_id"] != after.get("person_id")


class _Event:
    """One event as it happens: its changes, and what it will say."""

    def __init__(self, db: Database, time: str) -> None:
        self._db = db
        self._now = time
        self.changes = RowChanges(db)
        self.summary = ""
        self.id = 0

    def person(self, name: str) -> tuple[int, str]:
        """Return id and name of a person, writing them down if they are new."""
        found = self._db.conn.execute("SELECT id, name FROM people WHERE key = ?", (name_key(name),)).fetchone()
        if found is not None:
            return int(found[0]), str(found[1])
        return self.changes.insert("people", name=name, key=name_key(name), added_at=self._now), name

    def known_person(self, name: str) -> tuple[int, str]:
        found = self._db.conn.execute("SELECT id, name FROM people WHERE key = ?", (name_key(name),)).fetchone()
        if found is None:
            raise UsageError(f"There is no person named {name!r}; `familiar people list` shows the names.")
        return int(found[0]), str(found[1])

    def new_cluster(self) -> int:
        return self.changes.insert("clusters", kept=1, made_at=self._now)

    def confirm(self, faces: Sequence[int]) -> None:
        """Note that a person has seen that faces are where they belong."""
        for face in faces:
            self.changes.update("cluster_faces", face, by="person", at=self._now)

    def move(self, faces: Sequence[int], cluster_id: int) -> None:
        """Put faces into a cluster, by a person's will; one that was in none comes in without a distance."""
        for face in sorted(set(faces)):
            if self.changes.row("cluster_faces", face) is None:
                model = self._db.conn.execute("SELECT engine FROM faces WHERE id = ?", (face,)).fetchone()[0]
                self.changes.insert(
                    "cluster_faces", face_id=face, cluster_id=cluster_id, by="person", model=model, at=self._now
                )
            else:
                self.changes.update("cluster_faces", face, cluster_id=cluster_id, by="person", at=self._now)

    def register(self, person_id: int, faces: Sequence[int]) -> None:
        """Register faces as references of a person, as far as they are not registered yet."""
        for face in faces:
            row = self._db.conn.execute(
                "SELECT embedding, faces.engine, taken, (SELECT CAST(path || '/' || name AS BLOB) FROM files "
                "JOIN folders ON folders.id = folder_id WHERE files.photo_id = photos.id ORDER BY files.id LIMIT 1) "
                "FROM faces JOIN photos ON photos.id = faces.photo_id WHERE faces.id = ? "
                "AND NOT EXISTS (SELECT 1 FROM face_references WHERE face_id = faces.id)",
                (face,),
            ).fetchone()
            if row is not None:
                self.changes.insert(
                    "face_references",
                    person_id=person_id,
                    face_id=face,
                    embedding=row[0],
                    engine=row[1],
                    taken=row[2],
                    origin=row[3],
                    added_at=self._now,
                )

    def keep_homes(self, faces: Sequence[int]) -> None:
        """Note that a person has looked at the clusters which faces leave."""
        for face in sorted(set(faces)):
            row = self.changes.row("cluster_faces", face)
            if row is not None:
                self.changes.update("clusters", row["cluster_id"], kept=1)

    def drop_references(self, faces: Sequence[int], *, of: int | None = None, but: int | None = None) -> None:
        """Take faces out of the references: of this person, or of all people but that one."""
        for face in sorted(set(faces)):
            rows = self._db.conn.execute(
                "SELECT id, person_id FROM face_references WHERE face_id = ?", (face,)
            ).fetchall()
            for reference, person in rows:
                if person != but and of in {None, person}:
                    self.changes.delete("face_references", reference)

    def leave_people(self, faces: Sequence[int], *, to: int | None) -> None:
        """Take faces out of the references of those whose clusters they leave; and of all but those they come to."""
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
        self.changes.insert(
            "refusals", face_id=face_id, cluster_id=cluster_id, person_id=person_id, other_id=other_id, at=self._now
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

    def _forget(self, where: str, *values: int) -> None:
        for (refusal,) in self._db.conn.execute(f"SELECT id FROM refusals WHERE {where}", values).fetchall():
            self.changes.delete("refusals", refusal)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
