"""What persons decide about people: their names, who is one, who is forgotten, and how near a face must be."""

from collections.abc import Sequence

from familiar.errors import UsageError
from familiar.names import check_name, name_key
from familiar.plurals import counted, listed
from familiar.store.database import Database, writing
from familiar.store.decisions.consistency import check_faces, check_not_told_apart
from familiar.store.decisions.event import OpenEvent
from familiar.store.decisions.log import DecisionLog
from familiar.store.decisions.removed_references import remove_references
from familiar.store.people import People, Person


class PersonDecisions:
    """Decisions about people; each method writes one event, and returns its id, or None if nothing changes.

    All methods raise UsageError, and change nothing, if there is no such person.
    """

    def __init__(self, db: Database, *, people: People, log: DecisionLog) -> None:
        """Take the open store, its people, and the log."""
        self._db = db
        self._people = people
        self._log = log

    def rename(self, name: str, to: str) -> int | None:
        """Give a person another name.

        Raises:
            UsageError: there is no such person, the new name can't be used, or somebody else has it.
        """
        to = check_name(to)
        with writing(self._db):
            person = self._people.person(name)
            taken = self._people.named(to)
            if taken is not None and taken.id != person.id:
                raise UsageError(
                    f"{taken.name!r} exists already; `familiar people merge {person.name!r} {taken.name!r}` "
                    "makes one person of the two."
                )
            if to == person.name:
                return None
            self._people.check_folder(to, person.id)
            with self._log.event("rename person") as event:
                event.changes.update("people", person.id, name=to, key=name_key(to))
                event.summary = f"{person.name} is {to} now"
        return event.id

    def merge(self, name: str, into: str) -> int:
        """Give all that is known of one person to another one, and remove the first; raises as `merge_all`."""
        return self.merge_all((name,), into)

    def merge_all(self, names: Sequence[str], into: str) -> int:
        """Give all that is known of some people to another one, and remove them.

        Raises:
            UsageError: nobody is named, one of them does not exist or is the other one, or two of all of them were told
                apart before.
        """
        if not names:
            raise UsageError(f"No person is named who is {into!r}; name at least one.")
        with self._log.event("merge people") as event:
            target = self._people.person(into)
            merged = list(dict.fromkeys(map(self._people.person, names)))
            for person in merged:
                self._give_all(event, person, target)
            event.summary = f"{listed([person.name for person in merged])} became a part of {target.name}"
        return event.id

    def _give_all(self, event: OpenEvent, person: Person, target: Person) -> None:
        """Give all that is known of one person to another one, and remove the first."""
        if person.id == target.id:
            raise UsageError(f"{person.name!r} and {target.name!r} are the same person already.")
        check_not_told_apart(self._db, (person.id, person.name), (target.id, target.name))
        self._drop_common_references(event, person.id, target.id)
        for table in ("face_references", "clusters", "refusals"):
            event.changes.replace(table, "person_id", person.id, target.id)
        self._db.conn.execute("UPDATE matches SET person_id = ? WHERE person_id = ?", (target.id, person.id))
        event.changes.delete("people", person.id)

    def remove(self, name: str) -> int:
        """Remove a person with their references and refusals; photos, faces and clusters stay."""
        with self._log.event("remove person") as event:
            person = self._people.person(name)
            event.forget_refusals_of_person(person.id)
            event.changes.replace("clusters", "person_id", person.id, None)
            references = remove_references(self._db, person.id, event_id=event.id)
            event.changes.delete("people", person.id)
            event.summary = f"{person.name} ({counted(references, 'reference')}) was removed"
        return event.id

    def set_threshold(self, name: str, threshold: float | None) -> int | None:
        """Give a person a threshold of their own, or None for the configured one."""
        with writing(self._db):
            person = self._people.person(name)
            if self._people.threshold(person.id) == threshold:
                return None
            with self._log.event("set threshold") as event:
                event.changes.update("people", person.id, threshold=threshold)
                limit = "the configured threshold" if threshold is None else threshold
                event.summary = f"{person.name} matches up to {limit}"
        return event.id

    def hide(self, name: str, *, hidden: bool) -> int | None:
        """Hide a person, or show them again."""
        with writing(self._db):
            person = self._people.person(name)
            if self._people.state(person.id).hidden == hidden:
                return None
            with self._log.event("hide person" if hidden else "show person") as event:
                event.changes.update("people", person.id, hidden=int(hidden))
                event.summary = f"{person.name} is {'hidden' if hidden else 'shown'} now"
        return event.id

    def set_cover(self, name: str, face_id: int | None) -> int | None:
        """Have a face stand for a person, or None for the best one."""
        with writing(self._db):
            person = self._people.person(name)
            if face_id is not None:
                check_faces(self._db, [face_id])
            if self._people.state(person.id).cover == face_id:
                return None
            with self._log.event("set cover") as event:
                event.changes.update("people", person.id, cover=face_id)
                what = "its best face" if face_id is None else f"face {face_id}"
                event.summary = f"{person.name} is shown by {what}"
        return event.id

    def _drop_common_references(self, event: OpenEvent, person: int, target: int) -> None:
        """Remove references of the first person to faces that are references of both."""
        rows = self._db.conn.execute(
            "SELECT one.id FROM face_references AS one JOIN face_references AS two ON two.face_id = one.face_id "
            "WHERE one.person_id = ? AND two.person_id = ?",
            (person, target),
        ).fetchall()
        for (reference,) in rows:
            event.changes.delete("face_references", reference)
