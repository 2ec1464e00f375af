"""The account that the server shows: photos with their tags and albums, and what its user does to them."""

import random
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

from support.flickr_server import pictures, tags
from support.flickr_server.logins import User
from support.flickr_server.pictures import Measures
from support.flickr_server.sizes import ORIGINAL, RESIZED, Size
from support.flickr_server.tags import Tag


@dataclass(kw_only=True)
class Photo:
    """A photo or a video of the account.

    `marked`: its files differ from those of all others made of the same file. `is_processed`: a video has films.
    `withheld`: films whose addresses are told and have only a page (`orig`, `site`), by its status.
    `has_films`: they are among its sizes. `streams`: what its player shows, by type.
    `people`: users who are marked on it, each with a real name. `safety`: 1 (safe), 2 (moderate) or 3 (restricted).
    `taken` is what its owner says, or None: then Flickr shows the time of the upload, and says that it is unknown.
    `granularity` is 0, 4 (a month), 6 (a year) or 8 (about that year). A photo without a `place` has 0 for all of it.
    """

    id: str
    owner: str
    file: Path
    video: Path | None = None
    title: str = ""
    description: str = ""
    license: str = "0"
    taken: str | None = None
    granularity: int = 0
    place: tuple[float, float] | None = None
    server: str = "65535"
    secret: str = field(default_factory=lambda: secrets.token_hex(5))
    original_secret: str = field(default_factory=lambda: secrets.token_hex(5))
    large_secret: str = field(default_factory=lambda: secrets.token_hex(5))
    is_public: bool = True
    is_friend: bool = False
    is_family: bool = False
    uploaded: int
    updated: int
    without: frozenset[str] = frozenset()
    marked: bool = False
    is_processed: bool = True
    has_failed: bool = False
    withheld: dict[str, int] = field(default_factory=dict)
    has_films: bool = True
    streams: tuple[str, ...] = ()
    people: tuple[tuple[str, str], ...] = ()
    safety: int = 1
    tags: list[Tag] = field(default_factory=list)

    @property
    def measures(self) -> Measures:
        return pictures.measure(self.file)

    @property
    def media(self) -> str:
        return "video" if self.video else "photo"

    @property
    def shown_taken(self) -> str:
        return self.taken or datetime.fromtimestamp(self.uploaded, UTC).strftime("%Y-%m-%d %H:%M:%S")

    @property
    def film_state(self) -> str:
        return "failed" if self.has_failed else "ready" if self.is_processed else "processing"

    @property
    def has_original(self) -> bool:
        return ORIGINAL not in self.without

    def sizes(self) -> list[Size]:
        upright = self.measures.upright()
        return [size for size in RESIZED if size.exists(*upright) and size.extra not in self.without]

    def path(self, size: Size) -> str:
        """Return the path of a size on the image server."""
        secret = self.large_secret if size.has_own_secret else self.secret
        return f"/{self.server}/{self.id}_{secret}{size.suffix}.jpg"

    def original_path(self) -> str:
        return f"/{self.server}/{self.id}_{self.original_secret}_o.{self.measures.format}"

    def picture(self, size: Size | None) -> bytes:
        """Return the bytes of a size, or of the original."""
        content = pictures.resized(self.file, size) if size else pictures.original(self.file)
        return pictures.marked(content, self.id) if self.marked else content

    def tag(self, clean: str) -> Tag | None:
        return next((tag for tag in self.tags if tag.clean == clean), None)


@dataclass(kw_only=True)
class Album:
    """An album: photos by their ids, in the order in which they are shown."""

    id: str
    title: str
    photos: list[str]
    created: int
    updated: int


class TooManyTagsError(Exception):
    """The photo would have more tags than Flickr allows; none was added."""


class Account:
    """The photos of one user. All its methods may be called from all threads; times are in seconds since the epoch.

    With `drops_symbols` nothing is left of an emoji in the cleaned form of a tag.
    """

    def __init__(self, *, user: User, now: Callable[[], float], first_id: int) -> None:
        self.user = user
        self.lock = threading.RLock()
        self.photos: dict[str, Photo] = {}
        self.albums: dict[str, Album] = {}
        self.drops_symbols = False
        self._now = now
        self._ids = count(first_id, 7)
        self._tag_numbers = count(1000)
        self._album_ids = count(72157700000000001, 13)

    def add_photo(
        self,
        file: Path,
        *,
        title: str = "",
        is_public: bool = True,
        tags: Iterable[str] = (),
        without: Iterable[str] = (),
        marked: bool = False,
        video: Path | None = None,
        uploaded: float | None = None,
        owner: str = "",
        **said: Any,
    ) -> Photo:
        """Upload a photo; for a video, `file` is its still. `without` names sizes that it lacks, as in `extras`.

        `said` is what its owner says of it: `description`, `license`, `taken`, `granularity`, `place`.
        """
        with self.lock:
            moment = int(self._now() if uploaded is None else uploaded)
            photo = Photo(
                id=str(next(self._ids)),
                owner=owner or self.user.nsid,
                file=Path(file),
                video=video and Path(video),
                title=said.pop("title", None) or title or Path(file).stem,
                is_public=is_public,
                uploaded=moment,
                updated=moment,
                without=frozenset(without),
                marked=marked,
                **said,
            )
            self.photos[photo.id] = photo
            photo.tags += [self._new_tag(photo, raw) for raw in tags]
            return photo

    def add_photos(self, files: Sequence[Path], number: int, *, seed: int = 0, private: float = 0.2) -> list[Photo]:
        """Upload many photos of different content, one a minute until now, some of them private."""
        chance = random.Random(seed)
        start = self._now() - 60 * number
        return [
            self.add_photo(
                file, marked=True, is_public=chance.random() >= private, uploaded=start + 60 * index, title=f"{index}"
            )
            for index, file in enumerate(islice(cycle(files), number))
        ]

    def replace_photo(self, photo_id: str, file: Path) -> None:
        """Put another picture in a photo's place: the id stays, the secrets don't."""
        with self.lock:
            photo = self.photos[photo_id]
            photo.file = Path(file)
            photo.secret, photo.original_secret, photo.large_secret = (secrets.token_hex(5) for _ in range(3))
            self._touch(photo)

    def delete_photo(self, photo_id: str) -> None:
        with self.lock:
            del self.photos[photo_id]
            for album in self.albums.values():
                self._leave(album, [photo_id])

    def edit_photo(self, photo_id: str, **said: Any) -> None:
        """Let the owner say something else of a photo."""
        with self.lock:
            photo = self.photos[photo_id]
            for name, value in said.items():
                setattr(photo, name, value)
            self._touch(photo)

    def add_album(self, title: str, photo_ids: Sequence[str]) -> Album:
        """Make an album of photos, the first of which is on its cover."""
        with self.lock:
            now = int(self._now())
            album = Album(id=str(next(self._album_ids)), title=title, photos=list(photo_ids), created=now, updated=now)
            self.albums[album.id] = album
            return album

    def edit_album(
        self, album_id: str, *, title: str | None = None, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> None:
        """Rename an album, or change which photos are in it; photos do not change by that."""
        with self.lock:
            album = self.albums[album_id]
            album.title = album.title if title is None else title
            album.photos += [photo_id for photo_id in add if photo_id not in album.photos]
            album.updated = max(int(self._now()), album.updated + 1)
            self._leave(album, remove)

    def delete_album(self, album_id: str) -> None:
        with self.lock:
            del self.albums[album_id]

    def set_public(self, photo_id: str, is_public: bool) -> None:
        with self.lock:
            self.photos[photo_id].is_public = is_public
            self._touch(self.photos[photo_id])

    def tag_by_hand(self, photo_id: str, raw: str) -> None:
        """Tag a photo as its owner does on the site."""
        self.add_tags(self.photos[photo_id], [raw], by_application=False)

    def untag_by_hand(self, photo_id: str, raw: str) -> None:
        with self.lock:
            photo = self.photos[photo_id]
            photo.tags = [tag for tag in photo.tags if tag.clean != self.clean(raw)]
            self._touch(photo)

    def clean(self, raw: str) -> str:
        """Return the form that tags are compared in."""
        return tags.clean(raw, drops_symbols=self.drops_symbols)

    def own_photos(self) -> list[Photo]:
        """Return the user's photos, the latest upload first."""
        with self.lock:
            own = [photo for photo in self.photos.values() if photo.owner == self.user.nsid]
        return sorted(own, key=lambda photo: (photo.uploaded, photo.id), reverse=True)

    def add_tags(self, photo: Photo, raws: Iterable[str], *, by_application: bool = True) -> list[Tag]:
        """Add the tags that the photo lacks, and return them.

        Raises:
            TooManyTagsError: if there would be more than 75; then none was added.
        """
        with self.lock:
            new: dict[str, str] = {}
            for raw in raws:
                clean = self.clean(raw)
                if clean and not photo.tag(clean):
                    new.setdefault(clean, raw)
            if len(photo.tags) + len(new) > tags.MOST_TAGS:
                raise TooManyTagsError
            added = [self._new_tag(photo, raw, by_application=by_application) for raw in new.values()]
            photo.tags += added
            if added:
                self._touch(photo)
            return added

    def remove_tag(self, tag_id: str) -> Tag | None:
        """Remove a tag, and return it, or None if there is none of this id."""
        with self.lock:
            for photo in self.photos.values():
                for tag in photo.tags:
                    if tag.id == tag_id:
                        photo.tags.remove(tag)
                        self._touch(photo)
                        return tag
        return None

    def set_tags(self, photo: Photo, raws: Iterable[str]) -> None:
        with self.lock:
            photo.tags = []
            self.add_tags(photo, raws)

    def _leave(self, album: Album, photo_ids: Sequence[str]) -> None:
        """Take photos out of an album; one that is empty by that is no more."""
        left = [photo_id for photo_id in album.photos if photo_id not in photo_ids]
        if len(left) < len(album.photos):
            album.photos, album.updated = left, max(int(self._now()), album.updated + 1)

    def _touch(self, photo: Photo) -> None:
        photo.updated = max(int(self._now()), photo.updated + 1)  # two changes within a second look like one

    def _new_tag(self, photo: Photo, raw: str, *, by_application: bool = False) -> Tag:
        return Tag(
            id=f"{self.user.nsid.partition('@')[0]}-{photo.id}-{next(self._tag_numbers)}",
            author=self.user.nsid,
            author_name=self.user.username,
            raw=raw,
            clean=self.clean(raw),
            by_application=by_application,
        )
