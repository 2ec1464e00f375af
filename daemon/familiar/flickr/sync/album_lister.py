"""Which photos are in which albums, with few calls.

A list of albums tells of up to 500 photos at once in which albums they are: with each page of photos it is asked for
these. Only an album that has changed, or that has another number of photos than is known, is listed by itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from familiar.albums import AlbumChoice
from familiar.events import EventLog
from familiar.flickr.api.albums import PER_PAGE, AlbumEntry, read_album_photos, read_albums
from familiar.flickr.api.errors import PassingError, RefusedError
from familiar.flickr.sync.calls import CallQueue
from familiar.store.store import Store

_LOOKS = 20
"""How many photos that have left an album are looked for one by one; a listing of all tells of 500 with one call."""
_FAILED_IN_ROW = 3
"""After so many albums in a row that can't be listed, it is looked whether Flickr answers at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumsOfPhotos:
    """All albums, and the photos that the list was asked about: it says in which albums each of them is, or nothing.

    `is_whole` says that no album is missing in the list, as far as it says how many there are.
    """

    albums: tuple[AlbumEntry, ...]
    photos: Sequence[str]
    is_whole: bool


class AlbumLister:
    """Brings albums into the store; what it reads is recorded together with the photos that it was read for."""

    def __init__(self, *, calls: CallQueue, choice: AlbumChoice, videos: bool, store: Store, log: EventLog) -> None:
        """Take the queue of calls, which photos are to be fetched, the store, and the log."""
        self._calls = calls
        self._choice = choice
        self._videos = videos
        self._store = store
        self._log = log
        self._found: AlbumsOfPhotos | None = None
        self._met: set[str] = set()
        self._told: set[str] = set()
        self._moved = 0
        self._failed_in_row = 0

    def begin(self) -> None:
        """Begin a look: nothing is known to be on Flickr."""
        self._found = None
        self._met.clear()
        self._failed_in_row = 0

    async def ask(self, photos: Sequence[str]) -> AlbumsOfPhotos:
        """Return all albums, and in which of them some photos are."""
        asked: dict[str, Any] = {"photo_ids": ",".join(photos)} if photos else {}
        albums: dict[str, AlbumEntry] = {}
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
        """Record albums, and the photos in them; in the same transaction as these photos."""
        self._found = found
        self._met.update(found.photos)
        albums, is_news = self._store.flickr_albums, self._are_known
        albums.note(found.albums, is_news=is_news)
        photos = frozenset(found.photos)
        for album in found.albums:
            placed = albums.place(album.id, (album.asked or frozenset()) & photos, is_news=is_news)
            self._moved += placed if is_news else 0
        albums.choose(self._choice, videos=self._videos, photos=found.photos)

    async def complete(self, *, walk: int | None) -> None:
        """List by itself each album whose photos are not known yet, or that is missing in the list.

        `walk` is the number of the walk that has listed all photos; None: only changes were listed.
        """
        for album in self._missing():
            if await self._list(album, walk):
                break  # it is there: the list was wrong
        self._store.flickr_albums.settle(whole=walk is not None)
        unknown = self._store.flickr_albums.unknown()
        for album in unknown:
            await self._list(album, walk)
        with self._store.writing():
            self._store.flickr_albums.choose(self._choice, videos=self._videos)
            self._store.flickr_facts.remember("albums", value=True)
        if self._moved:
            self._log.emit("flickr.albums_changed", albums=len(unknown), photos=self._moved)
            self._moved = 0
        if walk is not None:
            lacking = set(self._choice.without_album(self._store.flickr_albums.all()))
            for text in sorted(lacking - self._told):
                self._log.emit("flickr.no_album", album=text)
            self._told = lacking

    def _missing(self) -> list[str]:
        """Return the albums that a whole list lacks; there are answers that lack all of them by mistake."""
        if self._found is None or not self._found.is_whole:
            return []
        listed = {album.id for album in self._found.albums}
        return [album.id for album in self._store.flickr_albums.all() if album.id not in listed]

    async def _list(self, album: str, walk: int | None) -> bool:
        """List the photos of an album, and return whether it is known to be there.

        One that can't be listed stays as it is known, and must not hold up others. After some in a row, PassingError is
        raised if Flickr does not tell which albums there are either.
        """
        try:
            is_there = await self._listed(album, walk)
        except PassingError as error:
            self._log.emit("flickr.album_failed", album=album, error=str(error))
            self._failed_in_row += 1
            if self._failed_in_row % _FAILED_IN_ROW == 0:
                await self._calls.read("photosets.getList", user_id="me", per_page=1, page=1)
            return False
        self._failed_in_row = 0
        return is_there

    async def _listed(self, album: str, walk: int | None) -> bool:
        """List the photos of an album, and return whether it is there; one that is not told whole stays unknown."""
        try:
            ids = await self._photos_in(album)
        except RefusedError:
            unmet = await self._unmet(album, (), walk)
            if unmet is not None:
                self._moved += self._store.flickr_albums.forget(album, unmet=unmet)
            return False
        unmet = None if ids is None else await self._unmet(album, ids, walk)
        if ids is not None and unmet is not None:
            self._moved += self._store.flickr_albums.fill(album, ids, unmet=unmet)
        return True

    async def _photos_in(self, album: str) -> Iterable[str] | None:
        """Return the photos of an album, or None if they are not told whole.

        Raises:
            RefusedError: there is no such album.
        """
        ids: dict[str, None] = {}
        page = pages = 1
        while page <= pages:
            answer = await self._calls.read(
                "photosets.getPhotos", photoset_id=album, user_id="me", per_page=PER_PAGE, page=page
            )
            found = read_album_photos(answer)
            before = len(ids)
            ids |= dict.fromkeys(found.ids)
            pages = found.pages if len(ids) > before else 0  # a list that repeats itself has ended
            page += 1
        return ids if len(ids) >= (found.total or 0) else None

    async def _unmet(self, album: str, ids: Iterable[str], walk: int | None) -> set[str] | None:
        """Return the photos that have left an album because they were deleted: rules must not decide on them.

        Unless all photos were listed, each is looked for; None: they are too many, and the next look lists all.
        """
        leaving = self._store.flickr_albums.leaving(album, ids)
        if walk is not None:
            return self._store.flickr_listing.unmet(leaving, walk=walk)
        unsure = [photo for photo in leaving if photo not in self._met]
        if len(unsure) > _LOOKS:
            self._store.flickr_facts.remember("listed at", None)
            return None
        return {photo for photo in unsure if not await self._is_there(photo)}

    async def _is_there(self, photo: str) -> bool:
        try:
            await self._calls.read("photos.getInfo", photo_id=photo)
        except RefusedError:
            self._store.flickr.mark_gone(photo)
            self._log.emit("flickr.gone", photo=photo)
            return False
        self._met.add(photo)
        return True

    @property
    def _are_known(self) -> bool:
        """Whether albums were followed before, so that what they tell now is news."""
        return bool(self._store.flickr_facts.get("albums"))
