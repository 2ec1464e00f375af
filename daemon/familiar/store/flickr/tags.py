"""Tags on their way to Flickr: recorded first, sent once, and taken off again if they are no longer wanted.

Each row is one tag of one photo on Flickr, by its cleaned form: whether it is `wanted`, whether it is `present` there
as far as is known, and whether it is `ours`: added by familiar, so that familiar may take it off. `sending` is set
while a call is in progress; after a crash only a look at the photo tells its result.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from familiar.model import FLICKR, Refusal, Tag
from familiar.store.clock import due_at, is_due
from familiar.store.database import Database, writing
from familiar.tags import clean_tag

_COLUMNS = "id, flickr_id, text, clean, rule, wanted, present, ours, sending, vetoed, refused, attempts"
_OPEN = "refused IS NULL AND (sending OR wanted != present)"
_ONLY_REFUSED = "NOT (wanted OR present OR ours OR sending OR vetoed)"
"""Tags that can't be one, and are never sent."""
_OF_ACCOUNT = "flickr_id IN (SELECT id FROM flickr_photos WHERE account = ? AND state != 'gone')"
"""Tags of deleted photos are neither sent nor taken off."""
_UPLOAD = (
    "SELECT flickr_photos.id FROM folders JOIN files ON folder_id = folders.id "
    "JOIN flickr_photos ON file_id = files.id WHERE folders.path = ?1 AND files.name = ?2"
)
"""The upload whose file is, or was, at a path."""
_FORMER_UPLOAD = "SELECT id FROM flickr_photos WHERE photo_id = ?1 AND file_id IS NULL AND instr(?2, id || '_') = 1"
"""The upload that was replaced since its file had a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRow:
    """One tag of one photo on Flickr; `refused` says why it will not be sent, `vetoed` that a person took it back."""

    id: int
    flickr_id: str
    text: str
    clean: str
    rule: str
    wanted: bool
    present: bool
    ours: bool
    sending: bool
    vetoed: bool
    refused: str | None
    attempts: int


class FlickrTags:
    """The tags of an account, in the table of tags."""

    def __init__(self, db: Database, *, now: Callable[[], datetime], account: str = FLICKR) -> None:
        """Take the open store, a clock that gives UTC, and the account's name."""
        self._db = db
        self._now = now
        self._account = account

    def want(self, photo_id: int, tag: Tag, path: Path) -> None:
        """Record that a photo is to have a tag: the upload whose file is at a path, not others of the same content."""
        for flickr_id in self._uploads(photo_id, path):
            self.want_on(flickr_id, tag)

    def want_on(self, flickr_id: str, tag: Tag) -> None:
        """Record that one photo on Flickr is to have a tag; what was refused or undone is tried again."""
        self._db.conn.execute(
            "INSERT INTO flickr_tags (flickr_id, text, clean, rule, wanted, at) VALUES (?, ?, ?, ?, 1, ?) "
            "ON CONFLICT (flickr_id, clean) DO UPDATE SET wanted = 1, vetoed = 0, refused = NULL, retry_at = NULL, "
            "attempts = 0, rule = excluded.rule, text = CASE WHEN present THEN text ELSE excluded.text END",
            (flickr_id, tag.text, clean_tag(tag.text), tag.rule, self._now().isoformat()),
        )

    def adopt(self, flickr_id: str, tag: Tag) -> bool:
        """Record that a tag on a photo is ours; return False if it was already, or if a person took it back."""
        cursor = self._db.conn.execute(
            "INSERT INTO flickr_tags (flickr_id, text, clean, rule, wanted, present, ours, at) "
            "VALUES (?, ?, ?, ?, 1, 1, 1, ?) ON CONFLICT (flickr_id, clean) DO UPDATE SET wanted = 1, present = 1, "
            "ours = 1, refused = NULL, retry_at = NULL, attempts = 0, rule = excluded.rule, text = excluded.text "
            "WHERE NOT (ours OR sending OR vetoed)",
            (flickr_id, tag.text, clean_tag(tag.text), tag.rule, self._now().isoformat()),
        )
        return cursor.rowcount > 0

    def refuse_on(self, flickr_id: str, refusals: Sequence[Refusal]) -> list[Refusal]:
        """Record which texts of rules can't be tags of a photo, replacing the previous ones; return the new ones."""
        before = {row.clean for row in self._rows(f"WHERE flickr_id = ? AND {_ONLY_REFUSED}", flickr_id)}
        found = {clean_tag(text := _storable(refusal.text)): (text, refusal) for refusal in refusals}
        with writing(self._db):
            self._db.conn.executemany(
                f"DELETE FROM flickr_tags WHERE flickr_id = ? AND clean = ? AND {_ONLY_REFUSED}",
                [(flickr_id, clean) for clean in before - found.keys()],
            )
            self._db.conn.executemany(
                "INSERT INTO flickr_tags (flickr_id, text, clean, rule, wanted, refused, at) "
                "VALUES (?, ?, ?, ?, 0, ?, ?) ON CONFLICT (flickr_id, clean) DO UPDATE SET "
                f"rule = excluded.rule, refused = excluded.refused WHERE {_ONLY_REFUSED}",
                [
                    (flickr_id, text, clean, refusal.rule, refusal.reason, self._now().isoformat())
                    for clean, (text, refusal) in found.items()
                ],
            )
        return [refusal for clean, (_, refusal) in found.items() if clean not in before]

    def veto(self, photo_id: int, text: str, path: Path) -> None:
        """Record that a person undid a tag: rules do not add it again; `path` as for `want`."""
        for flickr_id in self._uploads(photo_id, path):
            self._db.conn.execute(
                "UPDATE flickr_tags SET wanted = 0, vetoed = 1, refused = NULL, retry_at = NULL, attempts = 0 "
                "WHERE flickr_id = ? AND clean = ?",
                (flickr_id, clean_tag(text)),
            )

    def unwant(self, tag: TagRow) -> None:
        """Record that a photo must no longer have a tag; a tag that is not ours is forgotten."""
        self._db.conn.execute(
            "DELETE FROM flickr_tags WHERE id = ? AND NOT ours AND NOT sending AND NOT vetoed", (tag.id,)
        )
        self._db.conn.execute(
            "UPDATE flickr_tags SET wanted = 0, refused = NULL, retry_at = NULL, attempts = 0 WHERE id = ?", (tag.id,)
        )

    def of(self, flickr_id: str) -> list[TagRow]:
        """Return all tags of a photo on Flickr that familiar knows of, in the order in which they were added."""
        return self._rows("WHERE flickr_id = ? ORDER BY id", flickr_id)

    def added_to(self, flickr_id: str) -> frozenset[str]:
        """Return the tags of a photo that familiar has added, or may have added, in their cleaned form."""
        rows = self._db.conn.execute(
            "SELECT clean FROM flickr_tags WHERE flickr_id = ? AND (ours OR sending)", (flickr_id,)
        )
        return frozenset(str(row[0]) for row in rows)

    def open(self, *, limit: int) -> list[str]:
        """Return photos with tags to be sent or taken off now: first those that failed least, and wait longest."""
        rows = self._db.conn.execute(
            f"SELECT flickr_id FROM flickr_tags WHERE {_OPEN} AND {is_due()} AND {_OF_ACCOUNT} "
            "GROUP BY flickr_id ORDER BY max(attempts), min(id) LIMIT ?",
            (*due_at(self._now()), self._account, limit),
        )
        return [str(row[0]) for row in rows]

    def open_tags(self) -> list[TagRow]:
        """Return all tags that are to be sent or taken off."""
        return self._rows(f"WHERE {_OPEN} AND {_OF_ACCOUNT} ORDER BY id", self._account)

    def refusals(self) -> list[TagRow]:
        """Return the tags that Flickr will not have."""
        return self._rows(f"WHERE refused IS NOT NULL AND {_OF_ACCOUNT} ORDER BY id", self._account)

    def begin(self, tag: TagRow) -> bool:
        """Record that a call for this tag is about to be made; return False if it is no longer wanted."""
        cursor = self._db.conn.execute(
            "UPDATE flickr_tags SET sending = 1 WHERE id = ? AND wanted = ?", (tag.id, tag.wanted)
        )
        return cursor.rowcount > 0

    def take_back(self, tag: TagRow) -> None:
        """Record that the call for this tag was not made, or did nothing."""
        self._db.conn.execute("UPDATE flickr_tags SET sending = 0 WHERE id = ?", (tag.id,))

    def settle(self, tag: TagRow, *, present: bool, ours: bool) -> None:
        """Record whether a tag is on its photo now, and whether familiar put it there.

        A tag that is neither there nor wanted is forgotten, unless a person took it back. One that is not wanted, and
        not ours, stays where it is, and is forgotten.
        """
        with writing(self._db):
            self._db.conn.execute(
                "UPDATE flickr_tags SET sending = 0, present = ?, ours = ?, retry_at = NULL, attempts = 0 WHERE id = ?",
                (present, ours, tag.id),
            )
            self._db.conn.execute(
                "UPDATE flickr_tags SET present = 0, ours = 0 WHERE id = ? AND NOT wanted AND NOT ours", (tag.id,)
            )
            self._db.conn.execute(
                "DELETE FROM flickr_tags WHERE id = ? AND NOT wanted AND NOT present AND NOT vetoed", (tag.id,)
            )

    def put_off(self, tag: TagRow, *, reason: str, seconds: float, unknown: bool) -> None:
        """Record that a call failed for now, and why; `unknown` says that it may have been carried out anyway."""
        retry_at = (self._now() + timedelta(seconds=seconds)).isoformat()
        self._db.conn.execute(
            "UPDATE flickr_tags SET sending = ?, attempts = attempts + 1, retry_at = ?, failure = ? WHERE id = ?",
            (unknown, retry_at, reason, tag.id),
        )

    def refuse(self, tag: TagRow, reason: str) -> None:
        """Record that Flickr refused a tag, and why."""
        self._db.conn.execute("UPDATE flickr_tags SET sending = 0, refused = ? WHERE id = ?", (reason, tag.id))

    def retry_put_off(self) -> None:
        """Let tags be tried at once whose calls failed for now."""
        self._db.conn.execute(
            f"UPDATE flickr_tags SET retry_at = NULL WHERE {_OPEN} AND {_OF_ACCOUNT}", (self._account,)
        )

    def retry_refused(self) -> None:
        """Let tags be tried again that Flickr would not have."""
        self._db.conn.execute(
            "UPDATE flickr_tags SET refused = NULL, attempts = 0, retry_at = NULL "
            f"WHERE refused IS NOT NULL AND {_OF_ACCOUNT}",
            (self._account,),
        )

    def retry_refused_on(self, flickr_id: str) -> None:
        """Let tags of a photo that has changed be tried again that Flickr would not have."""
        self._db.conn.execute(
            "UPDATE flickr_tags SET refused = NULL, attempts = 0, retry_at = NULL "
            f"WHERE flickr_id = ? AND refused IS NOT NULL AND NOT {_ONLY_REFUSED}",
            (flickr_id,),
        )

    def counts(self) -> dict[str, int]:
        """Count the tags that wait to be sent or taken off, that familiar has put on photos, and that are refused."""
        row = self._db.conn.execute(
            f"SELECT total(wanted AND {_OPEN}), total(NOT wanted AND {_OPEN}), total(present AND ours), "
            f"total(refused IS NOT NULL) FROM flickr_tags WHERE {_OF_ACCOUNT}",
            (self._account,),
        ).fetchone()
        return dict(zip(("to_add", "to_remove", "added", "refused"), map(int, row), strict=True))

    def failures(self) -> dict[str, int]:
        """Return why tags that wait could not be sent the last time, each with the number of tags, most first."""
        rows = self._db.conn.execute(
            f"SELECT COALESCE(failure, ''), count(*) FROM flickr_tags WHERE {_OPEN} AND attempts > 0 AND {_OF_ACCOUNT} "
            "GROUP BY 1 ORDER BY 2 DESC, 1",
            (self._account,),
        )
        return {str(reason): int(count) for reason, count in rows}

    def _uploads(self, photo_id: int, path: Path) -> list[str]:
        """Return the upload whose file is or was at a path, if it is known."""
        conn, folder, name = self._db.conn, os.fsencode(path.parent), os.fsencode(path.name)
        rows = conn.execute(_UPLOAD, (folder, name)).fetchall()
        rows = rows or conn.execute(_FORMER_UPLOAD, (photo_id, path.name)).fetchall()
        return [str(row[0]) for row in rows]

    def _rows(self, where: str, *values: Any) -> list[TagRow]:
        rows: Sequence[Any] = self._db.conn.execute(f"SELECT {_COLUMNS} FROM flickr_tags {where}", values).fetchall()
        return [
            TagRow(
                id=row[0],
                flickr_id=row[1],
                text=row[2],
                clean=row[3],
                rule=row[4],
                wanted=bool(row[5]),
                present=bool(row[6]),
                ours=bool(row[7]),
                sending=bool(row[8]),
                vetoed=bool(row[9]),
                refused=row[10],
                attempts=row[11],
            )
            for row in rows
        ]


def _storable(text: str) -> str:
    """Return a text without halves of characters, which a store can't keep."""
    return text.encode("utf-8", "replace").decode("utf-8")
