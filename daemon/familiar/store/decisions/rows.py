"""Rows that get back what they had before an event."""

from collections.abc import Sequence

from familiar.store.database import Database
from familiar.store.decisions.row_changes import TABLES, Row, RowChange, RowChanges, changed_columns

_LOOSE = {"face_references", "refusals"}
"""Tables whose rows may have been changed without an event: the rows that are left are taken back."""


class Rows:
    """The rows of one event, `before` which a person must be known who gets something back."""

    def __init__(self, db: Database, *, before: str) -> None:
        """Take the store, in a write transaction, and the time of the event (ISO 8601, UTC)."""
        self._db = db
        self._before = before
        self._row = RowChanges(db).row
        self._own_people: set[int] = set()

    def obstacles(self, changes: Sequence[RowChange]) -> list[RowChange]:
        """Return the changes that can't be taken back, because their rows are no longer as they were left."""
        last = {(change.table, change.key): change for change in changes}
        return [change for change in last.values() if not self._is_as_left(change)]

    def taken_name(self, changes: Sequence[RowChange]) -> str | None:
        """Return a name that a person would get back, and that somebody else has now."""
        for change in changes:
            if change.table == "people" and change.before is not None:
                row = self._db.conn.execute(
                    "SELECT name FROM people WHERE key = ? AND id != ?", (change.before["key"], change.key)
                ).fetchone()
                if row is not None:
                    return str(row[0])
        return None

    def take_back(self, changes: Sequence[RowChange]) -> None:
        """Give each row what it had before, the last change first.

        What is about a face or a person that is gone stays gone, and a cluster of such a person has none.
        """
        self._own_people = {change.key for change in changes if change.table == "people"}
        for change in reversed(changes):
            if change.before is None:
                self._remove(change)
            elif (before := self._without_the_gone(change, change.before)) is None:
                continue
            elif change.table == "face_references":
                self._give_reference_back(change, before)
            elif self._row(change.table, change.key) is not None:
                self._set(change, {name: before[name] for name in changed_columns(change)})
            elif set(before) == set(TABLES[change.table][1]):  # else it was gone with its face
                self._add(change.table, {_key(change): change.key, **before})

    def _remove(self, change: RowChange) -> None:
        """Remove the row that an event added; a person only if nothing else is theirs."""
        if change.table == "face_references" and "added_at" in (change.after or {}):
            assert change.after is not None
            # in a store of an older version, the number may be that of another reference now
            own = (change.after["face_id"], change.after["added_at"])
            self._db.conn.execute("DELETE FROM face_references WHERE face_id = ? AND added_at = ?", own)
        elif change.table != "people" or not self._is_needed(change.key):
            self._db.conn.execute(f"DELETE FROM {change.table} WHERE {_key(change)} = ?", (change.key,))

    def _give_reference_back(self, change: RowChange, before: Row) -> None:
        if change.after is None:
            self._register_again(change.key, before)
            return
        self._db.conn.execute(
            "UPDATE face_references SET person_id = ? WHERE id = ? AND person_id = ?",
            (before["person_id"], change.key, change.after["person_id"]),
        )

    def _register_again(self, key: int, row: Row) -> None:
        """Put a reference back, unless its face is registered again; under another id where that one was given away.

        A face that was encoded again in the meantime gets its present embedding.
        """
        if self._db.conn.execute("SELECT 1 FROM face_references WHERE face_id = ?", (row["face_id"],)).fetchone():
            return
        face = self._db.conn.execute("SELECT embedding, engine FROM faces WHERE id = ?", (row["face_id"],)).fetchone()
        row = {**row, "embedding": face[0], "engine": face[1]}
        taken = self._row("face_references", key) is not None
        self._add("face_references", row if taken else {"id": key, **row})

    def _add(self, table: str, row: Row) -> None:
        marks = ", ".join("?" * len(row))
        self._db.conn.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
        if table == "no_faces":  # what the program made of the face since
            self._db.conn.execute("DELETE FROM matches WHERE face_id = ?", (row["face_id"],))
            self._db.conn.execute("DELETE FROM cluster_faces WHERE face_id = ? AND by = 'program'", (row["face_id"],))

    def _set(self, change: RowChange, values: Row) -> None:
        parts = ", ".join(f"{name} = ?" for name in values)
        query = f"UPDATE {change.table} SET {parts} WHERE {_key(change)} = ?"
        self._db.conn.execute(query, (*values.values(), change.key))

    def _is_as_left(self, change: RowChange) -> bool:
        now = self._row(change.table, change.key)
        if change.table in _LOOSE or (now is None and change.after is None):
            return True
        if change.after is None:
            return now is not None and now.get("by") == "program"
        if change.table == "people" and change.before is None:
            return True
        if now is None:
            return not self._has_face(change, change.after)
        changed = set(changed_columns(change))
        if not self._has_person(change.after):
            changed.discard("person_id")  # an older version removed the person, or merged them with another one
        return all(now[name] == change.after[name] for name in changed)

    def _is_needed(self, person: int) -> bool:
        return any(
            self._db.conn.execute(f"SELECT 1 FROM {table} WHERE person_id = ? LIMIT 1", (person,)).fetchone()
            for table in ("face_references", "clusters", "refusals")
        )

    def _without_the_gone(self, change: RowChange, row: Row) -> Row | None:
        """Return a row as it can be now; None where it is about a face or a person that is gone.

        A store of an older version may have given the number of a person who was removed to a new one: who was added
        after the event is somebody else.
        """
        if not self._has_face(change, row):
            return None
        if self._is_known(row.get("person_id")):
            return row
        return {**row, "person_id": None} if change.table == "clusters" else None

    def _is_known(self, person: int | None) -> bool:
        if person is None or person in self._own_people:
            return True
        known = "SELECT 1 FROM people WHERE id = ? AND added_at <= ?"
        return self._db.conn.execute(known, (person, self._before)).fetchone() is not None

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
    return TABLES[change.table][0]
