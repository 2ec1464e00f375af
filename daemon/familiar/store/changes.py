"""Changes of rows that can be taken back: each is written down with what was there before.

An event keeps its changes as JSON. To undo it, each row gets what it had before, if it is still as the event left it;
otherwise something later builds on it, and nothing is touched.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlite_utils import Database

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

_RENEWED = {"embedding", "engine"}
"""Columns that change when a face is encoded again, which is no later decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A row as it was before and is after; None where it is not there."""

    table: str
    key: int
    before: Row | None
    after: Row | None


class Changes:
    """Writes rows, and remembers how they were."""

    def __init__(self, db: Database) -> None:
        """Take the store, in a write transaction."""
        self._db = db
        self.made: list[Change] = []

    def insert(self, table: str, **values: Any) -> int:
        """Add a row; return its key."""
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        key = self._db.conn.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values())).lastrowid
        assert key is not None
        self.made.append(Change(table=table, key=key, before=None, after=self.row(table, key)))
        return key

    def update(self, table: str, key: int, **values: Any) -> None:
        """Change some columns of a row."""
        before = self.row(table, key)
        parts = ", ".join(f"{name} = ?" for name in values)
        self._db.conn.execute(f"UPDATE {table} SET {parts} WHERE {_TABLES[table][0]} = ?", (*values.values(), key))
        after = self.row(table, key)
        if before != after:
            self.made.append(Change(table=table, key=key, before=before, after=after))

    def delete(self, table: str, key: int) -> None:
        """Remove a row."""
        before = self.row(table, key)
        if before is not None:
            self._db.conn.execute(f"DELETE FROM {table} WHERE {_TABLES[table][0]} = ?", (key,))
            self.made.append(Change(table=table, key=key, before=before, after=None))

    def row(self, table: str, key: int) -> Row | None:
        """Return a row as it is now."""
        name, columns = _TABLES[table]
        found = self._db.conn.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE {name} = ?", (key,)).fetchone()
        return None if found is None else dict(zip(columns, found, strict=True))

    def obstacles(self, changes: Sequence[Change]) -> list[Change]:
        """Return the changes that can't be taken back, because their rows are no longer as they were left."""
        return [change for change in changes if not self._is_as_left(change)]

    def take_back(self, changes: Sequence[Change]) -> None:
        """Give each row what it had before, the last change first."""
        for change in reversed(changes):
            key = _TABLES[change.table][0]
            now = self.row(change.table, change.key)
            if change.before is None and now is not None and not self._is_needed(change):
                self._db.conn.execute(f"DELETE FROM {change.table} WHERE {key} = ?", (change.key,))
            elif change.before is not None and now is None and self._can_be(change, change.before):
                names = (key, *change.before)
                self._db.conn.execute(
                    f"INSERT INTO {change.table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
                    (change.key, *change.before.values()),
                )
            elif change.before is not None and now is not None:
                parts = ", ".join(f"{name} = ?" for name in change.before)
                self._db.conn.execute(
                    f"UPDATE {change.table} SET {parts} WHERE {key} = ?", (*change.before.values(), change.key)
                )

    def _is_as_left(self, change: Change) -> bool:
        now = self.row(change.table, change.key)
        if change.table == "people" or (now is None and change.after is None):
            return True  # people have a life of their own, and are kept as long as anything is theirs
        if now is None or change.after is None:
            gone = change.after is not None and not self._can_be(change, change.after)
            return gone or (now is None and change.table == "face_references")
        return _lasting(now) == _lasting(change.after)

    def _is_needed(self, change: Change) -> bool:
        """Return whether something else has come to depend on a person whom an event brought in."""
        if change.table != "people":
            return False
        tables = ("face_references", "clusters", "refusals")
        return any(
            self._db.conn.execute(f"SELECT 1 FROM {table} WHERE person_id = ? LIMIT 1", (change.key,)).fetchone()
            for table in tables
        )

    def _can_be(self, change: Change, row: Row) -> bool:
        """Return whether the face and the person of a row still exist."""
        row = {_TABLES[change.table][0]: change.key, **row}
        return all(
            row.get(column) is None
            or self._db.conn.execute(f"SELECT 1 FROM {table} WHERE id = ?", (row[column],)).fetchone()
            for column, table in (("face_id", "faces"), ("person_id", "people"))
        )


def dump(changes: Sequence[Change]) -> str:
    """Return changes as JSON."""
    return json.dumps(
        [[change.table, change.key, change.before, change.after] for change in changes],
        default=lambda blob: {"hex": blob.hex()},
        separators=(",", ":"),
    )


def load(text: str) -> list[Change]:
    """Return the changes in JSON that `dump` wrote."""
    found = json.loads(text, object_hook=lambda value: bytes.fromhex(value["hex"]) if set(value) == {"hex"} else value)
    return [Change(table=table, key=key, before=before, after=after) for table, key, before, after in found]


def _lasting(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in _RENEWED}
