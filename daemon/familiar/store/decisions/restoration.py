"""Undo an event: each row gets back what it had, in one transaction, or nothing is changed."""

from collections.abc import Sequence

from familiar.errors import UsageError
from familiar.store.clusters.refusals import read_refusals
from familiar.store.database import Database, writing
from familiar.store.decisions.dependencies import KEPT_APART, builds_upon, ids_in
from familiar.store.decisions.log import DecisionLog, EventRow, LoggedEvent, Subject
from familiar.store.decisions.removed_references import put_references_back
from familiar.store.decisions.row_changes import RowChange
from familiar.store.decisions.rows import Rows
from familiar.store.people import raise_people_version

_NOUNS = {"clusters": "cluster", "cluster_faces": "face", "no_faces": "face", "people": "person"}
"""What rows are called that can be in the way of an undo."""


class Restoration:
    """Undoes events of the log."""

    def __init__(self, db: Database, *, log: DecisionLog) -> None:
        """Take the open store and the log."""
        self._db = db
        self._log = log

    def undo(self, event_id: int | None = None, *, subject: Subject | None = None) -> EventRow:
        """Undo an event, by default the last one of a person on this subject, if one is given; return it.

        What the program did, and a person undid, the program does not do again: it is written down as a refusal.

        Raises:
            UsageError: there is no such event, it was undone already, or later decisions or changes are in the way;
                nothing is changed.
        """
        with writing(self._db):
            event = self._to_undo(event_id, subject)
            entry, rows = self._log.entry(event.id), Rows(self._db, before=event.at)
            later = self._check_nothing_builds_upon(entry)
            self._check_nothing_changed(entry, rows)
            self._release(entry.changes)
            rows.take_back(self._wanted_back(entry, later))
            put_references_back(self._db, event.id)
            self._keep_decided(entry.changes)
            self._check_refusals(entry)
            self._log.mark_undone(event.id)
            if event.by == "program":
                self._keep_apart(entry.changes)
            raise_people_version(self._db)
        return event

    def _to_undo(self, event_id: int | None, subject: Subject | None) -> EventRow:
        if event_id is None:
            last = self._log.last(subject)
            if last is None:
                raise UsageError("There is nothing to undo.")
            return last
        found = self._log.event_of(event_id)
        if found.undone_at is not None:
            raise UsageError(f"Event {event_id} ({found.summary}) was undone already.")
        if subject is not None and found.subject != subject:
            raise UsageError(
                f"Event {event_id} ({found.summary}) is not about {subject}; undo it with `familiar {found.subject} "
                f"undo {event_id}`."
            )
        return found

    def _check_nothing_builds_upon(self, entry: LoggedEvent) -> list[LoggedEvent]:
        """Check that no later event builds upon this one; return the later events."""
        later = []
        for other in self._log.entries_after(entry.event.id):
            if builds_upon(other, entry):
                builder = other.event
                raise UsageError(
                    f"Event {entry.event.id} ({entry.event.summary}) can't be undone yet: event {builder.id} "
                    f"({builder.summary}) builds on it; `familiar {builder.subject} undo {builder.id}` first."
                )
            later.append(other)
        return later

    def _check_nothing_changed(self, entry: LoggedEvent, rows: Rows) -> None:
        """Check that no row was changed since by what is not in the log, and that names are free."""
        event = entry.event
        if obstacles := rows.obstacles(entry.changes):
            what = min(f"{_NOUNS[change.table]} {change.key}" for change in obstacles)
            raise UsageError(f"Event {event.id} ({event.summary}) can't be undone: {what} was changed since.")
        if (name := rows.taken_name(entry.changes)) is not None:
            raise UsageError(
                f"Event {event.id} ({event.summary}) can't be undone: somebody else is called {name!r} now; "
                f"`familiar people rename {name!r} NEW_NAME` first."
            )

    def _wanted_back(self, entry: LoggedEvent, later: Sequence[LoggedEvent]) -> list[RowChange]:
        """Return the changes to take back: a person whom the event added stays if later events are about them."""
        people = {person for one in later for change in one.changes for person in ids_in(change, "person_id")}
        return [change for change in entry.changes if change.table != "people" or change.key not in people]

    def _release(self, made: Sequence[RowChange]) -> None:
        """Free the faces that the program put into clusters which an event made, and forget what it kept apart."""
        own = {change.key for change in made if change.table == "cluster_faces"}
        for change in made:
            if change.table == "clusters" and change.before is None:
                for face in self._faces_in(change.key) - own:
                    self._db.conn.execute("DELETE FROM cluster_faces WHERE face_id = ?", (face,))
                self._db.conn.execute("DELETE FROM refusals WHERE cluster_id = ?1 OR other_id = ?1", (change.key,))

    def _keep_decided(self, made: Sequence[RowChange]) -> None:
        """Keep clusters firm about which something else was decided: events that hold found them firm already."""
        clusters = {change.key for change in made if change.table == "clusters"}
        for cluster in clusters.union(*(ids_in(change, "cluster_id") for change in made)):
            self._db.conn.execute(
                "UPDATE clusters SET kept = 1 WHERE id = ?1 AND (EXISTS (SELECT 1 FROM refusals WHERE "
                "cluster_id = ?1 OR other_id = ?1) OR EXISTS (SELECT 1 FROM cluster_faces WHERE cluster_id = ?1 "
                "AND by = 'person'))",
                (cluster,),
            )

    def _check_refusals(self, entry: LoggedEvent) -> None:
        """Check that no person or cluster gets back what was refused for them since."""
        refused = read_refusals(self._db)
        for change in entry.changes:
            what = None
            if change.table == "clusters" and ids_in(change, "person_id"):
                person = self._number("SELECT person_id FROM clusters WHERE id = ?", change.key)
                if person is not None and (change.key, person) in refused.people:
                    (name,) = self._db.conn.execute("SELECT name FROM people WHERE id = ?", (person,)).fetchone()
                    what = f"cluster {change.key} was refused for {name!r}"
            elif change.table == "cluster_faces":
                cluster = self._number("SELECT cluster_id FROM cluster_faces WHERE face_id = ?", change.key)
                if cluster is not None and (change.key, cluster) in refused.faces:
                    what = f"face {change.key} was refused for cluster {cluster}"
            if what is not None:
                raise UsageError(f"Event {entry.event.id} ({entry.event.summary}) can't be undone: {what} since.")

    def _keep_apart(self, made: Sequence[RowChange]) -> None:
        """Write down that two clusters are two people, after undoing that the program made them one."""
        (small,) = [change for change in made if change.table == "clusters"]
        assert small.after is not None
        with self._log.event(KEPT_APART) as event:
            event.tell_apart(small.key, small.after["absorbed_by"])

    def _faces_in(self, cluster_id: int) -> set[int]:
        rows = self._db.conn.execute("SELECT face_id FROM cluster_faces WHERE cluster_id = ?", (cluster_id,))
        return {int(row[0]) for row in rows}

    def _number(self, query: str, key: int) -> int | None:
        row = self._db.conn.execute(query, (key,)).fetchone()
        return None if row is None or row[0] is None else int(row[0])
