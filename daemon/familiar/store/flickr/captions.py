"""What owners say of their photos on Flickr, as sidecars have it: with the wording of tags and licences."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from familiar.photo_details import Album, Caption, License, OwnDate, Place
from familiar.store.database import Database
from familiar.store.flickr.albums import albums_of

_SAID = """
WITH asked AS (SELECT value AS photo FROM json_each(?)), uploads AS (
    SELECT photo, id FROM asked JOIN flickr_photos ON photo_id = photo
    UNION SELECT photo, flickr_photos.id FROM asked JOIN files ON files.photo_id = photo
    JOIN flickr_photos ON file_id = files.id
)
SELECT photo, id, title, description, taken, granularity, latitude, longitude, tags,
    (SELECT json_group_array(clean) FROM flickr_tags WHERE flickr_id = flickr_photos.id AND (ours OR sending)),
    licenses.name, licenses.url
FROM uploads JOIN flickr_photos USING (id) LEFT JOIN flickr_licenses AS licenses USING (license)
WHERE state != 'gone' OR photo NOT IN (
    SELECT photo FROM uploads JOIN flickr_photos USING (id) WHERE state != 'gone'
) ORDER BY uploaded, id
"""
"""A photo is known by its file before it is done. Tags that familiar added are not the owner's.

Of a photo that was deleted on Flickr, the last words are kept.
"""


class FlickrCaptions:
    """The tables of the wordings of tags and licences, and the captions made of what Flickr says."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def of(self, photo_ids: Sequence[int]) -> dict[int, Caption]:
        """Return the captions of the photos that are on Flickr; one that is there several times has one of all."""
        rows = self._db.conn.execute(_SAID, (json.dumps(list(photo_ids)),)).fetchall()
        albums = albums_of(self._db, [row[1] for row in rows])
        words = self._wordings({clean for row in rows for clean in row[8].split()})
        found: dict[int, Caption] = {}
        for photo_id, id_, *said in rows:
            caption = _caption(said, words, albums.get(id_, ()))
            found[photo_id] = _united(found[photo_id], caption) if photo_id in found else caption
        return found

    def unknown_tags(self, cleans: Iterable[str]) -> set[str]:
        """Return those of some tags, in their cleaned form, whose wording is not known."""
        asked = set(cleans)
        return asked - self._wordings(asked).keys()

    def note_tags(self, wordings: Mapping[str, str]) -> None:
        """Record how tags were written, by their cleaned form."""
        self._db.conn.executemany(
            "INSERT INTO flickr_wordings (clean, raw) VALUES (?, ?) "
            "ON CONFLICT (clean) DO UPDATE SET raw = excluded.raw",
            wordings.items(),
        )

    def knows_license(self, number: str) -> bool:
        """Return whether a licence is known; Flickr need not be asked about an empty number."""
        query = "SELECT 1 FROM flickr_licenses WHERE license = ?"
        return not number or self._db.conn.execute(query, (number,)).fetchone() is not None

    def note_licenses(self, licenses: Mapping[str, License]) -> None:
        """Record licences, by their numbers."""
        self._db.conn.executemany(
            "INSERT INTO flickr_licenses (license, name, url) VALUES (?, ?, ?) ON CONFLICT (license) "
            "DO UPDATE SET name = excluded.name, url = excluded.url",
            [(number, license_.name, license_.url) for number, license_ in licenses.items()],
        )

    def _wordings(self, cleans: Iterable[str]) -> dict[str, str]:
        rows = self._db.conn.execute(
            "SELECT clean, raw FROM flickr_wordings WHERE clean IN (SELECT value FROM json_each(?))",
            (json.dumps(list(cleans)),),
        )
        return {str(clean): str(raw) for clean, raw in rows}


def _caption(said: Sequence[Any], words: Mapping[str, str], albums: Iterable[Album]) -> Caption:
    title, description, taken, granularity, latitude, longitude, tags, ours, license_, url = said
    added = set(json.loads(ours))
    return Caption(
        title=title or "",
        description=description,
        tags=tuple(sorted(words.get(clean, clean) for clean in tags.split() if clean not in added)),
        albums=tuple(dict.fromkeys(album.title for album in albums)),
        taken=None if taken is None else OwnDate(moment=datetime.fromisoformat(taken), granularity=granularity),
        place=None if latitude is None else Place(latitude=latitude, longitude=longitude),
        license=License(name=license_, url=url) if license_ else None,
    )


def _united(first: Caption, other: Caption) -> Caption:
    """Return one caption of two: what the first does not say, the other one does."""
    return Caption(
        title=first.title or other.title,
        description=first.description or other.description,
        tags=tuple(dict.fromkeys((*first.tags, *other.tags))),
        albums=tuple(dict.fromkeys((*first.albums, *other.albums))),
        taken=first.taken or other.taken,
        place=first.place or other.place,
        license=first.license or other.license,
    )
