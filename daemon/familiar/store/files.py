"""Which file holds which photo: folders and files, and how far each file has come.

A file is *settling* (found, maybe still being written), then *pending* (complete, to be handled), then *done*; or
*failed* (a passing failure, tried again when `due`), or *gone* (it left its path; the photo is not forgotten).
`due` is in seconds of the daemon's monotonic clock, and set again at each start (`restart_clock`). Files that the first
scan of a root found are the *backlog*: those that come later are handled before them.
"""

import json
import os
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from familiar.clip_names import beginnings, common_root
from familiar.filesystem.stamps import Stamp
from familiar.store.database import Database, writing


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One file that the store knows; `photo_id` is None until its content is known.

    One that is `left_out` is there, but the settings exclude it now. One that is `in_backlog` was there before its root
    was watched.
    """

    id: int
    path: Path
    size: int
    mtime_ns: int
    state: str
    due: float | None
    photo_id: int | None
    attempts: int
    ctime_ns: int | None = None
    left_out: bool = False
    in_backlog: bool = False

    @property
    def stamp(self) -> Stamp:
        """The stamp of the file when it was looked at."""
        return Stamp(size=self.size, mtime_ns=self.mtime_ns, ctime_ns=self.ctime_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a folder's listing shows against the store: counts of new and changed files, and names that are missing."""

    new: int
    changed: int
    missing: tuple[bytes, ...]


_FILE_COLUMNS = (
    "files.id, folders.path, files.name, size, mtime_ns, ctime_ns, state, due, photo_id, attempts, left_out, in_backlog"
)
_FROM_FILES = "FROM files JOIN folders ON folders.id = files.folder_id"
_WAITING = "FROM files INDEXED BY {} CROSS JOIN folders ON folders.id = files.folder_id"
"""From the few files that wait to their folders; the planner would go through all files of a root."""
_IN_ROOTS = "AND folders.root_id IN (SELECT value FROM json_each(?))"
_BY_LOWER_CASE = "FROM folders CROSS JOIN files INDEXED BY files_in_lower_case ON files.folder_id = folders.id"
_NAMED = (
    "WHERE folders.path = ? AND lower(CAST(files.name AS TEXT)) >= +CAST(? AS TEXT) "
    "AND lower(CAST(files.name AS TEXT)) < +CAST(? AS TEXT)"
)
"""The names in a folder from one text on and before another one, in lower case; the signs let the index serve."""
_AFTER_DOT, _AFTER_SLASH = b"/", b"0"
_FIND = """
    INSERT INTO files (folder_id, name, size, mtime_ns, ctime_ns, state, due, found_at, in_backlog)
    VALUES (?, ?, ?, ?, ?, 'settling', ?, ?, ?)
    ON CONFLICT (folder_id, name) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,
        ctime_ns = excluded.ctime_ns, due = excluded.due, state = 'settling', photo_id = NULL, attempts = 0,
        reason = NULL, left_out = 0, in_backlog = excluded.in_backlog
"""


class Files:
    """The tables of folders and files."""

    def __init__(self, db: Database, *, now: Callable[[], datetime]) -> None:
        """Take the open store and a clock that gives UTC."""
        self._db = db
        self._now = now

    def folder(self, path: Path, *, root_id: int | None = None, device: int | None = None) -> int:
        """Return the id of a folder, writing it down if it is new, or if its root or device is."""
        assert path.is_absolute(), path
        key = os.fsencode(path)
        row = self._db.conn.execute("SELECT id, root_id, device FROM folders WHERE path = ?", (key,)).fetchone()
        if row is not None and (root_id is None or row[1:] == (root_id, device)):
            return int(row[0])
        cursor = self._db.conn.execute(
            "INSERT INTO folders (root_id, path, device) VALUES (?, ?, ?) ON CONFLICT (path) "
            "DO UPDATE SET root_id = excluded.root_id, device = excluded.device RETURNING id",
            (root_id, key, device),
        )
        return int(cursor.fetchone()[0])

    def device_of(self, folder: Path) -> int | None:
        """Return the device number that the folder was on when it was listed last."""
        row = self._db.conn.execute("SELECT device FROM folders WHERE path = ?", (os.fsencode(folder),)).fetchone()
        return None if row is None or row[0] is None else int(row[0])

    def compare(
        self,
        folder_id: int,
        entries: Sequence[tuple[bytes, int, int, int]],
        *,
        after: bytes,
        upto: bytes | None,
        due: Callable[[int], float],
        backlog_until: int = 0,
    ) -> Comparison:
        """Compare part of a folder's listing with the store and record what is new or changed.

        Args:
            folder_id: the folder that was listed.
            entries: (name, size, mtime_ns, ctime_ns), in the order of names, all in `after < name <= upto`.
            after: names up to this one belong to an earlier part.
            upto: the last name of this part, or None for the last part.
            due: gives when a new or changed file will have settled, by its last change.
            backlog_until: files that were changed last before this time (ns) are in the backlog, in the first scan of a
                root: what came later has arrived meanwhile.
        """
        known = self._known(folder_id, after, upto)
        remembered = next(known, None)
        found, missing, new, adopted = [], [], 0, []
        for name, size, mtime_ns, ctime_ns in entries:
            while remembered is not None and remembered[0] < name:
                missing.append(remembered[0])
                remembered = next(known, None)
            if remembered is not None and remembered[0] == name:
                if remembered[1:] != (size, mtime_ns, ctime_ns):
                    if remembered[1:] == (size, mtime_ns, None):
                        adopted.append((ctime_ns, folder_id, name))
                    else:
                        found.append((name, size, mtime_ns, ctime_ns, due(max(mtime_ns, ctime_ns))))
                remembered = next(known, None)
            else:
                new += 1
                found.append((name, size, mtime_ns, ctime_ns, due(max(mtime_ns, ctime_ns))))
        if remembered is not None:
            missing.extend([remembered[0], *(row[0] for row in known)])
        self._find(folder_id, found, backlog_until=backlog_until)
        self._db.conn.executemany("UPDATE files SET ctime_ns = ? WHERE folder_id = ? AND name = ?", adopted)
        return Comparison(new=new, changed=len(found) - new, missing=tuple(missing))

    def hint(
        self, path: Path, *, size: int, mtime_ns: int, ctime_ns: int | None = None, root_id: int, due: float
    ) -> bool:
        """Note that something happened to a file; return whether it was new or changed.

        A file that is known and looks as it did is left alone; one that is settling waits again.
        """
        row, stamp = self.at(path), Stamp(size=size, mtime_ns=mtime_ns, ctime_ns=ctime_ns)
        if row is not None and row.state != "gone" and not row.left_out and stamp.is_of(row.stamp):
            if row.ctime_ns is None and ctime_ns is not None:
                self._update(row.id, "ctime_ns = ?", ctime_ns)
            if row.state == "settling":
                self._db.conn.execute("UPDATE files SET due = ? WHERE id = ?", (due, row.id))
            return False
        known_folder = self._db.conn.execute("SELECT id FROM folders WHERE path = ?", (os.fsencode(path.parent),))
        found = known_folder.fetchone()
        folder_id = int(found[0]) if found else self.folder(path.parent, root_id=root_id)
        self._find(folder_id, [(os.fsencode(path.name), size, mtime_ns, ctime_ns, due)])
        return True

    def at(self, path: Path) -> FileRow | None:
        """Return what is known of the file at `path`."""
        where = "WHERE folders.path = ? AND files.name = ?"
        return next(self._rows(where, (os.fsencode(path.parent), os.fsencode(path.name))), None)

    def namesakes(self, path: Path) -> list[FileRow]:
        """Return the files, gone ones among them, that are named as parts of one live photo may be, `path` included."""
        folder, root = os.fsencode(path.parent), common_root(path)
        found = (
            row
            for part in beginnings(path)
            for row in self._rows(_NAMED, (folder, part, part[:-1] + _AFTER_DOT), source=_BY_LOWER_CASE)
        )
        return sorted((row for row in found if common_root(row.path) == root), key=lambda row: os.fsencode(row.path))

    def settled(self, now: float, *, roots: Sequence[int], limit: int) -> list[FileRow]:
        """Return settling files of these roots whose time has come, the earliest first, those of the backlog last."""
        # both values are named, so that the index leads to those that are due
        where = (
            f"WHERE state = 'settling' AND in_backlog IN (0, 1) AND due <= ? {_IN_ROOTS} "
            "ORDER BY in_backlog, due, files.id LIMIT ?"
        )
        return list(self._rows(where, (now, json.dumps(roots), limit), source=_WAITING.format("files_settling")))

    def pending(
        self, *, roots: Sequence[int], limit: int, known: Container[int] = (), backlog: bool = True
    ) -> Iterator[FileRow]:
        """Give pending files of these roots in the order in which they were found, those of the backlog last.

        Those that are known are left out, but count for the limit; without `backlog`, its files are left out.
        """
        where = f"WHERE state = 'pending' AND in_backlog <= ? {_IN_ROOTS} ORDER BY in_backlog, files.id LIMIT ?"
        values = (backlog, json.dumps(roots), limit)
        return self._rows(where, values, source=_WAITING.format("files_pending"), known=known)

    def next_settled(self, *, roots: Sequence[int]) -> float | None:
        """Return when the next settling file of these roots will have settled."""
        first = (
            f"SELECT due {_WAITING.format('files_settling')} WHERE state = 'settling' AND in_backlog = ? {_IN_ROOTS} "
            "ORDER BY due LIMIT 1"
        )
        firsts = [self._db.conn.execute(first, (kind, json.dumps(roots))).fetchone() for kind in (False, True)]
        return min((due for (due,) in filter(None, firsts)), default=None)

    def wait(self, file_id: int, *, size: int, mtime_ns: int, ctime_ns: int | None = None, due: float) -> None:
        """Let a file that still changes settle again."""
        columns = "state = 'settling', size = ?, mtime_ns = ?, ctime_ns = ?, due = ?"
        self._update(file_id, columns, size, mtime_ns, ctime_ns, due)

    def settle_again(self, path: Path) -> bool:
        """Let the file at a path settle again, as its content is another one than is known; return whether it is known.

        Whatever its stamp is, it is read again.
        """
        cursor = self._db.conn.execute(
            "UPDATE files SET state = 'settling', size = -1, mtime_ns = -1, ctime_ns = NULL, due = 0, photo_id = NULL, "
            "attempts = 0 WHERE name = ? AND state = 'done' AND folder_id = (SELECT id FROM folders WHERE path = ?)",
            (os.fsencode(path.name), os.fsencode(path.parent)),
        )
        return cursor.rowcount > 0

    def adopt_change(self, path: Path) -> None:
        """Take the next time of change of the file at a path for its own: an operation has changed its links."""
        self._db.conn.execute(
            "UPDATE files SET ctime_ns = NULL WHERE name = ? AND folder_id = (SELECT id FROM folders WHERE path = ?)",
            (os.fsencode(path.name), os.fsencode(path.parent)),
        )

    def mark_pending(self, file_id: int) -> None:
        """Say that a file is complete and is to be handled."""
        self._update(file_id, "state = 'pending', due = NULL")

    def mark_done(self, file_id: int, photo_id: int) -> None:
        """Say that a file's photo is known and handled."""
        self._update(file_id, "state = 'done', due = NULL, attempts = 0, reason = NULL, photo_id = ?", photo_id)

    def mark_failed(self, file_id: int, *, reason: str, due: float) -> None:
        """Say that a file could not be handled for now, and when to try again."""
        self._update(file_id, "state = 'failed', attempts = attempts + 1, reason = ?, due = ?", reason, due)

    def retry(self, now: float) -> int:
        """Make failed files pending whose time has come; return how many."""
        is_due = "state = 'failed' AND due <= ?"
        if self._db.conn.execute(f"SELECT 1 FROM files WHERE {is_due} LIMIT 1", (now,)).fetchone() is None:
            return 0  # a write would cost more
        return self._db.conn.execute(f"UPDATE files SET state = 'pending', due = NULL WHERE {is_due}", (now,)).rowcount

    def place(self, path: Path, *, photo_id: int, size: int, mtime_ns: int, ctime_ns: int | None = None) -> None:
        """Record that an operation put a photo at `path`, so that it isn't taken for a new file."""
        self._db.conn.execute(
            "INSERT INTO files (folder_id, name, size, mtime_ns, ctime_ns, state, photo_id, found_at) "
            "VALUES (?, ?, ?, ?, ?, 'done', ?, ?) ON CONFLICT (folder_id, name) DO UPDATE SET size = excluded.size, "
            "mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, state = 'done', due = NULL, reason = NULL, "
            "attempts = 0, photo_id = excluded.photo_id",
            (
                self.folder(path.parent),
                os.fsencode(path.name),
                size,
                mtime_ns,
                ctime_ns,
                photo_id,
                self._now().isoformat(),
            ),
        )

    def place_pending(self, path: Path, *, root_id: int, size: int, mtime_ns: int) -> int:
        """Record that a whole file is at `path`, which is to be handled; return its id."""
        cursor = self._db.conn.execute(
            "INSERT INTO files (folder_id, name, size, mtime_ns, state, found_at) VALUES (?, ?, ?, ?, 'pending', ?) "
            "ON CONFLICT (folder_id, name) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns, "
            "ctime_ns = NULL, state = 'pending', due = NULL, reason = NULL, attempts = 0, photo_id = NULL RETURNING id",
            (
                self.folder(path.parent, root_id=root_id),
                os.fsencode(path.name),
                size,
                mtime_ns,
                self._now().isoformat(),
            ),
        )
        return int(cursor.fetchone()[0])

    def mark_gone(self, path: Path) -> bool:
        """Record that nothing is at `path` any more; return whether a file was known there."""
        cursor = self._db.conn.execute(
            "UPDATE files SET state = 'gone', due = NULL WHERE name = ? AND state != 'gone' "
            "AND folder_id = (SELECT id FROM folders WHERE path = ?)",
            (os.fsencode(path.name), os.fsencode(path.parent)),
        )
        return cursor.rowcount > 0

    def leave_out(self, path: Path) -> bool:
        """Record that the settings exclude the file at `path`; return whether that is new.

        When it is found again, it is included.
        """
        cursor = self._db.conn.execute(
            "UPDATE files SET left_out = 1 WHERE name = ? AND NOT left_out AND state != 'gone' "
            "AND folder_id = (SELECT id FROM folders WHERE path = ?)",
            (os.fsencode(path.name), os.fsencode(path.parent)),
        )
        return cursor.rowcount > 0

    def paths_of(self, photo_id: int) -> list[Path]:
        """Return the paths where a photo is, as far as is known, the earliest found first."""
        return [row.path for row in self._rows("WHERE photo_id = ? AND state = 'done' ORDER BY files.id", (photo_id,))]

    def former_path(self, photo_id: int) -> Path | None:
        """Return a path where a photo was once, the latest found, or None."""
        rows = self._rows("WHERE photo_id = ? AND state = 'gone' ORDER BY files.id DESC LIMIT 1", (photo_id,))
        return next((row.path for row in rows), None)

    def folders_below(self, root_id: int, top: Path) -> Iterator[tuple[int, Path, int | None]]:
        """Give id, path and device of each known folder of a root that is `top` or is below it."""
        key = os.fsencode(top)
        below = key.rstrip(b"/") + b"/"
        rows = self._db.conn.execute(
            "SELECT id, path, device FROM folders WHERE path >= ? AND path < ? AND (path = ? OR path >= ?) "
            "AND +root_id = ? AND EXISTS (SELECT 1 FROM files WHERE folder_id = folders.id AND state != 'gone')",
            (key, below[:-1] + _AFTER_SLASH, key, below, root_id),
        )
        for folder_id, path, device in rows.fetchall():
            yield int(folder_id), Path(os.fsdecode(path)), device

    def in_folder(self, folder_id: int, *, after: bytes = b"", limit: int = -1) -> list[Path]:
        """Return the paths of a folder's files that are not gone, in the order of names; some after a name."""
        where = "WHERE folder_id = ? AND name > ? AND state != 'gone' ORDER BY name LIMIT ?"
        return [row.path for row in self._rows(where, (folder_id, after, limit))]

    def in_root(self, root_id: int) -> list[Path]:
        """Return the paths of a root's files that are not gone."""
        return [row.path for row in self._rows("WHERE root_id = ? AND state != 'gone'", (root_id,))]

    def sample(self, root_id: int, *, limit: int) -> list[FileRow]:
        """Return some files of a root that are not gone, spread over the store."""
        where = "WHERE folders.root_id = ? AND state != 'gone' ORDER BY files.id * 2654435761 % 4294967296 LIMIT ?"
        return list(self._rows(where, (root_id, limit)))

    def count_in_root(self, root_id: int) -> int:
        """Count a root's files that are not gone."""
        query = f"SELECT count(*) {_FROM_FILES} WHERE root_id = ? AND state != 'gone'"
        return int(self._db.conn.execute(query, (root_id,)).fetchone()[0])

    def counts(self) -> dict[str, int]:
        """Count the files in each state."""
        rows = self._db.conn.execute("SELECT state, count(*) FROM files GROUP BY state")
        return {str(state): int(count) for state, count in rows}

    def waiting(self, roots: Sequence[int] | None = None) -> dict[str, int]:
        """Count the files that are settling and pending, in these roots; quick, however many files are known."""
        found = {}
        for state in ("settling", "pending"):  # literals, so that the partial index serves
            where = f"FROM files WHERE state = '{state}'"
            if roots is not None:
                where = f"{_WAITING.format(f'files_{state}')} WHERE state = '{state}' {_IN_ROOTS}"
            values = () if roots is None else (json.dumps(roots),)
            found[state] = int(self._db.conn.execute(f"SELECT count(*) {where}", values).fetchone()[0])
        return found

    def count_failures(self) -> int:
        """Count the files that wait for another try."""
        return int(self._db.conn.execute("SELECT count(*) FROM files WHERE state = 'failed'").fetchone()[0])

    def failures(self) -> list[tuple[Path, str]]:
        """Return path and reason of each file that waits for another try."""
        waiting = _WAITING.format("files_failed")
        query = f"SELECT folders.path, name, reason {waiting} WHERE state = 'failed' ORDER BY files.id"
        return [(_path(folder, name), str(reason)) for folder, name, reason in self._db.conn.execute(query)]

    def restart_clock(self, *, settling_due: float, failed_due: float) -> None:
        """Give all waiting files a time on the clock of this run; the last run's has no meaning here."""
        with writing(self._db):
            self._db.conn.execute("UPDATE files SET due = ? WHERE state = 'settling'", (settling_due,))
            self._db.conn.execute("UPDATE files SET due = ? WHERE state = 'failed'", (failed_due,))

    def _known(self, folder_id: int, after: bytes, upto: bytes | None) -> Iterator[tuple[bytes, int, int, int | None]]:
        bound, values = ("AND name <= ?", (upto,)) if upto is not None else ("", ())
        return self._db.conn.execute(
            "SELECT name, CASE WHEN left_out THEN -1 ELSE size END, mtime_ns, ctime_ns FROM files "
            f"WHERE folder_id = ? AND name > ? {bound} "
            "AND state != 'gone' ORDER BY name",
            (folder_id, after, *values),
        )

    def _find(
        self, folder_id: int, found: Iterable[tuple[bytes, int, int, int | None, float]], *, backlog_until: int = 0
    ) -> None:
        """Record files: name, size, mtime_ns, ctime_ns, and when they will have settled."""
        found_at = self._now().isoformat()
        rows = ((folder_id, *entry, found_at, (entry[3] or 0) < backlog_until) for entry in found)
        self._db.conn.executemany(_FIND, rows)

    def _update(self, file_id: int, assignments: str, *values: Any) -> None:
        self._db.conn.execute(f"UPDATE files SET {assignments} WHERE id = ?", (*values, file_id))

    def _rows(
        self, where: str, values: tuple[Any, ...], *, source: str = _FROM_FILES, known: Container[int] = ()
    ) -> Iterator[FileRow]:
        for row in self._db.conn.execute(f"SELECT {_FILE_COLUMNS} {source} {where}", values):
            file_id, folder, name, size, mtime_ns, ctime_ns, state, due, photo_id, attempts, left_out, in_backlog = row
            if file_id in known:
                continue
            yield FileRow(
                id=file_id,
                path=_path(folder, name),
                size=size,
                mtime_ns=mtime_ns,
                ctime_ns=ctime_ns,
                state=state,
                due=due,
                photo_id=photo_id,
                attempts=attempts,
                left_out=bool(left_out),
                in_backlog=bool(in_backlog),
            )


def _path(folder: bytes, name: bytes) -> Path:
    return Path(os.fsdecode(folder), os.fsdecode(name))
