"""Changes of rows that can be undone: each is recorded with what was there before.

An event keeps its changes as JSON. To undo it, each row gets what it had before, if it is still as the event left it;
otherwise something later builds on it, and nothing is touched.

What the program did since is no obstacle: it gives way to persons. Nor are people and references, which have lives of
their own (`familiar people`): those that are gone stay gone, and those that came since stay.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from familiar.store.database import Database

Row: TypeAlias = dict[str, Any]

_TABLES = {
    "clusters": ("id", ("person_id", "kept", "ignored", "absorbed_by", "made_at")),
    "cluster_faces": ("face_id", ("cluster_id", "by", "distance", "model", "at")),
    "refusals": ("id", ("face_id", "cluster_id", "person_id", "other_id", "at")),
    "no_faces": ("face_id", ("at",)),
    "people": ("id", ("name", "key", "threshold", "added_at")),
    "face_references": ("id", ("person_id", "face_id", "embedding", "engine", "origin", "taken", "added_at")),
}
"""Each table with its key and its other columns."""

_LOOSE = {"people", "face_references", "refusals"}
"""Tables whose rows come, go and change with people too, as `familiar people` says; what is left is undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """A row as it was before and is after; None where it is not there."""

    table: str
    key: int
    before: Row | None
    after: Row | None


class RowChanges:
    """Writes rows, and remembers how they were."""

    def __init__(self, db: Database) -> None:
        """Take the store, in a write transaction."""
        self._db = db
        self.made: list[RowChange] = []

    def insert(self, table: str, **values: Any) -> int:
        """Add a row; return its key."""
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        key = self._db.conn.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values())).lastrowid
        assert key is not None
        self.made.append(RowChange(table=table, key=key, before=None, after=self.row(table, key)))
        return key

    def update(self, table: str, key: int, **values: Any) -> None:
        """Change some columns of a row."""
        before = self.row(table, key)
        parts = ", ".join(f"{name} = ?" for name in values)
        self._db.conn.execute(f"UPDATE {table} SET {parts} WHERE {_TABLES[table][0]} = ?", (*values.values(), key))
        after = self.row(table, key)
        if before != after:
            self.made.append(RowChange(table=table, key=key, before=before, after=after))

    def delete(self, table: str, key: int) -> None:
        """Remove a row."""
        before = self.row(table, key)
        if before is not None:
            self._db.conn.execute(f"DELETE FROM {table} WHERE {_TABLES[table][0]} = ?", (key,))
            self.made.append(RowChange(table=table, key=key, before=before, after=None))

    def row(self, table: str, key: int) -> Row | None:
        """Return a row as it is now."""
        name, columns = _TABLES[table]
        found = self._db.conn.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE {name} = ?", (key,)).fetchone()
        return None if found is None else dict(zip(columns, found, strict=True))

    def obstacles(self, changes: Sequence[RowChange]) -> list[RowChange]:
        """Return the changes that can't be undone, because their rows are no longer as they were left."""
        last = {(change.table, change.key): change for change in changes}
        return [change for change in last.values() if not self._is_as_left(change)]

    def take_back(self, changes: Sequence[RowChange], *, at: str) -> None:
        """Give each row what it had before, the last change first; `at` is when the changes were made.

        What was about a face or a person that is gone stays gone, and a cluster of such a person has none.
        """
        for change in reversed(changes):
            if change.before is None:
                self._remove(change)
            elif (before := self._without_the_gone(change, change.before, at)) is None:
                continue
            elif change.table == "face_references":
                self._register_again(change.key, before)
            elif self.row(change.table, change.key) is None:
                self._add(change.table, {_key(change): change.key, **before})
            else:
                self._set(change, {name: before[name] for name in changed_columns(change)})

    def _remove(self, change: RowChange) -> None:
        """Remove the row that an event brought in; a person only if nothing else is theirs."""
        if change.table == "face_references" and change.after is not None:
            # SQLite may have given the number of a reference that was removed to another one
            own = (change.after["face_id"], change.after["added_at"])
            self._db.conn.execute("DELETE FROM face_references WHERE face_id = ? AND added_at = ?", own)
        elif change.table != "people" or not self._is_needed(change.key):
            self._db.conn.execute(f"DELETE FROM {change.table} WHERE {_key(change)} = ?", (change.key,))

    def _add(self, table: str, row: Row) -> None:
        marks = ", ".join("?" * len(row))
        self._db.conn.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))

    def _set(self, change: RowChange, values: Row) -> None:
        parts = ", ".join(f"{name} = ?" for name in values)
        query = f"UPDATE {change.table} SET {parts} WHERE {_key(change)} = ?"
        self._db.conn.execute(query, (*values.values(), change.key))

    def _register_again(self, key: int, row: Row) -> None:
        """Put a reference back, unless its face is registered again; under another id where that one was given away.

        A face that was encoded again in the meantime comes back as it is now.
        """
        if self._db.conn.execute("SELECT 1 FROM face_references WHERE face_id = ?", (row["face_id"],)).fetchone():
            return
        face = self._db.conn.execute("SELECT embedding, engine FROM faces WHERE id = ?", (row["face_id"],)).fetchone()
        row = {**row, "embedding": face[0], "engine": face[1]}
        taken = self.row("face_references", key) is not None
        self._add("face_references", row if taken else {"id": key, **row})

    def _is_as_left(self, change: RowChange) -> bool:
        now = self.row(change.table, change.key)
        if change.table in _LOOSE or (now is None and change.after is None):
            return True
        if change.after is None:
            return now is not None and now.get("by") == "program"
        if now is None:
            return not self._has_face(change, change.after)
        changed = set(changed_columns(change))
        if not self._has_person(change.after):
            changed.discard("person_id")  # the person was removed, or is a part of another one
        return all(now[name] == change.after[name] for name in changed)

    def _is_needed(self, person: int) -> bool:
        return any(
            self._db.conn.execute(f"SELECT 1 FROM {table} WHERE person_id = ? LIMIT 1", (person,)).fetchone()
            for table in ("face_references", "clusters", "refusals")
        )

    def _without_the_gone(self, change: RowChange, row: Row, at: str) -> Row | None:
        """Return a row as it can be now; None where it is about a face or a person that is gone.

        SQLite may give the number of a person who was removed to a new one: who came later is somebody else.
        """
        if not self._has_face(change, row):
            return None
        person = row.get("person_id")
        known = "SELECT 1 FROM people WHERE id = ? AND added_at <= ?"
        if person is None or self._db.conn.execute(known, (person, at)).fetchone() is not None:
            return row
        return {**row, "person_id": None} if change.table == "clusters" else None

    def _has_person(self, row: Row) -> bool:
        """Return whether the person that a row is about still exists, if it is about one."""
        person = row.get("person_id")
        return (
            person is None
            or self._db.conn.execute("SELECT 1 FROM people WHERE id = ?", (person,)).fetchone() is not None
        )

    def _has_face(self, change: RowChange, row: Row) -> bool:
        """Return whether the face that a row is about still exists, if it is about one."""
        face = change.key if _key(change) == "face_id" else row.get("face_id")
        return face is None or self._db.conn.execute("SELECT 1 FROM faces WHERE id = ?", (face,)).fetchone() is not None


def _key(change: RowChange) -> str:
    return _TABLES[change.table][0]


def changed_columns(change: RowChange) -> list[str]:
    """Return the columns that are not what they were; all of them of a row that came or went."""
    before, after = change.before or {}, change.after or {}
    return [name for name in _TABLES[change.table][1] if name not in before or before[name] != after.get(name, ...)]


def dump(changes: Sequence[RowChange]) -> str:
    """Return changes as JSON."""
    return json.dumps(
        [[change.table, change.key, change.before, change.after] for change in changes],
        default=lambda blob: {"hex": blob.hex()},
        separators=(",", ":"),
    )


def load(text: str) -> list[RowChange]:
    """Return the changes in JSON that `dump` wrote."""
    found = json.loads(text, object_hook=lambda value: bytes.fromhex(value["hex"]) if set(value) == {"hex"} else value)
    return [RowChange(table=table, key=key, before=before, after=after) for table, key, before, after in found]
