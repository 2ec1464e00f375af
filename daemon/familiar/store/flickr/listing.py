"""What listings say of the photos of an account on Flickr, and which of them they have met."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from familiar.model import FLICKR, Visibility
from familiar.photo_details import PhotoDetails
from familiar.store.database import Database, writing
from familiar.store.flickr.tags import FlickrTags
from familiar.tags import is_machine_tag

CHANGED, FETCHED_AGAIN = "changed", "fetched again"
"""The news of a photo of which Flickr says something else than when rules decided, and of one whose file is fetched
for what they ask for now."""
_SAID = (
    "title", "taken", "granularity", "visibility", "tags", "description", "latitude", "longitude", "license",
)  # fmt: skip
"""What rules and sidecars can have."""
_KEPT = ("media", "uploaded", "updated", *_SAID)
"""What stays as it is where a listing does not tell it."""


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

    @property
    def untold(self) -> Collection[str]:
        """What the listing does not tell of it: names of columns, and `machine_tags`, which `tags` has, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOn:
    """Where a photo's file is on Flickr, and how large its picture is (0 if that is not known)."""

    url: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingChanges:
    """What a page of a listing has brought: photos that this walk had not met, that are new, that have changed."""

    fresh: int = 0
    new: int = 0
    changed: int = 0


class FlickrListing:
    """The photos of an account, as they are listed."""

    def __init__(self, db: Database, *, tags: FlickrTags, account: str = FLICKR) -> None:
        """Take the open store, its table of tags, and the account's name."""
        self._db = db
        self._tags = tags
        self._account = account

    def note(self, photos: Iterable[tuple[ListedPhoto, FileOn | None]], *, walk: int, videos: bool) -> ListingChanges:
        """Record photos of a listing, each with its file if that is known."""
        noted = ListingChanges()
        with writing(self._db):
            for photo, file in photos:
                noted = self._note(photo, file, walk, noted, videos=videos)
        return noted

    def _note(
        self, photo: ListedPhoto, file: FileOn | None, walk: int, noted: ListingChanges, *, videos: bool
    ) -> ListingChanges:
        row = self._db.conn.execute(
            f"SELECT secret, state, walk, photo_id, {', '.join(_KEPT)} FROM flickr_photos WHERE id = ?", (photo.id,)
        ).fetchone()
        values = _values(photo, file) | {"id": photo.id, "secret": photo.secret, "walk": walk, "account": self._account}
        if row is None:
            columns = values | {"state": _first_state(values, videos=videos)}
            holders = ", ".join(f":{name}" for name in columns)
            self._db.conn.execute(f"INSERT INTO flickr_photos ({', '.join(columns)}) VALUES ({holders})", columns)
            return ListingChanges(fresh=noted.fresh + 1, new=noted.new + 1, changed=noted.changed)
        secret, state, met, photo_id, *kept = row
        before = dict(zip(_KEPT, kept, strict=True))
        values |= _untold(photo, values, before)
        first = _first_state(values, videos=videos)
        changed = (secret, before["updated"]) != (photo.secret, values["updated"])
        if secret != photo.secret or (state == "refused" and changed) or state == "left":
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
                "news": self._has_news(values, before),
                "mark": CHANGED,
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
        query = "SELECT count(*) FROM flickr_photos WHERE walk = ? AND account = ?"
        return int(self._db.conn.execute(query, (walk, self._account)).fetchone()[0])

    def unmet(self, ids: Iterable[str], *, walk: int) -> set[str]:
        """Return those of some photos that a walk has not met."""
        rows = self._db.conn.execute(
            "SELECT id FROM flickr_photos WHERE walk < ? AND id IN (SELECT value FROM json_each(?))",
            (walk, json.dumps(list(ids))),
        )
        return {str(row[0]) for row in rows}

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


def _untold(photo: ListedPhoto, values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of which a listing does not tell everything, with what was known before.

    The file of a video is none of the pictures that the listing has.
    """
    found = {name: before[name] for name in photo.untold if name in _KEPT and name != "tags"}
    if found.get("media") == "video":
        found |= {"url": None, "width": 0, "height": 0}
    kept = {
        tag for tag in before["tags"].split() if ("machine_tags" if is_machine_tag(tag) else "tags") in photo.untold
    }
    return found | {"tags": _joined({*values["tags"].split(), *kept})}


def _first_state(values: Mapping[str, Any], *, videos: bool) -> str:
    return "listed" if videos or values["media"] != "video" else "left"


def _joined(words: Iterable[str]) -> str:
    return " ".join(sorted(words))
