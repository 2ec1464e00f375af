"""Settings of the review page."""

import re
from ipaddress import ip_address

from pydantic import Field, field_validator

from familiar.settings.section import Megabytes, Section


class ReviewSettings(Section):
    """The review page, on which faces are named in a browser."""

    serve: bool = Field(
        default=False,
        description="Whether the daemon serves the page, in a process of its own; `familiar review --address` prints "
        "its address.",
    )
    listen: str = Field(
        default="127.0.0.1",
        description="The IP address at which the page is served; only this computer reaches 127.0.0.1. Others, such as "
        "0.0.0.0 for all addresses, need a password, which `familiar review --set-password` sets, and a proxy for "
        "encryption.",
    )
    port: int = Field(default=8750, ge=0, le=65_535, description="The port; 0: any that is free.")
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

    @field_validator("listen")
    @classmethod
    def _check_listen(cls, listen: str) -> str:
        try:
            return str(ip_address(listen))
        except ValueError:
            raise ValueError("should be an IP address such as 127.0.0.1, 192.168.1.5 or 0.0.0.0") from None

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
