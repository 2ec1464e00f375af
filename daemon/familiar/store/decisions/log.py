"""The log of decisions: its events, and what each of them changed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from familiar.errors import UsageError
from familiar.store.database import Database, writing
from familiar.store.decisions.event import OpenEvent
from familiar.store.decisions.row_changes import RowChange, dump, load
from familiar.store.people import raise_people_version

Subject: TypeAlias = Literal["clusters", "people"]
"""What a decision is about; `familiar SUBJECT undo` undoes it."""

PEOPLE_KINDS = frozenset(
    {
        *("add references", "import references", "rename person", "merge people", "remove person", "set threshold"),
        *("hide person", "show person", "set cover"),
    }
)
"""Kinds of the events that are about people; all others are about clusters and their faces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One event of the log; `undone_at` is None as long as it holds."""

    id: int
    kind: str
    by: str
    summary: str
    at: str
    undone_at: str | None

    @property
    def subject(self) -> Subject:
        """What it is about."""
        return "people" if self.kind in PEOPLE_KINDS else "clusters"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event of the log with what it changed; `removed_faces` are those of the references that it removed."""

    event: EventRow
    changes: Sequence[RowChange]
    removed_faces: frozenset[int]


_COLUMNS = "id, kind, by, summary, at, undone_at"


class DecisionLog:
    """The table of events."""

    def __init__(self, db: Database, *, now: Callable[[], datetime]) -> None:
        """Take the open store and a clock that gives UTC."""
        self._db = db
        self._now = now

    @contextmanager
    def event(self, kind: str, *, by: Literal["person", "program"] = "person") -> Iterator[OpenEvent]:
        """Write an event in one transaction with what the block changes; an event that changes nothing is not written.

        What a person decides raises the version of people, so that all faces are matched again.
        """
        with writing(self._db):
            time = self._now().isoformat()
            (event_id,) = self._db.conn.execute(
                "INSERT INTO cluster_events (kind, by, summary, changes, at) VALUES (?, ?, '', '[]', ?) RETURNING id",
                (kind, by, time),
            ).fetchone()
            event = OpenEvent(self._db, event_id, time)
            yield event
            if not event.changes.made:
                self._db.conn.execute("DELETE FROM cluster_events WHERE id = ?", (event.id,))
                return
            self._db.conn.execute(
                "UPDATE cluster_events SET summary = ?, changes = ? WHERE id = ?",
                (event.summary, dump(event.changes.made), event.id),
            )
            if by == "person":
                raise_people_version(self._db)

    def events(self, *, subject: Subject | None = None, limit: int | None = None) -> list[EventRow]:
        """Return the log, on one subject if one is given, the newest event first, at most `limit` events."""
        return self._events(f"WHERE {_about(subject)} ORDER BY id DESC LIMIT ?", -1 if limit is None else limit)

    def event_of(self, event_id: int) -> EventRow:
        """Return an event.

        Raises:
            UsageError: there is no such event.
        """
        found = self._events("WHERE id = ?", event_id)
        if not found:
            raise UsageError(f"There is no event {event_id}; `familiar undo --list` shows all events.")
        return found[0]

    def last(self, subject: Subject | None = None) -> EventRow | None:
        """Return the last decision of a person that holds, on this subject if one is given."""
        held = f"WHERE by = 'person' AND undone_at IS NULL AND {_about(subject)} ORDER BY id DESC LIMIT ?"
        return next(iter(self._events(held, 1)), None)

    def entries(self, *, limit: int | None = None) -> Iterator[LoggedEvent]:
        """Give the log, the newest event first, with what the events changed; at most `limit` events."""
        return self._entries("ORDER BY id DESC LIMIT ?", -1 if limit is None else limit)

    def entry(self, event_id: int) -> LoggedEvent:
        """Return an event with what it changed."""
        return next(self._entries("WHERE id = ?", event_id))

    def entries_after(self, event_id: int) -> Iterator[LoggedEvent]:
        """Give the events after this one that hold, the newest first, with what they changed."""
        return self._entries("WHERE id > ? AND undone_at IS NULL ORDER BY id DESC", event_id)

    def mark_undone(self, event_id: int) -> None:
        """Write down that an event is undone."""
        time = self._now().isoformat()
        self._db.conn.execute("UPDATE cluster_events SET undone_at = ? WHERE id = ?", (time, event_id))

    def _events(self, where: str, value: int) -> list[EventRow]:
        rows = self._db.conn.execute(f"SELECT {_COLUMNS} FROM cluster_events {where}", (value,))
        return [_event(*row) for row in rows]

    def _entries(self, where: str, value: int) -> Iterator[LoggedEvent]:
        rows = self._db.conn.execute(f"SELECT {_COLUMNS}, changes FROM cluster_events {where}", (value,))
        for *columns, changes in rows.fetchall():
            faces = self._db.conn.execute(
                "SELECT face_id FROM removed_references WHERE event_id = ? AND face_id IS NOT NULL", (columns[0],)
            )
            yield LoggedEvent(
                event=_event(*columns),
                changes=load(changes),
                removed_faces=frozenset(int(face) for (face,) in faces),
            )


def _event(id_: int, kind: str, by: str, summary: str, at: str, undone_at: str | None) -> EventRow:
    return EventRow(id=id_, kind=kind, by=by, summary=summary, at=at, undone_at=undone_at)


def _about(subject: Subject | None) -> str:
    """Return the SQL that is true of events on a subject."""
    if subject is None:
        return "TRUE"
    kinds = ", ".join(f"'{kind}'" for kind in sorted(PEOPLE_KINDS))
    return f"kind {'IN' if subject == 'people' else 'NOT IN'} ({kinds})"
