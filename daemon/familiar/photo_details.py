"""What the owner of a photo on Flickr says of it: title, description, date, place and licence."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Granularity: TypeAlias = Literal["second", "month", "year", "circa"]
"""How much of a date is known: all of it, year and month, the year, or about which year it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDate:
    """When a photo was taken, as its owner says: the first moment of what is known, local, without a zone."""

    moment: datetime
    granularity: Granularity = "second"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a photo was taken, in degrees: north and east are positive."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoDetails:
    """What the owner of a photo says of it; `license` is the number of one of Flickr's licences."""

    title: str = ""
    description: str = ""
    taken: OwnDate | None = None
    place: Place | None = None
    license: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """An album on Flickr; several may have one title."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """A licence: its name, and the address of its text, which may be empty."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What a sidecar says of a photo in its owner's words: `tags` as they were written, `albums` by their titles."""

    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    taken: OwnDate | None = None
    place: Place | None = None
    license: License | None = None
