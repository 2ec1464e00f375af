"""Settings of the review page."""

import re

from pydantic import Field, field_validator

from familiar.settings.section import Megabytes, Section


class ReviewSettings(Section):
    """The review page, on which faces are named in a browser."""

    port: int = Field(default=8750, ge=0, le=65_535, description="The port on this computer; 0: any that is free.")
    prefix: str = Field(
        default="",
        max_length=100,
        description="Start of all paths, such as `/faces`, if a proxy passes only these on, unchanged.",
    )
    hosts: tuple[str, ...] = Field(
        default=(),
        description="Names by which a proxy makes the page known, with the port if it is not the usual one; requests "
        "for any other name are refused.",
    )
    cache: Megabytes = Field(
        default=500, ge=1, le=1_000_000, description="Largest size of the pictures that are kept in the state folder."
    )

    @field_validator("prefix")
    @classmethod
    def _check_prefix(cls, prefix: str) -> str:
        if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", prefix):
            raise ValueError("should be empty, or a path such as /faces, without a slash at its end")
        return prefix

    @field_validator("hosts")
    @classmethod
    def _check_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not re.fullmatch(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?", host):
                raise ValueError("should be names such as photos.example, with a port if it is not the usual one")
        return hosts
