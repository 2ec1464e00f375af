"""The files in the cache of photos from Flickr, and which of them are still needed."""

import os
from dataclasses import dataclass
from pathlib import Path

from familiar.store.database import Database

_UNNEEDED = (
    "SELECT folders.path, files.name, files.size FROM files "
    "JOIN folders ON folders.id = folder_id WHERE root_id = ? AND state = 'done' AND NOT EXISTS ("
    "SELECT 1 FROM operations JOIN plans ON plans.id = plan_id WHERE plans.photo_id = files.photo_id "
    "AND operations.state IN ('planned', 'doing', 'failed', 'undo', 'undoing')) AND NOT EXISTS ("
    "SELECT 1 FROM flickr_photos WHERE file_id = files.id AND news IS NOT NULL) ORDER BY files.id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedFile:
    """A file in the cache that is not needed any more."""

    path: Path
    size: int


class CachedFiles:
    """The files in a cache, by the id of its root."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def unneeded(self, root_id: int) -> list[CachedFile]:
        """Return the handled files that no operation and no decision needs any more, the earliest first."""
        return [
            CachedFile(path=Path(os.fsdecode(folder), os.fsdecode(name)), size=int(size))
            for folder, name, size in self._db.conn.execute(_UNNEEDED, (root_id,)).fetchall()
        ]

    def has_needed(self, root_id: int) -> bool:
        """Return whether there are handled files that are still needed."""
        row = self._db.conn.execute(
            "SELECT count(*) FROM files JOIN folders ON folders.id = folder_id WHERE root_id = ? AND state = 'done'",
            (root_id,),
        ).fetchone()
        return int(row[0]) > len(self.unneeded(root_id))
