"""Settings of the review page."""

from typing import Annotated

from pydantic import Field, StringConstraints

from familiar.settings.section import Megabytes, Section

_Prefix = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9._~-]+)*$", max_length=100)]
_Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.\[\]:-]+$", max_length=255)]


class ReviewSettings(Section):
    """The review page, on which faces are named in a browser."""

    port: int = Field(default=8750, ge=0, le=65_535, description="The port on this computer; 0: any that is free.")
    prefix: _Prefix = Field(
        default="", description='Start of all paths, such as "/faces", if a proxy passes only these on; not stripped.'
    )
    hosts: tuple[_Host, ...] = Field(
        default=(),
        description="Names, with the port if it is not the usual one, by which a proxy makes the page known; requests "
        "for any other name are refused.",
    )
    cache: Megabytes = Field(
        default=500, ge=1, le=1_000_000, description="Largest size of the pictures that are kept in the state folder."
    )
