"""Files that commands have analysed, in any folder; unchanged files are not read again.

A watched file is known by the table of files. A sighting says nothing about handling: a folder that is watched later
has all its files handled.
"""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from familiar.filesystem.stamps import Stamp
from familiar.store.database import Database
from familiar.store.files import Files

_KNOWN = """
    SELECT name, size, mtime_ns, ctime_ns, photo_id FROM sightings
        WHERE folder_id = (SELECT id FROM folders WHERE path = ?1)
    UNION ALL
    SELECT name, size, mtime_ns, ctime_ns, photo_id FROM files
        WHERE folder_id = (SELECT id FROM folders WHERE path = ?1)
        AND state = 'done' AND photo_id IS NOT NULL
"""


class Sightings:
    """The table of sightings."""

    def __init__(self, db: Database, *, files: Files) -> None:
        """Take the open store, and its table of files."""
        self._db = db
        self._files = files

    def note(self, path: Path, stamp: Stamp, photo_id: int) -> None:
        """Record the photo of a file."""
        self._db.conn.execute(
            "INSERT INTO sightings (folder_id, name, size, mtime_ns, ctime_ns, photo_id) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (folder_id, name) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns, "
            "ctime_ns = excluded.ctime_ns, photo_id = excluded.photo_id",
            (
                self._files.folder(path.parent),
                os.fsencode(path.name),
                stamp.size,
                stamp.mtime_ns,
                stamp.ctime_ns,
                photo_id,
            ),
        )

    def in_folder(self, folder: Path) -> dict[tuple[str, Stamp], int]:
        """Return the photos of the known files directly in a folder, by name and stamp."""
        return {
            (os.fsdecode(name), Stamp(size=size, mtime_ns=mtime_ns, ctime_ns=ctime_ns)): int(photo_id)
            for name, size, mtime_ns, ctime_ns, photo_id in self._db.conn.execute(_KNOWN, (os.fsencode(folder),))
        }

    def photo_at(self, path: Path, stamp: Stamp) -> int | None:
        """Return the photo of a file, if it is known and unchanged."""
        row = self._db.conn.execute(
            f"SELECT photo_id FROM ({_KNOWN}) WHERE name = ?2 AND size = ?3 AND mtime_ns = ?4 "
            "AND COALESCE(ctime_ns = ?5, TRUE)",
            (os.fsencode(path.parent), os.fsencode(path.name), stamp.size, stamp.mtime_ns, stamp.ctime_ns),
        ).fetchone()
        return None if row is None else int(row[0])

    def paths_of(self, photo_id: int) -> Iterator[Path]:
        """Yield all paths where a photo was found, watched files first; some may be gone."""
        yield from self._files.paths_of(photo_id)
        rows = self._db.conn.execute(
            "SELECT path, name FROM sightings JOIN folders ON folders.id = folder_id WHERE photo_id = ? "
            "ORDER BY sightings.id",
            (photo_id,),
        )
        for folder, name in rows.fetchall():
            yield Path(os.fsdecode(folder), os.fsdecode(name))

    def paths_of_all(self, photo_ids: Sequence[int]) -> dict[int, list[Path]]:
        """Return all paths where photos were found, as `paths_of` does, by the ids of the photos."""
        rows = self._db.conn.execute(
            "SELECT photo_id, path, name FROM files JOIN folders ON folders.id = folder_id "
            "WHERE photo_id IN (SELECT value FROM json_each(?1)) AND state = 'done' UNION ALL "
            "SELECT photo_id, path, name FROM sightings JOIN folders ON folders.id = folder_id "
            "WHERE photo_id IN (SELECT value FROM json_each(?1))",
            (json.dumps(list(photo_ids)),),
        )
        found: dict[int, list[Path]] = {}
        for photo_id, folder, name in rows:
            found.setdefault(int(photo_id), []).append(Path(os.fsdecode(folder), os.fsdecode(name)))
        return found

    def stamps_of(self, photo_id: int) -> dict[Path, Stamp]:
        """Return all paths where a photo was found, as `paths_of` does, with the stamp that each file had then."""
        rows = self._db.conn.execute(
            "SELECT path, name, size, mtime_ns, ctime_ns FROM files JOIN folders ON folders.id = folder_id "
            "WHERE photo_id = ?1 AND state = 'done' UNION ALL "
            "SELECT path, name, size, mtime_ns, ctime_ns FROM sightings JOIN folders ON folders.id = folder_id "
            "WHERE photo_id = ?1",
            (photo_id,),
        )
        found: dict[Path, Stamp] = {}
        for folder, name, size, mtime_ns, ctime_ns in rows:
            stamp = Stamp(size=size, mtime_ns=mtime_ns, ctime_ns=ctime_ns)
            found.setdefault(Path(os.fsdecode(folder), os.fsdecode(name)), stamp)
        return found

    def all_paths(self) -> dict[int, list[Path]]:
        """Return all paths of each photo that is somewhere, as far as is known, those of watched files first."""
        rows = self._db.conn.execute(
            "SELECT photo_id, path, name FROM files JOIN folders ON folders.id = folder_id "
            "WHERE state = 'done' AND photo_id IS NOT NULL "
            "UNION ALL SELECT photo_id, path, name FROM sightings JOIN folders ON folders.id = folder_id"
        )
        paths: dict[int, list[Path]] = {}
        for photo_id, folder, name in rows:
            paths.setdefault(int(photo_id), []).append(Path(os.fsdecode(folder), os.fsdecode(name)))
        return paths
