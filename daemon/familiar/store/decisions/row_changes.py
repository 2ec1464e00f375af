"""Changes of rows that can be taken back: each is written down with what was there before.

An event keeps its changes as JSON. Undoing gives each row what it had before, as long as the row is as the event left
it.

A change by the program is no obstacle: it gives way to what persons decide. A reference is no obstacle either: one that
is gone stays gone, and one that was added since stays.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

from familiar.store.database import Database

Row: TypeAlias = dict[str, Any]

TABLES = {
    "clusters": ("id", ("person_id", "kept", "ignored", "absorbed_by", "made_at")),
    "cluster_faces": ("face_id", ("cluster_id", "by", "distance", "model", "at")),
    "refusals": ("id", ("face_id", "cluster_id", "person_id", "other_id", "at")),
    "no_faces": ("face_id", ("at",)),
    "people": ("id", ("name", "key", "threshold", "hidden", "cover", "added_at")),
    "face_references": ("id", ("person_id", "face_id", "embedding", "engine", "origin", "taken", "added_at")),
}
"""Each table with its key and its other columns."""


_ADDED_SINCE: dict[str, Row] = {"people": {"hidden": 0, "cover": None}}
"""Columns that older events do not have, with what they were then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """A row before and after: all of its columns, or some of them; None where the row does not exist.

    A reference of a face is kept without its embedding, which the face has.
    """

    table: str
    key: int
    before: Row | None
    after: Row | None


class RowChanges:
    """Writes rows, and remembers what they were."""

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
        self.made.append(RowChange(table=table, key=key, before=None, after=_kept(self.row(table, key))))
        return key

    def note_inserted(self, table: str, key: int, **values: Any) -> None:
        """Remember a row that was added already, with the columns that say what it is about."""
        self.made.append(RowChange(table=table, key=key, before=None, after=values))

    def update(self, table: str, key: int, /, **values: Any) -> None:
        """Change some columns of a row."""
        before = self.row(table, key)
        parts = ", ".join(f"{name} = ?" for name in values)
        self._db.conn.execute(f"UPDATE {table} SET {parts} WHERE {TABLES[table][0]} = ?", (*values.values(), key))
        after = self.row(table, key)
        if before != after:
            self.made.append(RowChange(table=table, key=key, before=_kept(before), after=_kept(after)))

    def replace(self, table: str, column: str, old: Any, new: Any) -> None:
        """Change one column of all rows that have this value in it; the changes keep this column alone."""
        name = TABLES[table][0]
        rows = self._db.conn.execute(f"SELECT {name} FROM {table} WHERE {column} = ? ORDER BY {name}", (old,))
        keys = [int(row[0]) for row in rows]
        self._db.conn.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (new, old))
        self.made += [RowChange(table=table, key=key, before={column: old}, after={column: new}) for key in keys]

    def delete(self, table: str, key: int) -> None:
        """Remove a row."""
        before = self.row(table, key)
        if before is not None:
            self._db.conn.execute(f"DELETE FROM {table} WHERE {TABLES[table][0]} = ?", (key,))
            self.made.append(RowChange(table=table, key=key, before=_kept(before), after=None))

    def row(self, table: str, key: int) -> Row | None:
        """Return a row as it is now."""
        name, columns = TABLES[table]
        found = self._db.conn.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE {name} = ?", (key,)).fetchone()
        return None if found is None else dict(zip(columns, found, strict=True))


def changed_columns(change: RowChange) -> list[str]:
    """Return the columns that have another value now; all columns of a row that was added or removed."""
    before, after = change.before, change.after
    if before is None or after is None:
        return list(TABLES[change.table][1])
    return [name for name in before if before[name] != after.get(name, ...)]


def dump(changes: Sequence[RowChange]) -> str:
    """Return changes as JSON; rows in which the same was changed share one entry."""
    return json.dumps(list(_entries(changes)), default=lambda blob: {"hex": blob.hex()}, separators=(",", ":"))


def load(text: str) -> list[RowChange]:
    """Return the changes in JSON that `dump` wrote."""
    found = json.loads(text, object_hook=lambda value: bytes.fromhex(value["hex"]) if set(value) == {"hex"} else value)
    return [
        RowChange(table=table, key=key, before=_completed(table, before), after=_completed(table, after))
        for table, keys, before, after in found
        for key in (keys if isinstance(keys, list) else [keys])
    ]


def _completed(table: str, row: Row | None) -> Row | None:
    return None if row is None else {**_ADDED_SINCE.get(table, {}), **row}


def _entries(changes: Sequence[RowChange]) -> Iterator[tuple[str, int | list[int], Row | None, Row | None]]:
    for (table, before, after), group in groupby(changes, key=lambda one: (one.table, one.before, one.after)):
        keys = [change.key for change in group]
        yield table, keys[0] if len(keys) == 1 else keys, before, after


def _kept(row: Row | None) -> Row | None:
    """Return what is kept of a row: the embedding of a reference only if the reference has no face."""
    if row is None or row.get("face_id") is None or "embedding" not in row:
        return row
    return {name: value for name, value in row.items() if name != "embedding"}
