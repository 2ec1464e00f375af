"""The photos of the accounts on Flickr, and how far each has come.

A photo is *listed*, *fetched* (its file is in the cache, and is handled as any other file), and *done*; or *left* (a
video that is not wanted), *refused* (it can't be fetched; `reason` says why, and it is tried again when it changes on
Flickr), or *gone* (deleted there; what is known of it stays).
"""

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from familiar.filesystem.stamps import modified_ns
from familiar.model import FLICKR, FlickrFacts, Visibility
from familiar.photo_details import PhotoDetails
from familiar.store.clock import due_at, is_due
from familiar.store.database import Database, writing
from familiar.store.files import Files
from familiar.store.flickr.albums import albums_of
from familiar.store.flickr.tags import FlickrTags

Fact: TypeAlias = Literal["account", "trouble", "walk", "since", "listed at", "polled at", "walks", "look", "albums"]

_COLUMNS = "id, secret, media, updated, uploaded, taken, url, width, height, state, attempts, reason, photo_id"
_CHANGED, _FETCHED_AGAIN = "changed", "fetched again"
"""Flickr says something else of a photo than when rules decided; its file is fetched for what they ask for now."""
_SAID = (
    "title", "taken", "granularity", "visibility", "tags", "description", "latitude", "longitude", "license",
)  # fmt: skip
"""What rules and sidecars can have."""
_HELD = (
    "SELECT files.id, folders.path, files.name, files.size, files.photo_id FROM files "
    "JOIN folders ON folders.id = folder_id WHERE root_id = ? AND state = 'done' AND NOT EXISTS ("
    "SELECT 1 FROM operations JOIN plans ON plans.id = plan_id WHERE plans.photo_id = files.photo_id "
    "AND operations.state IN ('planned', 'doing', 'failed', 'undo', 'undoing')) AND NOT EXISTS ("
    "SELECT 1 FROM flickr_photos WHERE file_id = files.id AND news IS NOT NULL) ORDER BY files.id"
)


class ListedPhoto(Protocol):
    """What a listing says of a photo."""

    @property
    def id(self) -> str:
        """Its id on Flickr."""

    @property
    def secret(self) -> str:
        """What changes when it is replaced."""

    @property
    def media(self) -> str:
        """`photo` or `video`."""

    @property
    def updated(self) -> int:
        """When it was changed last, in seconds since 1970."""

    @property
    def uploaded(self) -> int:
        """When it was uploaded, in seconds since 1970."""

    @property
    def details(self) -> PhotoDetails:
        """What its owner says of it."""

    @property
    def visibility(self) -> Collection[Visibility]:
        """Who can see it; nobody is named if that is not known."""

    @property
    def tags(self) -> Collection[str]:
        """Its tags, in their cleaned form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOn:
    """Where a photo's file is on Flickr, and how large its picture is (0 if that is not known)."""

    url: str
    width: int
    height: int


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingChanges:
    """What a page of a listing has brought: photos that this walk had not met, that are new, that have changed."""

    fresh: int = 0
    new: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedFile:
    """A file in the cache with which all is done."""

    id: int
    path: Path
    size: int


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

    def accounts(self) -> list[str]:
        """Return the names of the accounts that are known, in order."""
        rows = self._db.conn.execute("SELECT name FROM facts WHERE name LIKE 'flickr% account'")
        names = [str(row[0]).removeprefix("flickr").removesuffix(" account") for row in rows]
        return sorted(name.removeprefix(":") or FLICKR for name in names)

    # Listing

    def note(self, photos: Iterable[tuple[ListedPhoto, FileOn | None]], *, walk: int, videos: bool) -> ListingChanges:
        """Record photos of a listing, each with its file if that is known."""
        noted = ListingChanges()
        with writing(self._db):
            for photo, file in photos:
                noted = self._note(photo, file, walk, noted, wanted=videos or photo.media != "video")
        return noted

    def _note(
        self, photo: ListedPhoto, file: FileOn | None, walk: int, noted: ListingChanges, *, wanted: bool
    ) -> ListingChanges:
        row = self._db.conn.execute(
            f"SELECT secret, updated, state, walk, photo_id, {', '.join(_SAID)} FROM flickr_photos WHERE id = ?",
            (photo.id,),
        ).fetchone()
        values = _values(photo, file) | {"id": photo.id, "secret": photo.secret, "walk": walk, "account": self._account}
        first = "listed" if wanted else "left"
        if row is None:
            columns = values | {"state": first}
            holders = ", ".join(f":{name}" for name in columns)
            self._db.conn.execute(f"INSERT INTO flickr_photos ({', '.join(columns)}) VALUES ({holders})", columns)
            return ListingChanges(fresh=noted.fresh + 1, new=noted.new + 1, changed=noted.changed)
        secret, updated, state, met, photo_id, *ruled = row
        changed = (secret, updated) != (photo.secret, photo.updated)
        if secret != photo.secret or (state == "refused" and changed) or (state == "left" and wanted):
            state = first
        elif state == "gone":
            state = "done" if photo_id is not None else first
        self._db.conn.execute(
            f"UPDATE flickr_photos SET {', '.join(f'{name} = :{name}' for name in values)}, state = :state, "
            "attempts = CASE WHEN :state = 'listed' AND :changed THEN 0 ELSE attempts END, "
            "retry_at = CASE WHEN :state = 'listed' AND :changed THEN NULL ELSE retry_at END, "
            "file_id = CASE WHEN secret = :secret THEN file_id END, "
            "decided = CASE WHEN :news THEN NULL ELSE decided END, "
            "news = CASE WHEN :news AND :state IN ('done', 'fetched') THEN COALESCE(news, :mark) ELSE news END "
            "WHERE id = :id",
            values
            | {
                "state": state,
                "changed": changed,
                "news": self._has_news(values, dict(zip(_SAID, ruled, strict=True))),
                "mark": _CHANGED,
            },
        )
        if changed:
            self._tags.retry_refused_on(photo.id)
        return ListingChanges(fresh=noted.fresh + (met != walk), new=noted.new, changed=noted.changed + changed)

    def _has_news(self, values: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
        """Return whether Flickr says something else of a photo now that rules ask for; our own tags are no news."""
        if before["title"] is None:
            return False
        if any(values[name] != before[name] for name in _SAID if name != "tags"):
            return True
        tags = set(values["tags"].split()) ^ set(before["tags"].split())
        return bool(tags and tags - self._tags.added_to(values["id"]))

    def met(self, walk: int) -> int:
        """Count the photos that a walk has met."""
        return self._count("walk = ?", walk)

    def meet(self, ids: Iterable[str], *, walk: int) -> None:
        """Record photos that a walk listed with only their ids."""
        self._db.conn.executemany("UPDATE flickr_photos SET walk = ? WHERE id = ?", [(walk, id_) for id_ in ids])

    def forget_unmet(self, walk: int) -> int:
        """Say of all photos that a whole walk has not met that they are gone; return how many."""
        with writing(self._db):
            cursor = self._db.conn.execute(
                "UPDATE flickr_photos SET state = 'gone', retry_at = NULL "
                "WHERE walk < ? AND state != 'gone' AND account = ?",
                (walk, self._account),
            )
        return cursor.rowcount

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
        """Record that a photo can't be fetched until it changes, and why."""
        self._db.conn.execute(
            "UPDATE flickr_photos SET state = 'refused', reason = ? WHERE id = ? AND secret = ?",
            (reason, photo.id, photo.secret),
        )

    def retry_refused(self) -> None:
        """Retry photos that could not be fetched."""
        self._db.conn.execute(
            "UPDATE flickr_photos SET state = 'listed', attempts = 0, retry_at = NULL "
            "WHERE state = 'refused' AND account = ?",
            (self._account,),
        )

    def mark_gone(self, photo: FlickrPhoto) -> None:
        """Record that a photo is no longer on Flickr."""
        self._db.conn.execute("UPDATE flickr_photos SET state = 'gone' WHERE id = ?", (photo.id,))

    def under_way(self) -> int:
        """Count the photos whose files wait to be handled."""
        return self._count("state = 'fetched'")

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
        return [photo for id_ in ended for photo in self._rows("WHERE id = ?", id_)]

    # Deciding again

    def note_news(self, ids: Iterable[str]) -> None:
        """Record that Flickr says something else of photos, so that rules have to decide again."""
        self._db.conn.execute(
            "UPDATE flickr_photos SET decided = NULL, news = CASE WHEN state IN ('done', 'fetched') "
            "THEN COALESCE(news, ?) ELSE news END WHERE id IN (SELECT value FROM json_each(?))",
            (_CHANGED, json.dumps(list(ids))),
        )

    def to_decide_again(self, *, limit: int) -> list[tuple[FlickrPhoto, bool]]:
        """Return photos of which Flickr says something else than before, each with whether it was fetched for that."""
        ids = self._db.conn.execute(
            "SELECT id, news FROM flickr_photos INDEXED BY flickr_photos_news "
            "WHERE news IS NOT NULL AND state = 'done' AND account = ? LIMIT ?",
            (self._account, limit),
        ).fetchall()
        return [(photo, news == _FETCHED_AGAIN) for id_, news in ids for photo in self._rows("WHERE id = ?", id_)]

    def fetch_again(self, photo: FlickrPhoto) -> None:
        """Record that the file of a photo is needed once more."""
        self._db.conn.execute(
            "UPDATE flickr_photos SET news = ?, state = 'listed', attempts = 0, retry_at = NULL WHERE id = ?",
            (_FETCHED_AGAIN, photo.id),
        )

    def mark_decided_again(self, photo: FlickrPhoto) -> None:
        """Record that the rules have decided on what Flickr says now."""
        self._db.conn.execute("UPDATE flickr_photos SET news = NULL WHERE id = ?", (photo.id,))

    # What is in the cache

    def held(self, root_id: int) -> list[CachedFile]:
        """Return the files in the cache with which all is done, the earliest first."""
        return [
            CachedFile(id=int(id_), path=Path(os.fsdecode(folder), os.fsdecode(name)), size=int(size))
            for id_, folder, name, size, _ in self._db.conn.execute(_HELD, (root_id,)).fetchall()
        ]

    def holds_busy(self, root_id: int) -> bool:
        """Return whether the cache has files that operations need still."""
        row = self._db.conn.execute(
            "SELECT count(*) FROM files JOIN folders ON folders.id = folder_id WHERE root_id = ? AND state = 'done'",
            (root_id,),
        ).fetchone()
        return int(row[0]) > len(self.held(root_id))

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

    # Facts

    def fact(self, name: Fact) -> Any:
        """Return what is remembered of the account under a name, or None."""
        row = self._db.conn.execute("SELECT value FROM facts WHERE name = ?", (self._key(name),)).fetchone()
        return None if row is None else json.loads(row[0])

    def remember(self, name: Fact, value: Any) -> None:
        """Remember something of the account; None forgets it."""
        if value is None:
            self._db.conn.execute("DELETE FROM facts WHERE name = ?", (self._key(name),))
            return
        self._db.conn.execute(
            "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (self._key(name), json.dumps(value)),
        )

    def _key(self, name: Fact) -> str:
        return f"flickr {name}" if self._account == FLICKR else f"flickr:{self._account} {name}"

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

    def _count(self, where: str, *values: Any) -> int:
        query = f"SELECT count(*) FROM flickr_photos WHERE account = ? AND {where}"
        return int(self._db.conn.execute(query, (self._account, *values)).fetchone()[0])

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


def _values(photo: ListedPhoto, file: FileOn | None) -> dict[str, Any]:
    """Return the columns of a listed photo."""
    details = photo.details
    taken, place = details.taken, details.place
    return {
        "media": photo.media,
        "updated": photo.updated,
        "uploaded": photo.uploaded,
        "url": None if file is None else file.url,
        "width": 0 if file is None else file.width,
        "height": 0 if file is None else file.height,
        "visibility": _joined(photo.visibility),
        "tags": _joined(photo.tags),
        "title": details.title,
        "description": details.description,
        "taken": None if taken is None else taken.moment.isoformat(),
        "granularity": "second" if taken is None else taken.granularity,
        "latitude": None if place is None else place.latitude,
        "longitude": None if place is None else place.longitude,
        "license": details.license,
    }


def _local_time(seconds: int) -> datetime | None:
    """Return a time in seconds since 1970 as local time without a zone; 0 is one that is not known."""
    return datetime.fromtimestamp(seconds) if seconds else None  # noqa: DTZ006 - as the dates of cameras


def _joined(words: Iterable[str]) -> str:
    return " ".join(sorted(words))
