"""Which photos are in which albums, with few calls.

A list of albums tells of up to 500 photos at once in which albums they are: with each page of photos it is asked for
these. Only an album that has changed, or that has another number of photos than is known, is listed by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from familiar.albums import AlbumChoice
from familiar.events import EventLog
from familiar.flickr.api.albums import PER_PAGE, ListedAlbum, read_album_photos, read_albums
from familiar.flickr.api.errors import RefusedError
from familiar.flickr.sync.calls import CallQueue
from familiar.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumsOfPhotos:
    """All albums, and some photos, of each of which it is told in which of them it is, if the list tells that.

    `is_whole` says that no album is missing in the list, as far as it tells how many there are.
    """

    albums: tuple[ListedAlbum, ...]
    photos: Sequence[str]
    is_whole: bool


class AlbumLister:
    """Brings albums into the store; what it reads is recorded together with the photos that it was read for."""

    def __init__(self, *, calls: CallQueue, choice: AlbumChoice, videos: bool, store: Store, log: EventLog) -> None:
        """Take the rooms, and which photos are to come down."""
        self._calls = calls
        self._choice = choice
        self._videos = videos
        self._store = store
        self._log = log
        self._found: AlbumsOfPhotos | None = None
        self._moved = 0

    async def ask(self, photos: Sequence[str]) -> AlbumsOfPhotos:
        """Return all albums, and in which of them some photos are."""
        asked: dict[str, Any] = {"photo_ids": ",".join(photos)} if photos else {}
        albums: dict[str, ListedAlbum] = {}
        page = pages = 1
        is_whole = True
        while page <= pages:
            answer = await self._calls.read("photosets.getList", user_id="me", per_page=PER_PAGE, page=page, **asked)
            listed = read_albums(answer)
            if listed.odd:
                self._log.emit("flickr.odd", entries=listed.odd)
            fresh = {album.id: album for album in listed.albums if album.id not in albums}
            albums |= fresh
            pages = listed.pages if fresh else 0  # a list that repeats itself has ended
            page += 1
            is_whole = is_whole and not listed.odd and listed.total is not None
        is_whole = is_whole and len(albums) >= (listed.total or 0)
        return AlbumsOfPhotos(albums=tuple(albums.values()), photos=photos, is_whole=is_whole)

    def note(self, found: AlbumsOfPhotos) -> None:
        """Record albums, and the photos in them; in the same transaction as these photos.

        An account that has no albums of a sudden keeps those that are known until a whole listing has none, either.
        """
        self._found = found
        albums, is_news = self._store.flickr_albums, self._are_known
        albums.note(found.albums, is_news=is_news, is_whole=found.is_whole and bool(found.albums))
        photos = frozenset(found.photos)
        for album in found.albums:
            placed = albums.place(album.id, (album.asked or frozenset()) & photos, is_news=is_news)
            self._moved += placed if is_news else 0
        albums.choose(self._choice, videos=self._videos, photos=found.photos)

    async def complete(self, *, whole: bool) -> None:
        """List by itself each album whose photos are not known yet; one that is gone meanwhile has none.

        `whole` says that it was asked about all photos.
        """
        if whole and self._found is not None and self._found.is_whole:
            self._store.flickr_albums.note(self._found.albums, is_news=True, is_whole=True)
        self._store.flickr_albums.settle(whole=whole)
        unknown = self._store.flickr_albums.unknown()
        for album in unknown:
            self._moved += await self._list(album)
        with self._store.writing():
            self._store.flickr_albums.choose(self._choice, videos=self._videos)
            self._store.flickr.remember("albums", value=True)
        if self._moved:
            self._log.emit("flickr.albums_changed", albums=len(unknown), photos=self._moved)
            self._moved = 0
        if whole:
            for text in self._choice.without_album(self._store.flickr_albums.all()):
                self._log.emit("flickr.no_album", album=text)

    async def _list(self, album: str) -> int:
        """List the photos of an album, and return how many came and went; one that is not told whole stays unknown."""
        ids: dict[str, None] = {}
        page = pages = 1
        try:
            while page <= pages:
                answer = await self._calls.read(
                    "photosets.getPhotos", photoset_id=album, user_id="me", per_page=PER_PAGE, page=page
                )
                found = read_album_photos(answer)
                ids |= dict.fromkeys(found.ids)
                pages, page = found.pages, page + 1
        except RefusedError:
            self._store.flickr_albums.fill(album, ())
            self._store.flickr_albums.forget(album)
            return 0
        return self._store.flickr_albums.fill(album, ids) if len(ids) >= (found.total or 0) else 0

    @property
    def _are_known(self) -> bool:
        """Whether albums were followed before, so that what they tell now is news."""
        return bool(self._store.flickr.fact("albums"))
