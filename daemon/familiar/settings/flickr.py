"""The accounts on Flickr."""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from familiar.albums import AlbumChoice
from familiar.model import FLICKR
from familiar.settings.section import Days, Megabytes, Minutes, Pixels, Seconds, Section

_TAKEN = {"photos", "flickr-key", "flickr-token"}
"""Names in the folder of the first account, in which the others have theirs."""


def _as_albums(plain: object) -> object:
    """Return a list of texts: a value alone becomes one, and ids, which YAML has as numbers, are texts.

    Raises:
        ValueError: the list is empty, or what is in it can't name an album.
    """
    if plain is None:
        return None
    listed = plain if isinstance(plain, list | tuple) else [plain]
    if not listed or not all(type(one) in {str, int} and one != "" for one in listed):
        raise ValueError("should be a title, a pattern or an id of an album, a list of them, or null")
    return tuple(str(one) if type(one) is int else one for one in listed)


class FlickrSettings(Section):
    """An account on Flickr: its photos are handled as those of a folder, and tags are sent back.

    Several accounts are a list, each with a name and settings of its own.
    """

    name: str = Field(default=FLICKR, description="The name of this source in rules, in the log, and for --account.")

    enabled: bool = Field(
        default=False, description="true: let the daemon sync with Flickr; log in first with `familiar flickr login`."
    )
    every: Minutes = Field(default=15.0, gt=0, le=1440, description="Time between two polls for changes.")
    full_every: Days = Field(
        default=7.0, gt=0, le=365, description="Time between two full listings, which find deleted photos."
    )
    order: Literal["newest", "oldest"] = Field(default="newest", description="Order in which photos are fetched.")
    max_size: Pixels | None = Field(
        default=2048,
        ge=75,
        le=20000,
        description="Fetch the largest size with a longer side of at most this; null: the original.",
    )
    albums: Annotated[
        tuple[str, ...] | None,
        BeforeValidator(_as_albums, json_schema_input_type=str | int | list[str | int] | None),
    ] = Field(
        default=None,
        description="Albums whose photos are fetched: titles, patterns of titles (*, ?) or ids, in a list; also none "
        "(photos that are in no album), any, or all (every photo). null: every photo, without asking for albums.",
    )
    videos: bool = Field(default=False, description="Include videos.")
    keep: Literal["cache", "none"] = Field(
        default="cache", description="none: remove each file after it is handled; faces are kept."
    )
    cache: Megabytes = Field(default=2000, ge=1, description="Total size of kept files; the oldest are removed first.")
    tags: bool = Field(default=True, description="Let the daemon send tags; false: only with `familiar flickr push`.")
    people: bool = Field(
        default=False,
        description="Let the daemon ask who is marked on photos with faces without a name: one call a photo.",
    )
    calls_per_hour: int = Field(
        default=3600, ge=10, le=3600, description="API calls in an hour, in total; this is the limit of Flickr."
    )
    reserve: int = Field(
        default=300, ge=0, le=3500, description="Calls of these that are reserved for tags and commands."
    )
    downloads_per_hour: int = Field(default=7200, ge=10, description="Downloads from the image servers in an hour.")
    downloads: int = Field(default=2, ge=1, le=16, description="Simultaneous downloads.")
    download_pause: Seconds = Field(
        default=0.5,
        ge=0,
        le=60,
        description="Time between the starts of two downloads; when the image servers refuse downloads, it gets longer "
        "for a while.",
    )
    timeout: Seconds = Field(
        default=30.0, gt=0, le=600, description="Time limit for an answer or a file; a long one may take longer."
    )
    backoff: Seconds = Field(
        default=2.0, gt=0, le=60, description="Wait before the first retry; each further wait is twice as long."
    )
    endpoint: str | None = Field(
        default=None,
        description="Address of another server with Flickr's API, such as https://flickr.example; null: Flickr.",
    )

    @property
    def later(self) -> float:
        """Seconds between retries after repeated failures."""
        return 30 * self.backoff

    @property
    def follows_albums(self) -> bool:
        """Whether Flickr is asked about albums."""
        return self.albums is not None

    @property
    def album_choice(self) -> AlbumChoice | None:
        """The albums whose photos are fetched; None for all photos, without asking for albums."""
        return None if self.albums is None else AlbumChoice(texts=self.albums)

    @field_validator("name")
    @classmethod
    def _is_name(cls, value: str) -> str:
        if not re.fullmatch(r"\w[\w.-]{0,63}", value) or value.casefold() in _TAKEN:
            raise ValueError("should be letters, digits, '.', '-' and '_', as in ana; it is the name of a folder, too")
        return value

    @field_validator("endpoint")
    @classmethod
    def _is_safe(cls, value: str | None) -> str | None:
        local = r"http://(localhost|127(\.\d+){3}|\[::1\])(:\d+)?"
        if value is not None and not re.fullmatch(rf"(https://[^/\s?#@]+|{local})/?", value):
            raise ValueError("should be https://HOST, or http:// for this machine only: http://127.0.0.1:8080")
        return value
