"""Lists of albums, and of the photos in one, as values; what can't be understood is left out and counted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from familiar.flickr.api.details import read_text
from familiar.flickr.api.errors import expecting
from familiar.flickr.api.listing import PHOTO_ID

PER_PAGE = 500
"""Albums, or photos in one, on a page; Flickr gives no more."""

_ID = re.compile(r"[0-9]{1,30}")
_MOST = 10_000_000
"""More photos than an album has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumEntry:
    """One album of a list: when it was changed (seconds since 1970), and how many photos and videos it has.

    `asked` are those of the photos that were asked about which are in it; None if the list does not say so.
    """

    id: str
    title: str
    updated: int
    photos: int
    asked: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumPage:
    """One page of a list of albums, how many pages and albums there are, and how many entries can't be understood.

    `total` is None if the list does not say it.
    """

    pages: int
    total: int | None
    albums: tuple[AlbumEntry, ...]
    odd: int = 0


def read_albums(answer: dict[str, Any]) -> AlbumPage:
    """Return the page in an answer of `photosets.getList`.

    Raises:
        PassingError: there is none.
    """
    with expecting("albums"):
        whole = answer["photosets"]
        entries = whole.get("photoset", [])
        albums = tuple(album for entry in entries if (album := _understood(entry)) is not None)
        return AlbumPage(pages=_pages(whole), total=_total(whole), albums=albums, odd=len(entries) - len(albums))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumPhotos:
    """One page of the photos of an album, by their ids, and how many pages and photos there are; `total` as above."""

    pages: int
    total: int | None
    ids: tuple[str, ...]


def read_album_photos(answer: dict[str, Any]) -> AlbumPhotos:
    """Return the page in an answer of `photosets.getPhotos`.

    Raises:
        PassingError: there is none.
    """
    with expecting("photos of an album"):
        whole = answer["photoset"]
        ids = tuple(str(photo["id"]) for photo in whole["photo"])
        return AlbumPhotos(
            pages=_pages(whole), total=_total(whole), ids=tuple(id_ for id_ in ids if PHOTO_ID.fullmatch(id_))
        )


def _understood(entry: Any) -> AlbumEntry | None:
    try:
        id_ = str(entry["id"])
        album = AlbumEntry(
            id=id_,
            title=read_text(entry.get("title")) or id_,
            updated=int(entry.get("date_update") or 0),
            photos=_count(entry, "photos") + _count(entry, "videos"),
            asked=_asked(entry.get("has_requested_photos")),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    is_possible = 0 <= album.updated < 1 << 60 and 0 <= album.photos <= _MOST
    return album if _ID.fullmatch(id_) and is_possible else None


def _count(entry: Mapping[str, Any], name: str) -> int:
    return int(entry.get(name, entry.get(f"count_{name}")) or 0)


def _asked(value: Any) -> frozenset[str] | None:
    """Return ids that come as a list, of texts or of mappings, or as one text with commas."""
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, Mapping):
        value = value.get("photo", value.get("photo_id"))
    if not isinstance(value, list):
        return None
    ids = (str(one.get("id", one.get("_content", ""))) if isinstance(one, Mapping) else one for one in value)
    return frozenset(id_ for id_ in (str(one or "").strip() for one in ids) if PHOTO_ID.fullmatch(id_))


def _total(whole: Mapping[str, Any]) -> int | None:
    return int(whole["total"]) if whole.get("total") not in {None, ""} else None


def _pages(whole: Mapping[str, Any]) -> int:
    return max(int(whole.get("pages", 1)), 1)
