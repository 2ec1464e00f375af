"""List the photos of the account: all of them now and then, and what has changed in between."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from familiar.events import EventLog
from familiar.flickr.api.listing import EXTRAS, PER_PAGE, ListingEntry, Page, best_size, read_page
from familiar.flickr.api.pages import PageCursor, after_page
from familiar.flickr.sync.album_lister import AlbumLister, AlbumsOfPhotos
from familiar.flickr.sync.calls import CallQueue
from familiar.flickr.sync.wordings import Wordings
from familiar.settings import FlickrSettings
from familiar.store.flickr.listing import FileOn, ListingChanges
from familiar.store.store import Store

_OVERLAP = 900
"""Seconds by which each look for changes reaches back behind the last one.

Flickr refuses calls of a clock that is off by more than some minutes, so that our times are nearly its own.
"""
_DAY = 86400
_RESTRICTED_TOO = 3
"""Photos of all safety levels, whatever the account is set to show."""
_ROUNDS = 2
_OFF = 100
"""One photo in this many may be missing although the total counts it: Flickr's totals are sometimes slightly wrong."""
_OFF_AT_LEAST = 5


class Lister:
    """Brings what Flickr lists into the store; each page and how far the walk is are recorded together."""

    def __init__(
        self,
        *,
        calls: CallQueue,
        settings: FlickrSettings,
        store: Store,
        log: EventLog,
        on_found: Callable[[], None],
        captions: bool = False,
    ) -> None:
        """Take the queue of calls and the account; `on_found` is called after photos were stored.

        With `captions` the wording of tags and licences is asked for.
        """
        self._calls = calls
        self._settings = settings
        self._store = store
        self._log = log
        self._on_found = on_found
        choice = settings.album_choice
        self._albums = (
            None
            if choice is None
            else AlbumLister(calls=calls, choice=choice, videos=settings.videos, store=store, log=log)
        )
        self._wordings = Wordings(calls=calls, store=store) if captions else None

    async def look(self) -> None:
        """List what has changed, or everything if it is time for that, or if that was cancelled."""
        now = self._now()
        if self._wordings is not None:
            self._wordings.begin()
        if self._albums is not None:
            self._albums.begin()
        else:
            self._store.flickr_facts.remember("albums", None)
            self._store.flickr_albums.forget_all()
            self._store.flickr_albums.choose(None, videos=self._settings.videos)
        if self._is_whole_due(now) or self._store.flickr_facts.get("walk") is not None:
            await self._list_all(now)
        else:
            await self._list_changes(now)
        self._store.flickr_facts.remember("polled at", self._now())

    def _is_whole_due(self, now: float) -> bool:
        """Return whether it is time to list everything; it is, too, where a clock that ran ahead said when that was."""
        listed_at, since = self._store.flickr_facts.get("listed at"), self._store.flickr_facts.get("since")
        if listed_at is None or since is None or max(listed_at, since) > now:
            return True
        if self._albums is not None and not self._store.flickr_facts.get("albums"):
            return True
        return bool(now - listed_at >= self._settings.full_every * _DAY)

    async def _list_all(self, now: float) -> None:
        state = self._store.flickr_facts.get("walk")
        if state is None or (self._albums is not None and not state.get("albums")):
            state = self._new_walk(now)
        walk = PageCursor(**state["walk"])
        while not walk.ended:
            answer = await self._calls.read(
                "people.getPhotos",
                user_id="me",
                per_page=PER_PAGE,
                page=walk.page,
                extras=EXTRAS,
                safe_search=_RESTRICTED_TOO,
            )
            page = read_page(answer)
            is_sizing = walk.order == "oldest" and not walk.sized
            albums = None if is_sizing else await self._albums_of(page)
            if self._wordings is not None:
                await self._wordings.learn(page, afresh=True)
            with self._store.writing():
                noted = ListingChanges() if is_sizing else self._note(page, albums, state["number"])
                walk = _advanced(walk, page, noted.fresh)
                if not is_sizing:
                    self._count_odd(answer, page, state)
                if walk.ended and self._is_short(walk, state):
                    state |= {"rounds": state["rounds"] + 1, "odd": 0, "nameless": 0}
                    walk = PageCursor(order=self._settings.order)
                state["walk"] = asdict(walk)
                self._store.flickr_facts.remember("walk", state)
            self._on_found()
        if self._albums is not None:
            await self._albums.complete(walk=state["number"])
        self._finish(state, walk)

    def _new_walk(self, now: float) -> dict[str, Any]:
        number = (self._store.flickr_facts.get("walks") or 0) + 1
        state = {
            "number": number,
            "started": now,
            "rounds": 1,
            "walk": asdict(PageCursor(order=self._settings.order)),
            "albums": self._albums is not None,
        }
        with self._store.writing():
            self._store.flickr_facts.remember("walks", number)
            self._store.flickr_facts.remember("walk", state)
        return state

    def _is_short(self, walk: PageCursor, state: dict[str, Any]) -> bool:
        """Return whether the walk missed photos, and must restart: there are more than it has listed."""
        return not walk.repeats and state["rounds"] < _ROUNDS and self._misses(walk, state)

    def _misses(self, walk: PageCursor, state: dict[str, Any]) -> bool:
        """Return whether the walk has listed so few of the photos that it must have missed some."""
        total, lacking = walk.total or 0, self._lacking(walk, state)
        if total == 0:
            return lacking < 0  # it was empty suddenly
        return lacking >= total or lacking > max(total // _OFF, _OFF_AT_LEAST)

    def _lacking(self, walk: PageCursor, state: dict[str, Any]) -> int:
        """Return how many photos fewer the walk has met than the total counts."""
        odd: int = state.get("odd", 0)
        return (walk.total or 0) - self._store.flickr_listing.met(state["number"]) - odd

    def _count_odd(self, answer: dict[str, Any], page: Page, state: dict[str, Any]) -> None:
        """Count invalid entries as listed, by their ids; without an id the photo is unknown."""
        if not page.odd:
            return
        understood = {photo.id for photo in page.photos}
        ids = {str(entry["id"]) for entry in answer["photos"]["photo"] if isinstance(entry, dict) and "id" in entry}
        self._store.flickr_listing.meet(ids - understood, walk=state["number"])
        state["odd"] = state.get("odd", 0) + page.odd
        state["nameless"] = state.get("nameless", 0) + page.odd - min(len(ids - understood), page.odd)

    def _finish(self, state: dict[str, Any], walk: PageCursor) -> None:
        met = self._store.flickr_listing.met(state["number"])
        known = self._known()
        is_whole = not (walk.repeats or self._misses(walk, state) or state.get("nameless") or (known and not met))
        # Where the total is off, a photo must be absent twice: it may be among those that were counted and not shown.
        last_met = state["number"] - (self._lacking(walk, state) > 0)
        with self._store.writing():
            gone = self._store.flickr_listing.forget_unmet(last_met) if is_whole else 0
            self._store.flickr_facts.remember("walk", None)
            self._store.flickr_facts.remember("listed at", state["started"])
            self._store.flickr_facts.remember("since", state["started"])
        if known and not met:
            self._log.emit("flickr.empty", known=known)
        self._log.emit("flickr.listed", photos=met, gone=gone, whole=is_whole, seconds=self._now() - state["started"])

    def _known(self) -> int:
        counts = self._store.flickr.counts()
        return sum(counts.values()) - counts["gone"]

    async def _list_changes(self, now: float) -> None:
        """List what has changed since the last look.

        The newest come first, so that a page without news is the last one; but not where an earlier look was broken
        off, whose first pages are no news any more, while what follows is.
        """
        was_broken_off = self._store.flickr_facts.get("look") is not None
        met = set[str]()
        since = int(self._store.flickr_facts.get("since") or 0)
        number = self._store.flickr_facts.get("walks") or 0
        walk, new, changed = PageCursor(order="newest"), 0, 0
        while not walk.ended:
            answer = await self._calls.read(
                "photos.recentlyUpdated",
                min_date=max(since - _OVERLAP, 1),
                per_page=PER_PAGE,
                page=walk.page,
                extras=EXTRAS,
            )
            page = read_page(answer)
            albums = await self._albums_of(page)
            if self._wordings is not None:
                await self._wordings.learn(page, afresh=False)
            with self._store.writing():
                noted = self._note(page, albums, number)
                self._store.flickr_facts.remember("look", now)
            ids = {photo.id for photo in page.photos}
            walk = _advanced(walk, page, len(ids - met) if was_broken_off else noted.new + noted.changed)
            met |= ids
            new, changed = new + noted.new, changed + noted.changed
            self._on_found()
        if self._albums is not None:
            await self._albums.complete(walk=None)
        with self._store.writing():
            self._store.flickr_facts.remember("since", now)
            self._store.flickr_facts.remember("look", None)
        if new or changed:
            self._log.emit("flickr.changed", new=new, changed=changed)

    async def _albums_of(self, page: Page) -> AlbumsOfPhotos | None:
        """Return the albums, and which of the photos of a page are in them; None if albums are not asked for."""
        return None if self._albums is None else await self._albums.ask([photo.id for photo in page.photos])

    def _note(self, page: Page, albums: AlbumsOfPhotos | None, number: int) -> ListingChanges:
        if page.odd:
            self._log.emit("flickr.odd", entries=page.odd)
        photos = [(photo, self._file_of(photo)) for photo in page.photos]
        noted = self._store.flickr_listing.note(photos, walk=number, videos=self._settings.videos)
        if self._albums is not None and albums is not None:
            self._albums.note(albums)
        return noted

    def _file_of(self, photo: ListingEntry) -> FileOn | None:
        """Return where a photo's file is; of a video a listing has only pictures."""
        chosen = best_size(photo.sizes, self._settings.max_size) if photo.media == "photo" else None
        return None if chosen is None else FileOn(url=chosen.url, width=chosen.width, height=chosen.height)

    def _now(self) -> float:
        return self._store.now().timestamp()


def _advanced(walk: PageCursor, page: Page, fresh: int) -> PageCursor:
    found = len(page.photos)
    walk = after_page(walk, pages=page.pages, total=page.total, found=found, fresh=fresh, per_page=PER_PAGE)
    return walk if page.pages else replace(walk, ended=True)
