"""The account on Flickr."""

import re
from typing import Literal

from pydantic import Field, field_validator

from familiar.settings.section import Days, Megabytes, Minutes, Pixels, Seconds, Section


class FlickrSettings(Section):
    """The account on Flickr: its photos come as from a folder, and tags go back."""

    enabled: bool = Field(
        default=False, description="true: let the daemon work on Flickr, too; log in first: `familiar flickr login`."
    )
    every: Minutes = Field(default=15.0, gt=0, le=1440, description="Time between two looks for what has changed.")
    full_every: Days = Field(
        default=7.0, gt=0, le=365, description="Time between two whole listings, which find what was deleted."
    )
    order: Literal["newest", "oldest"] = Field(default="newest", description="Which photos come first.")
    max_size: Pixels | None = Field(
        default=2048,
        ge=75,
        le=20000,
        description="The largest size whose longer side is at most this is fetched; null: the original.",
    )
    videos: bool = Field(default=False, description="Take videos, too.")
    keep: Literal["cache", "none"] = Field(
        default="cache", description="none: remove each file when all is done with it; faces stay."
    )
    cache: Megabytes = Field(default=2000, ge=1, description="Size of the files that are kept; the oldest go first.")
    tags: bool = Field(default=True, description="Let the daemon send tags; false: only by `familiar flickr push`.")
    calls_per_hour: int = Field(
        default=3600, ge=10, le=3600, description="Calls of the API in an hour, by all uses; Flickr allows no more."
    )
    reserve: int = Field(
        default=300, ge=0, le=3500, description="Of them so many are for tags and commands; the listing leaves them."
    )
    downloads_per_hour: int = Field(default=20000, ge=10, description="Files from the image servers in an hour.")
    downloads: int = Field(default=4, ge=1, le=16, description="Files that are fetched at the same time.")
    timeout: Seconds = Field(default=30.0, gt=0, le=600, description="Time for an answer.")
    backoff: Seconds = Field(
        default=2.0, gt=0, le=60, description="Time before the first of some tries more; each waits twice as long."
    )
    endpoint: str | None = Field(
        default=None,
        description="Address of another server with Flickr's API, as in https://flickr.example; null: Flickr itself.",
    )

    @property
    def later(self) -> float:
        """Seconds until what failed again and again is tried once more."""
        return 30 * self.backoff

    @field_validator("endpoint")
    @classmethod
    def _is_safe(cls, value: str | None) -> str | None:
        local = r"http://(localhost|127(\.\d+){3}|\[::1\])(:\d+)?"
        if value is not None and not re.fullmatch(rf"(https://[^/\s?#@]+|{local})/?", value):
            raise ValueError("should be https://HOST, or http:// with this machine: http://127.0.0.1:8080")
        return value
