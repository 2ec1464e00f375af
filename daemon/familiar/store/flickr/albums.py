"""The albums of an account on Flickr, and which photos are in them."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

from familiar.albums import AlbumChoice
from familiar.model import FLICKR
from familiar.photo_details import Album
from familiar.store.database import Database, writing
from familiar.store.flickr.listing import FETCHED_AGAIN

_MEMBERS = "(SELECT count(*) FROM flickr_album_photos WHERE album_id = flickr_albums.id)"
_KNOWN = "(known_updated, known_photos, known_members)"
_NOW = f"(updated, photos, {_MEMBERS})"
"""What changes with an album, apart from its title; and what it was when its photos were known."""


class ListedAlbum(Protocol):
    """What a list of albums says of one."""

    @property
    def id(self) -> str:
        """Its id on Flickr."""

    @property
    def title(self) -> str:
        """Its title."""

    @property
    def updated(self) -> int:
        """When it was changed last, in seconds since 1970."""

    @property
    def photos(self) -> int:
        """How many photos and videos it has."""


def albums_of(db: Database, photo_ids: Iterable[str]) -> dict[str, list[Album]]:
    """Return the albums of photos on Flickr, by their titles; a photo that is in none is left out."""
    found: dict[str, list[Album]] = {}
    for photo, id_, title in db.conn.execute(
        "SELECT flickr_id, id, title FROM flickr_albums JOIN flickr_album_photos ON album_id = id "
        "WHERE flickr_id IN (SELECT value FROM json_each(?)) ORDER BY title, id",
        (json.dumps(list(photo_ids)),),
    ):
        found.setdefault(photo, []).append(Album(id=id_, title=title))
    return found


class FlickrAlbums:
    """The albums of an account, and the photos in them, also those that were not listed yet."""

    def __init__(self, db: Database, *, on_changed: Callable[[Iterable[str]], None], account: str = FLICKR) -> None:
        """Take the open store and the account's name; `on_changed` is called with photos whose albums have changed."""
        self._db = db
        self._on_changed = on_changed
        self._account = account

    def note(self, albums: Iterable[ListedAlbum], *, is_news: bool) -> None:
        """Record albums; unless it is news for the rules, nothing is said of photos whose albums have another title."""
        listed = {album.id: album for album in albums}
        with writing(self._db):
            for album in self.all():
                if album.id in listed and listed[album.id].title != album.title:
                    self._change(self._photos_of(album.id), is_news=is_news)
            self._db.conn.executemany(
                "INSERT INTO flickr_albums (id, title, updated, photos, account) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET title = excluded.title, updated = excluded.updated, "
                "photos = excluded.photos, gone = 0",
                [(album.id, album.title, album.updated, album.photos, self._account) for album in listed.values()],
            )

    def place(self, album_id: str, photo_ids: Iterable[str], *, is_news: bool) -> int:
        """Record that photos are in an album, beside those that are known to be; return how many were not known."""
        rows = self._db.conn.execute(
            "INSERT INTO flickr_album_photos (album_id, flickr_id) SELECT ?, value FROM json_each(?) WHERE true "
            "ON CONFLICT DO NOTHING RETURNING flickr_id",
            (album_id, json.dumps(list(photo_ids))),
        )
        new = [str(row[0]) for row in rows.fetchall()]
        self._change(new, is_news=is_news)
        return len(new)

    def leaving(self, album_id: str, photo_ids: Iterable[str]) -> list[str]:
        """Return the photos that are known to be in an album, that rules have decided on, and that are not listed."""
        rows = self._db.conn.execute(
            "SELECT id FROM flickr_album_photos JOIN flickr_photos ON id = flickr_id WHERE album_id = ? "
            "AND state IN ('done', 'fetched') AND id NOT IN (SELECT value FROM json_each(?))",
            (album_id, json.dumps(list(photo_ids))),
        )
        return [str(row[0]) for row in rows]

    def fill(self, album_id: str, photo_ids: Iterable[str], *, unmet: Iterable[str] = ()) -> int:
        """Record all photos of an album, and that they are known; return how many came and went.

        Photos that were deleted stay in the album, and so do `unmet` ones, which may have been.
        """
        with writing(self._db):
            before = set(self._photos_of(album_id))
            now = {*photo_ids, *(before & {*unmet, *self._deleted_in(album_id)})}
            self._remove((album_id, photo) for photo in before - now)
            self._add((album_id, photo) for photo in now - before)
            self._change(before ^ now, is_news=True)
            self._db.conn.execute(f"UPDATE flickr_albums SET {_KNOWN} = {_NOW} WHERE id = ?", (album_id,))
        return len(before ^ now)

    def settle(self, *, whole: bool) -> None:
        """Record that the photos are known of each album that has as many as it is said to have.

        Unless all photos were listed, an album with another number than before is meant: others may have got one photo
        in the place of another.
        """
        other = "" if whole else "AND known_photos != photos"
        self._db.conn.execute(
            f"UPDATE flickr_albums SET {_KNOWN} = {_NOW} WHERE account = ? AND photos = {_MEMBERS} {other}",
            (self._account,),
        )

    def unknown(self) -> list[str]:
        """Return the ids of albums whose photos are not known, or have changed."""
        rows = self._db.conn.execute(
            f"SELECT id FROM flickr_albums WHERE account = ? AND NOT gone AND {_KNOWN} IS NOT {_NOW} ORDER BY id",
            (self._account,),
        )
        return [str(row[0]) for row in rows]

    def forget(self, album_id: str, *, unmet: Iterable[str] = ()) -> int:
        """Record that an album is gone; return how many photos were in it, except for those that stay, as in `fill`."""
        with writing(self._db):
            left = self.fill(album_id, (), unmet=unmet)
            self._forget_empty("id = ?", album_id)
        return left

    def forget_all(self) -> None:
        """Forget all albums, which are not followed any more; this is no news for the rules."""
        with writing(self._db):
            self._db.conn.execute(
                "DELETE FROM flickr_album_photos WHERE album_id IN (SELECT id FROM flickr_albums WHERE account = ?) "
                "AND flickr_id NOT IN (SELECT id FROM flickr_photos WHERE state = 'gone')",
                (self._account,),
            )
            self._forget_empty("account = ?", self._account)

    def choose(self, choice: AlbumChoice | None, *, videos: bool, photos: Collection[str] | None = None) -> None:
        """Let photos, or all, wait to be fetched, or be left, by their albums; without a choice every photo is wanted.

        Photos that were done, and whose files are fetched again, are what they are.
        """
        takes_all = choice is None or choice.takes_all
        chosen = [] if choice is None or takes_all else [album.id for album in self.all() if choice.has(album)]
        wanted = (
            "((media != 'video' OR :videos) AND (:all OR EXISTS (SELECT 1 FROM flickr_album_photos "
            "WHERE flickr_id = flickr_photos.id AND album_id IN (SELECT value FROM json_each(:albums))) "
            "OR (:without AND NOT EXISTS (SELECT 1 FROM flickr_album_photos WHERE flickr_id = flickr_photos.id))))"
        )
        some = "" if photos is None else "AND id IN (SELECT value FROM json_each(:photos))"
        self._db.conn.execute(
            f"UPDATE flickr_photos SET state = CASE WHEN {wanted} THEN 'listed' ELSE 'left' END "
            f"WHERE account = :account AND state IN ('listed', 'left') AND (state = 'listed') != {wanted} "
            f"AND news IS NOT :again {some}",
            {
                "account": self._account,
                "again": FETCHED_AGAIN,
                "photos": json.dumps([] if photos is None else list(photos)),
                "videos": videos,
                "all": takes_all,
                "albums": json.dumps(chosen),
                "without": choice is not None and choice.takes_photos_without,
            },
        )

    def all(self) -> list[Album]:
        """Return all albums, by their titles."""
        rows = self._db.conn.execute(
            "SELECT id, title FROM flickr_albums WHERE account = ? AND NOT gone ORDER BY title, id", (self._account,)
        )
        return [Album(id=id_, title=title) for id_, title in rows]

    def _photos_of(self, album_id: str) -> Sequence[str]:
        rows = self._db.conn.execute("SELECT flickr_id FROM flickr_album_photos WHERE album_id = ?", (album_id,))
        return [str(row[0]) for row in rows]

    def _deleted_in(self, album_id: str) -> list[str]:
        rows = self._db.conn.execute(
            "SELECT id FROM flickr_album_photos JOIN flickr_photos ON id = flickr_id "
            "WHERE album_id = ? AND state = 'gone'",
            (album_id,),
        )
        return [str(row[0]) for row in rows]

    def _forget_empty(self, which: str, value: str) -> None:
        """Forget albums, except for those that deleted photos were in: they are only said to be gone."""
        self._db.conn.execute(f"UPDATE flickr_albums SET gone = 1 WHERE {which}", (value,))
        self._db.conn.execute(f"DELETE FROM flickr_albums WHERE {which} AND {_MEMBERS} = 0", (value,))

    def _add(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._db.conn.executemany("INSERT INTO flickr_album_photos (album_id, flickr_id) VALUES (?, ?)", pairs)

    def _remove(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._db.conn.executemany("DELETE FROM flickr_album_photos WHERE album_id = ? AND flickr_id = ?", pairs)

    def _change(self, photo_ids: Iterable[str], *, is_news: bool) -> None:
        if is_news:
            self._on_changed(photo_ids)
