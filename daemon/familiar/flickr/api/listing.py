"""Pages of a photo listing as values; entries are validated."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from familiar.flickr.api import details
from familiar.flickr.api.details import read_details, read_text
from familiar.flickr.api.errors import PassingError, expecting
from familiar.model import Media, Visibility
from familiar.photo_details import PhotoDetails

PER_PAGE = 500
"""Photos on a page; Flickr gives no more."""

EXTRAS = (
    f"date_upload,last_update,media,tags,machine_tags,{','.join(details.EXTRAS)},"
    "url_o,url_6k,url_5k,url_4k,url_3k,url_k,url_h,url_l,url_c,url_z,url_m,url_n,url_s,url_t"
)
"""What a listing is requested beside ids: with it no photo needs calls of its own."""

_NAMED = {
    "t": 100,
    "s": 240,
    "n": 320,
    "m": 500,
    "z": 640,
    "c": 800,
    "l": 1024,
    "h": 1600,
    "k": 2048,
    "3k": 3072,
    "4k": 4096,
    "5k": 5120,
    "6k": 6144,
}
"""The longer sides of the sizes, by the ends of their names in a listing."""
_STREAMS = {"288p": 512, "iphone_wifi": 480, "360p": 640, "700": 640, "appletv": 1280, "720p": 1280, "1080p": 1920}
"""The longer sides of the files of a video, about, by the types of its streams."""
_SQUARES = frozenset({"url_sq", "url_q"})
_PLAYERS = frozenset({".swf", ".m3u8", ".mpd"})
"""Suffixes of players and playlists, which are not videos."""

_VISIBLE_TO: Mapping[str, Visibility] = {"ispublic": "public", "isfriend": "friends", "isfamily": "family"}
"""The fields that say who can see a photo."""

_TOLD_BY: Mapping[str, tuple[str, ...]] = {
    "dateupload": ("uploaded",),
    "lastupdate": ("updated",),
    **dict.fromkeys(("datetaken", "datetakengranularity", "datetakenunknown"), ("taken", "granularity")),
    **dict.fromkeys(("latitude", "longitude", "accuracy"), ("latitude", "longitude")),
    **dict.fromkeys(_VISIBLE_TO, ("visibility",)),
    **{name: (name,) for name in ("media", "title", "description", "license", "tags", "machine_tags")},
}
"""What is not told by an entry that lacks a field, or has nothing in it."""

_LARGEST = 253_402_300_799
"""The last second of the year 9999, after which there is no date; no count and no side is larger."""

PHOTO_ID = re.compile(r"[0-9A-Za-z@_-]{1,64}")
"""The form of the id of a photo, and of its secret; both become parts of file names."""
_SUFFIX = re.compile(r"\.[a-z0-9]{2,5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One size of a photo: its address, its sides in pixels (0 if unknown), the longer one by its name."""

    url: str
    width: int = 0
    height: int = 0
    named: int = 0
    is_original: bool = False

    @property
    def pixels(self) -> int:
        """The longer side."""
        return max(self.width, self.height) or self.named

    @property
    def suffix(self) -> str:
        """The suffix of the file at the address, with its dot."""
        suffix = PurePosixPath(urlsplit(self.url).path).suffix.lower()
        return suffix if _SUFFIX.fullmatch(suffix) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingEntry:
    """One photo of a listing; `secret` changes when the photo is replaced, `details` are its owner's words.

    `visibility` is empty if the listing does not tell it; `tags` are in their cleaned form, machine tags among them.
    `untold` names what the listing does not tell, which is no change.
    """

    id: str
    secret: str
    media: Media
    updated: int
    uploaded: int
    details: PhotoDetails
    sizes: tuple[Size, ...]
    visibility: frozenset[Visibility] = frozenset()
    tags: frozenset[str] = frozenset()
    untold: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a listing, and how many pages and photos there are in all; `odd` entries can't be understood."""

    pages: int
    total: int
    photos: tuple[ListingEntry, ...]
    odd: int = 0


def read_page(answer: dict[str, Any]) -> Page:
    """Return the page in an answer.

    Raises:
        PassingError: there is none.
    """
    with expecting("listing"):
        photos = answer["photos"]
        entries = [_understood(photo) for photo in photos["photo"]]
        return Page(
            pages=_number(photos["pages"]),
            total=_number(photos["total"]),
            photos=tuple(entry for entry in entries if entry is not None),
            odd=entries.count(None),
        )


def read_sizes(answer: dict[str, Any], media: Media) -> tuple[Size, ...]:
    """Return the sizes in an answer of `photos.getSizes`, except for cropped squares; for a video, its video files.

    Raises:
        PassingError: the answer has none.
    """
    with expecting("sizes"):
        sizes = (
            Size(
                url=_address(size["source"]),
                width=_number(size.get("width")),
                height=_number(size.get("height")),
                is_original="original" in str(size.get("label", "")).lower(),
            )
            for size in answer["sizes"]["size"]
            if _media_of(size) == media and size.get("source") and not _is_other(size)
        )
        return tuple(size for size in sizes if size.suffix not in _PLAYERS)


def read_streams(answer: dict[str, Any]) -> tuple[Size, ...]:
    """Return the files in an answer of `video.getStreamInfo`, without players and playlists.

    Raises:
        PassingError: the answer has none.
    """
    with expecting("streams"):
        streams = (
            Size(
                url=_address(stream["_content"]),
                named=_STREAMS.get(str(stream.get("type")), 0),
                is_original=stream.get("type") == "orig",
            )
            for stream in answer["streams"]["stream"]
            if stream.get("_content")
        )
        return tuple(stream for stream in streams if stream.suffix not in _PLAYERS)


def read_secret(answer: dict[str, Any]) -> str:
    """Return the secret in an answer of `photos.getInfo`.

    Raises:
        PassingError: there is none in it.
    """
    with expecting("photo"):
        secret = str(answer["photo"]["secret"])
    if not PHOTO_ID.fullmatch(secret):
        raise PassingError("invalid answer: invalid secret")
    return secret


def is_processed(answer: dict[str, Any]) -> bool:
    """Return whether Flickr has done with a video, by an answer of `photos.getInfo`; where it does not tell, it has."""
    video = answer["photo"].get("video") if isinstance(answer.get("photo"), dict) else None
    if not isinstance(video, dict):
        return True
    if any(str(video.get(state)) == "1" for state in ("ready", "failed")):
        return True
    return str(video.get("pending")) != "1" and "ready" not in video


def best_size(sizes: Sequence[Size], max_size: int | None) -> Size | None:
    """Return the first of `best_sizes`, or None if there is none."""
    return next(iter(best_sizes(sizes, max_size)), None)


def best_sizes(sizes: Sequence[Size], max_size: int | None) -> list[Size]:
    """Return sizes, the best first: the largest at or below `max_size` (None: the original, then the largest).

    Those above it follow, the smallest first, and then those whose size is not known, the original first.
    """
    if max_size is None:
        return sorted(sizes, key=lambda size: (not size.is_original, -size.pixels))
    known = [size for size in sizes if size.pixels]
    fitting = [size for size in known if size.pixels <= max_size]
    return [
        *sorted(fitting, key=lambda size: -size.pixels),
        *sorted((size for size in known if size.pixels > max_size), key=lambda size: size.pixels),
        *sorted((size for size in sizes if not size.pixels), key=lambda size: not size.is_original),
    ]


def _understood(photo: Any) -> ListingEntry | None:
    """Return the photo of an entry, or None for an invalid entry, which must not stop the others."""
    try:
        return _listed(photo)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _listed(photo: dict[str, Any]) -> ListingEntry:
    id_, secret = str(photo["id"]), str(photo["secret"])
    if not PHOTO_ID.fullmatch(id_) or not PHOTO_ID.fullmatch(secret):
        raise ValueError("the id is not a valid file name")
    uploaded = _number(photo.get("dateupload"))
    return ListingEntry(
        id=id_,
        secret=secret,
        media="video" if photo.get("media") == "video" else "photo",
        updated=_number(photo.get("lastupdate")) or uploaded,
        uploaded=uploaded,
        details=read_details(photo),
        sizes=tuple(
            Size(
                url=_address(url),
                width=_number(photo.get(f"width_{name[4:]}")),
                height=_number(photo.get(f"height_{name[4:]}")),
                named=_NAMED.get(name[4:], 0),
                is_original=name == "url_o",
            )
            for name, url in photo.items()
            if name.startswith("url_") and name not in _SQUARES and url
        ),
        visibility=_visibility(photo),
        tags=frozenset(f"{read_text(photo.get('tags'))} {read_text(photo.get('machine_tags'))}".split()),
        untold=frozenset(name for field, names in _TOLD_BY.items() if photo.get(field) is None for name in names),
    )


def _visibility(photo: dict[str, Any]) -> frozenset[Visibility]:
    """Return who can see a photo; nobody else if Flickr says no to all, and not known if it does not say it."""
    told = {field: photo.get(field) for field in _VISIBLE_TO}
    found = frozenset(_VISIBLE_TO[field] for field, value in told.items() if str(value) == "1")
    if found or None in told.values():
        return found
    return frozenset({"private"})


def _media_of(size: dict[str, Any]) -> str:
    """Return what a size is of; where that is not told, the labels of films tell it: `Site MP4`, `Video Original`."""
    label = str(size.get("label", "")).lower()
    return str(size.get("media") or ("video" if "video" in label or "mp4" in label else "photo"))


def _is_other(size: dict[str, Any]) -> bool:
    """Return whether a size is only a part of the picture, or a player instead of a video."""
    label = str(size.get("label", "")).lower()
    return "square" in label or "player" in label


def _number(value: Any) -> int:
    """Return a count, a side in pixels or a time in seconds; raises ValueError, also for one that can't be right."""
    try:
        number = int(value) if value not in {None, ""} else 0
    except OverflowError as error:
        raise ValueError("the number is infinite") from error
    if not 0 <= number <= _LARGEST:
        raise ValueError("the number is out of range")
    return number


def _address(value: Any) -> str:
    """Return an address; raises ValueError for one that can't be sent, or parsed."""
    address = str(value)
    address.encode()
    urlsplit(address)
    return address
