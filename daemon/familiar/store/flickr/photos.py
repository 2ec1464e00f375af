"""The photos of the accounts on Flickr, and how far each has come.

A photo is *listed*, *fetched* (its file is in the cache, and is handled as any other file), and *done*; or *left* (a
video, or a photo of an album, that is not wanted), *refused* (it can't be fetched; `reason` says why, and it is tried
again when it changes on Flickr), or *gone* (deleted there; what is known of it stays).
"""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from familiar.filesystem.stamps import modified_ns
from familiar.model import FLICKR, FlickrFacts
from familiar.store.clock import due_at, is_due
from familiar.store.database import Database, writing
from familiar.store.files import Files
from familiar.store.flickr.albums import albums_of
from familiar.store.flickr.listing import CHANGED, FETCHED_AGAIN
from familiar.store.flickr.tags import FlickrTags

_COLUMNS = "id, secret, media, updated, uploaded, taken, url, width, height, state, attempts, reason, photo_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlickrPhoto:
    """One photo on Flickr."""

    id: str
    secret: str
    media: str
    updated: int
    uploaded: datetime | None
    taken: datetime | None
    url: str | None
    width: int
    height: int
    state: str
    attempts: int
    reason: str | None
    photo_id: int | None


class FlickrPhotos:
    """The photos of an account, in the table of photos on Flickr."""

    def __init__(
        self, db: Database, *, files: Files, tags: FlickrTags, now: Callable[[], datetime], account: str = FLICKR
    ) -> None:
        """Take the open store, its tables of files and of tags, a clock that gives UTC, and the account's name."""
        self._db = db
        self._files = files
        self._tags = tags
        self._now = now
        self._account = account

    # Fetching

    def waiting(self, *, newest: bool, limit: int) -> list[FlickrPhoto]:
        """Return photos that are to be fetched now, in order."""
        order = "DESC" if newest else "ASC"
        return self._rows(
            f"WHERE account = ? AND state = 'listed' AND {is_due()} ORDER BY uploaded {order}, id {order} LIMIT ?",
            self._account,
            *due_at(self._now()),
            limit,
        )

    def fetched(self, photo: FlickrPhoto, path: Path, *, root_id: int) -> None:
        """Record that a photo's file is in the cache, and is to be handled."""
        found = path.stat()
        with writing(self._db):
            file_id = self._files.place_pending(path, root_id=root_id, size=found.st_size, mtime_ns=modified_ns(found))
            self._db.conn.execute(
                "UPDATE flickr_photos SET state = 'fetched', file_id = ?, reason = NULL, retry_at = NULL "
                "WHERE id = ? AND secret = ?",
                (file_id, photo.id, photo.secret),
            )

    def put_off(self, photo: FlickrPhoto, *, reason: str, seconds: float) -> None:
        """Record that a photo can't be fetched for now, and when to try again."""
        self._db.conn.execute(
            "UPDATE flickr_photos SET attempts = attempts + 1, reason = ?, retry_at = ? WHERE id = ? AND secret = ?",
            (reason, (self._now() + timedelta(seconds=seconds)).isoformat(), photo.id, photo.secret),
        )

    def set_url(self, photo: FlickrPhoto, url: str | None) -> None:
        """Record the address of a photo's file; None: it is to be requested."""
        self._db.conn.execute(
            "UPDATE flickr_photos SET url = ? WHERE id = ? AND secret = ?", (url, photo.id, photo.secret)
        )

    def renew_secret(self, photo: FlickrPhoto, secret: str) -> None:
        """Record that a photo was replaced since it was listed; the address of its file is to be requested."""
        self._db.conn.execute(
            "UPDATE flickr_photos SET secret = ?, url = NULL, attempts = 0, retry_at = NULL, file_id = NULL "
            "WHERE id = ?",
            (secret, photo.id),
        )

    def refuse(self, photo: FlickrPhoto, reason: str) -> None:
        """Record that a photo can't be fetched until it changes, and why; one that was done stays so."""
        self._db.conn.execute(
            "UPDATE flickr_photos SET state = CASE WHEN news = ?1 THEN 'done' ELSE 'refused' END, "
            "news = CASE WHEN news = ?1 THEN NULL ELSE news END, reason = ?2 WHERE id = ?3 AND secret = ?4",
            (FETCHED_AGAIN, reason, photo.id, photo.secret),
        )

    def retry_refused(self) -> None:
        """Retry photos that could not be fetched."""
        self._db.conn.execute(
            "UPDATE flickr_photos SET state = 'listed', attempts = 0, retry_at = NULL "
            "WHERE state = 'refused' AND account = ?",
            (self._account,),
        )

    def mark_gone(self, id_: str) -> None:
        """Record that a photo is no longer on Flickr."""
        self._db.conn.execute("UPDATE flickr_photos SET state = 'gone' WHERE id = ?", (id_,))

    def under_way(self) -> int:
        """Count the photos whose files wait to be handled."""
        query = "SELECT count(*) FROM flickr_photos WHERE account = ? AND state = 'fetched'"
        return int(self._db.conn.execute(query, (self._account,)).fetchone()[0])

    def settle(self) -> list[FlickrPhoto]:
        """Take in the result of fetched files; return the photos with which all is done now."""
        rows = self._db.conn.execute(
            "SELECT flickr_photos.id, files.state, files.photo_id, verdict, photos.reason FROM flickr_photos "
            "INDEXED BY flickr_photos_fetched JOIN files ON files.id = file_id "
            "LEFT JOIN photos ON photos.id = files.photo_id "
            "WHERE flickr_photos.state = 'fetched' AND files.state IN ('done', 'gone') AND account = ?",
            (self._account,),
        ).fetchall()
        if not rows:
            return []
        ended = []
        with writing(self._db):
            for id_, file_state, photo_id, verdict, reason in rows:
                state = "listed" if photo_id is None else "refused" if verdict == "set aside" else "done"
                assert file_state != "done" or photo_id is not None
                self._db.conn.execute(
                    "UPDATE flickr_photos SET state = ?, photo_id = ?, reason = ?, decided = NULL WHERE id = ?",
                    (state, photo_id, reason, id_),
                )
                ended += [id_] if state != "listed" else []
            self._note_repeats([row[0] for row in rows])
        return [photo for id_ in ended for photo in self._rows("WHERE id = ?", id_)]

    def _note_repeats(self, ids: Sequence[str]) -> None:
        """Let rules decide on each upload of a content that was just fetched once more.

        A content is handled once, by what Flickr says of one of its uploads.
        """
        self._db.conn.execute(
            "UPDATE flickr_photos SET news = ?1 WHERE state = 'done' AND news IS NULL AND photo_id IN ("
            "SELECT photo_id FROM flickr_photos AS new WHERE id IN (SELECT value FROM json_each(?2)) AND news IS NULL "
            "AND EXISTS (SELECT 1 FROM flickr_photos WHERE photo_id = new.photo_id AND id != new.id))",
            (CHANGED, json.dumps(list(ids))),
        )

    # Deciding again

    def note_news(self, ids: Iterable[str]) -> None:
        """Record that Flickr says something else of photos, so that rules have to decide again."""
        self._db.conn.execute(
            "UPDATE flickr_photos SET decided = NULL, news = CASE WHEN state IN ('done', 'fetched') "
            "THEN COALESCE(news, ?) ELSE news END WHERE id IN (SELECT value FROM json_each(?))",
            (CHANGED, json.dumps(list(ids))),
        )

    def to_decide_again(self, *, limit: int) -> list[FlickrPhoto]:
        """Return photos of which Flickr says something else than before, and whose files are not being fetched."""
        ids = self._db.conn.execute(
            "SELECT id FROM flickr_photos INDEXED BY flickr_photos_news "
            "WHERE news IS NOT NULL AND state = 'done' AND account = ? LIMIT ?",
            (self._account, limit),
        ).fetchall()
        return [photo for (id_,) in ids for photo in self._rows("WHERE id = ?", id_)]

    def fetch_again(self, photo: FlickrPhoto) -> None:
        """Record that the file of a photo is needed once more."""
        self._db.conn.execute(
            "UPDATE flickr_photos SET news = ?, state = 'listed', attempts = 0, retry_at = NULL WHERE id = ?",
            (FETCHED_AGAIN, photo.id),
        )

    def mark_decided_again(self, photo: FlickrPhoto) -> None:
        """Record that the rules have decided on what Flickr says now."""
        self._db.conn.execute("UPDATE flickr_photos SET news = NULL WHERE id = ?", (photo.id,))

    # Deciding on tags

    def undecided(self, basis: str, *, limit: int) -> list[FlickrPhoto]:
        """Return photos whose tags were not decided yet on what holds now."""
        where = "WHERE account = ? AND state = 'done' AND decided IS NOT ? LIMIT ?"
        return self._rows(where, self._account, basis, limit)

    def mark_decided(self, photo: FlickrPhoto, basis: str) -> None:
        """Record the state that the tags of a photo were decided on."""
        self._db.conn.execute("UPDATE flickr_photos SET decided = ? WHERE id = ?", (basis, photo.id))

    def done(self, *, after: str, limit: int) -> list[FlickrPhoto]:
        """Return photos that are done, in the order of their ids."""
        where = "WHERE account = ? AND state = 'done' AND id > ? ORDER BY id LIMIT ?"
        return self._rows(where, self._account, after, limit)

    def path_of(self, photo: FlickrPhoto) -> tuple[Path, int] | None:
        """Return the present or former path of a photo's file in the cache, and its time in ns."""
        row = self._db.conn.execute(
            "SELECT folders.path, files.name, mtime_ns FROM flickr_photos JOIN files ON files.id = file_id "
            "JOIN folders ON folders.id = folder_id WHERE flickr_photos.id = ?",
            (photo.id,),
        ).fetchone()
        return None if row is None else (Path(os.fsdecode(row[0]), os.fsdecode(row[1])), int(row[2]))

    def listed_tags(self, id_: str) -> frozenset[str]:
        """Return the tags that Flickr lists for a photo, in their cleaned form, those of familiar too."""
        row = self._db.conn.execute("SELECT tags FROM flickr_photos WHERE id = ?", (id_,)).fetchone()
        return frozenset(row[0].split())

    def facts_at(self, path: Path) -> FlickrFacts | None:
        """Return what Flickr says of the photo whose file is or was at a path; tags of familiar are left out."""
        row = self._db.conn.execute(
            "SELECT flickr_photos.id, media, title, taken, uploaded, visibility, tags FROM flickr_photos "
            "JOIN files ON files.id = file_id "
            "JOIN folders ON folders.id = folder_id WHERE folders.path = ? AND files.name = ?",
            (os.fsencode(path.parent), os.fsencode(path.name)),
        ).fetchone()
        if row is None:
            return None
        id_, media, title, taken, uploaded, visibility, tags = row
        return FlickrFacts(
            id=id_,
            media=media,
            title=title or "",
            taken=None if taken is None else datetime.fromisoformat(taken),
            uploaded=_local_time(uploaded),
            visibility=frozenset(visibility.split()),
            tags=frozenset(tags.split()) - self._tags.added_to(id_),
            albums=tuple(albums_of(self._db, [id_]).get(id_, ())),
        )

    # How far they have come

    def counts(self) -> dict[str, int]:
        """Count the photos in each state."""
        counts = dict.fromkeys(("listed", "fetched", "done", "left", "refused", "gone"), 0)
        rows = self._db.conn.execute(
            "SELECT state, count(*) FROM flickr_photos WHERE account = ? GROUP BY state", (self._account,)
        )
        return counts | {str(state): int(count) for state, count in rows}

    def troubled(self) -> list[FlickrPhoto]:
        """Return the photos that can't be fetched, for now or until they change."""
        return self._rows(
            "WHERE account = ? AND reason IS NOT NULL AND state IN ('listed', 'refused') ORDER BY id", self._account
        )

    def next_try(self) -> datetime | None:
        """Return when the next photo is to be tried again that can't be fetched for now."""
        row = self._db.conn.execute(
            "SELECT min(retry_at) FROM flickr_photos WHERE state = 'listed' AND account = ?", (self._account,)
        ).fetchone()
        return None if row[0] is None else datetime.fromisoformat(row[0])

    def _rows(self, where: str, *values: Any) -> list[FlickrPhoto]:
        rows: Sequence[Any] = self._db.conn.execute(f"SELECT {_COLUMNS} FROM flickr_photos {where}", values).fetchall()
        return [
            FlickrPhoto(
                id=row[0],
                secret=row[1],
                media=row[2],
                updated=row[3],
                uploaded=_local_time(row[4]),
                taken=None if row[5] is None else datetime.fromisoformat(row[5]),
                url=row[6],
                width=row[7],
                height=row[8],
                state=row[9],
                attempts=row[10],
                reason=row[11],
                photo_id=row[12],
            )
            for row in rows
        ]


def _local_time(seconds: int) -> datetime | None:
    """Return a time in seconds since 1970 as local time without a zone; 0 is one that is not known."""
    return datetime.fromtimestamp(seconds) if seconds else None  # noqa: DTZ006 - as the dates of cameras
