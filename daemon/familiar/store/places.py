"""The folders of effects, and their disks."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from familiar.effects.disks import KnownFolder
from familiar.filesystem.mounts import Disk
from familiar.store.database import Database, writing

_PLACES = (
    "SELECT places.path, real, identity, roots.id IS NOT NULL, trusted "
    "FROM places JOIN disks ON disks.id = disk_id LEFT JOIN roots ON roots.path = places.path"
)


class Places:
    """The tables of places and disks."""

    def __init__(self, db: Database, *, now: Callable[[], datetime]) -> None:
        """Take the open store and a clock that gives UTC."""
        self._db = db
        self._now = now
        self._ids: dict[Disk, int] = {}

    def all(self) -> list[KnownFolder]:
        """Return all places, by path."""
        return self._places("ORDER BY places.path")

    def covering(self, folder: Path) -> Sequence[KnownFolder]:
        """Return the places that contain a folder, or are it, the innermost last."""
        above = [os.fsencode(path) for path in (folder, *folder.parents)]
        marks = ", ".join("?" * len(above))
        return self._places(f"WHERE places.path IN ({marks}) ORDER BY length(places.path)", *above)

    def remember(self, path: Path, *, real: Path, disk: Disk, trusted: bool = False) -> None:
        """Store or update a place; trusted places stay trusted."""
        with writing(self._db):
            self._db.conn.execute(
                "INSERT INTO places (path, real, disk_id, trusted, seen_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (path) "
                "DO UPDATE SET real = excluded.real, disk_id = excluded.disk_id, seen_at = excluded.seen_at, "
                "trusted = max(trusted, excluded.trusted)",
                (os.fsencode(path), os.fsencode(real), self.disk_id(disk), trusted, self._now().isoformat()),
            )

    def sample(self, path: Path, *, limit: int) -> Iterable[tuple[Path, int, int]]:
        """Give some of the files that are known below a folder: path, size, mtime in ns."""
        key = os.fsencode(path)
        below = key.rstrip(b"/") + b"/"
        rows = self._db.conn.execute(
            "SELECT path, name, size, mtime_ns FROM folders JOIN files ON folder_id = folders.id "
            "WHERE (path = ? OR substr(path, 1, ?) = ?) AND state = 'done' "
            "ORDER BY files.id * 2654435761 % 4294967296 LIMIT ?",
            (key, len(below), below, limit),
        )
        return [(Path(os.fsdecode(folder), os.fsdecode(name)), size, time) for folder, name, size, time in rows]

    def count(self, root: Path) -> int:
        """Count the files that are known in a root."""
        query = "SELECT count(*) FROM files JOIN folders ON folders.id = folder_id JOIN roots ON roots.id = root_id "
        row = self._db.conn.execute(f"{query} WHERE roots.path = ? AND files.state != 'gone'", (os.fsencode(root),))
        return int(row.fetchone()[0])

    def disk_id(self, disk: Disk) -> int:
        """Return the id of a disk, recording a new one."""
        if disk in self._ids:
            return self._ids[disk]
        text = json.dumps(asdict(disk), sort_keys=True)
        row = self._db.conn.execute("SELECT id FROM disks WHERE identity = ?", (text,)).fetchone()
        if row is not None:
            return self._ids.setdefault(disk, int(row[0]))
        # Not kept in memory yet: the transaction may be rolled back.
        found = self._db.conn.execute("INSERT INTO disks (identity) VALUES (?) RETURNING id", (text,)).fetchone()
        return int(found[0])

    def _places(self, condition: str, *values: Any) -> list[KnownFolder]:
        return [
            KnownFolder(
                path=Path(os.fsdecode(path)),
                real=Path(os.fsdecode(real)),
                disk=disk_from_json(identity),
                is_root=bool(is_root),
                is_trusted=bool(trusted),
            )
            for path, real, identity, is_root, trusted in self._db.conn.execute(f"{_PLACES} {condition}", values)
        ]


def disk_from_json(text: str) -> Disk:
    """Return a disk as it was recorded."""
    return Disk(**json.loads(text))
