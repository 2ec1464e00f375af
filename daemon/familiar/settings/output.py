"""Settings of sidecars and of the log."""

from typing import Literal

from pydantic import Field

from familiar.settings.section import Seconds, Section


class SidecarSettings(Section):
    """XMP files next to the photos, which exchange names and face areas with other programs."""

    write: bool = Field(
        default=False,
        description="Write names and face areas to a sidecar next to each photo; data of other programs is kept.",
    )
    flickr: bool = Field(
        default=True,
        description="Write what the owner of a photo says on Flickr, too: title, description, tags, albums, place, "
        "date and licence.",
    )
    read: bool = Field(
        default=False,
        description="Confirm faces that other programs named in sidecars, and read the dates of photos that have none.",
    )

    @property
    def any(self) -> bool:
        """Whether sidecars are read or written."""
        return self.write or self.read


class LogSettings(Section):
    """The log, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Lowest level that is logged."
    )
    format: Literal["auto", "json", "text"] = Field(default="auto", description="auto: text on a terminal, else JSON.")
    heartbeat: Seconds = Field(
        default=60.0, ge=1, description="Time between two heartbeats, which log the state of the daemon."
    )
