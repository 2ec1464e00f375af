"""The account on Flickr."""

import re
from typing import Literal

from pydantic import Field, field_validator

from familiar.settings.section import Section


class FlickrSettings(Section):
    """The account on Flickr: its photos come as from a folder, and tags go back."""

    enabled: bool = Field(default=False, description="Let the daemon work on Flickr, too; log in first.")
    every: float = Field(default=15.0, gt=0, le=1440, description="Minutes between two looks for what has changed.")
    full_every: float = Field(
        default=7.0, gt=0, le=365, description="Days between two whole listings, which find what was deleted."
    )
    order: Literal["newest", "oldest"] = Field(default="newest", description="Which photos come first.")
    max_size: int | None = Field(
        default=2048,
        ge=75,
        le=20000,
        description="The largest size at or below this longer side (pixels) is fetched; null: the original.",
    )
    videos: bool = Field(default=False, description="Take videos, too.")
    keep: Literal["cache", "none"] = Field(
        default="cache", description="none: remove each file when all is done with it; faces stay."
    )
    cache: int = Field(default=2000, ge=1, description="Megabytes of files that are kept; the oldest go first.")
    tags: bool = Field(default=True, description="Let the daemon send tags; false: only by familiar flickr push.")
    calls_per_hour: int = Field(default=3600, ge=10, le=3600, description="Calls of the API in an hour, by all uses.")
    reserve: int = Field(
        default=300, ge=0, le=3500, description="Of them so many are for tags and commands; the listing leaves them."
    )
    downloads_per_hour: int = Field(default=20000, ge=10, description="Files from the image servers in an hour.")
    downloads: int = Field(default=4, ge=1, le=16, description="Files that are fetched at the same time.")
    timeout: float = Field(default=30.0, gt=0, le=600, description="Seconds for an answer.")
    backoff: float = Field(
        default=2.0, gt=0, le=60, description="Seconds before the first of some tries more; each waits twice as long."
    )
    endpoint: str | None = Field(
        default=None, description="Address of another server with Flickr's API; null: Flickr itself."
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
