"""What is written beside the photos, and into the log."""

from typing import Literal

from pydantic import Field

from familiar.settings.section import Section


class SidecarSettings(Section):
    """XMP files beside the photos, by which other programs learn who is on them, and say it."""

    write: bool = Field(default=False, description="Write names and faces into a sidecar beside each photo.")
    read: bool = Field(default=False, description="Take named faces in sidecars of other programs for confirmed.")

    @property
    def any(self) -> bool:
        """Whether sidecars are heeded at all."""
        return self.write or self.read


class LogSettings(Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )
    format: Literal["auto", "json", "text"] = Field(default="auto", description="auto: text on a terminal, else JSON.")
    heartbeat: float = Field(default=60.0, ge=1, description="Seconds between two heartbeats of the daemon.")
