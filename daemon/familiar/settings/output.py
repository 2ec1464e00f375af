"""What is written beside the photos, and into the log."""

from typing import Literal

from pydantic import Field

from familiar.settings.section import Seconds, Section


class SidecarSettings(Section):
    """XMP files beside the photos, by which other programs learn who is on them, and say it."""

    write: bool = Field(
        default=False, description="Write names and faces into a sidecar beside each photo; what others wrote stays."
    )
    read: bool = Field(default=False, description="Take named faces in sidecars of other programs for confirmed.")

    @property
    def any(self) -> bool:
        """Whether sidecars are heeded at all."""
        return self.write or self.read


class LogSettings(Section):
    """The log, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least level that is logged."
    )
    format: Literal["auto", "json", "text"] = Field(default="auto", description="auto: text on a terminal, else JSON.")
    heartbeat: Seconds = Field(
        default=60.0, ge=1, description="Time between two heartbeats, which tell how the daemon is."
    )
