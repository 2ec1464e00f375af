"""The folders that are watched."""

from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from familiar.media import PHOTOS, RAWS, VIDEOS
from familiar.settings.section import AbsolutePath, Section

FLICKR = "flickr"
"""Name of the source of photos from Flickr; no folder has it."""

DEFAULT_INCLUDE = (*PHOTOS, *RAWS, *VIDEOS)
"""Names that are taken for photos, videos among them; upper and lower case are alike."""

DEFAULT_EXCLUDE = (
    ".*", "@eaDir", "#recycle", "#snapshot", "$RECYCLE.BIN", "System Volume Information", "lost+found",
    "*.part", "*.partial", "*.crdownload", "*.download", "*.tmp", "*.temp", "~*", "*~",
)  # fmt: skip
"""Names of folders and files that are never looked into: hidden ones, NAS indices, bins, snapshots, partial files."""


def folder_name(path: Path) -> str:
    """Return the name of a folder as a source; `flickr` alone is what comes from Flickr."""
    return "flickr (folder)" if path.name == FLICKR else path.name


class FolderSettings(Section):
    """The folders to watch, each with everything below it. A path alone is enough: `- ~/Pictures`."""

    path: AbsolutePath = Field(description="The folder; ~ is your home.")
    name: str | None = Field(default=None, description="The name of this source in rules; null: the folder's own name.")
    include: tuple[str, ...] = Field(
        default=DEFAULT_INCLUDE, description="File names to take, as shell patterns; upper and lower case are alike."
    )
    exclude: tuple[str, ...] = Field(
        default=DEFAULT_EXCLUDE,
        description="Names of files and folders to leave out; with a slash: the path from this folder.",
    )
    recursive: bool = Field(default=True, description="Take what lies in folders below it, too.")
    polling: bool | None = Field(
        default=None,
        description="true: compare the folder every 30 s instead of waiting for events; null: only on network file "
        "systems, which send none.",
    )

    @field_validator("name")
    @classmethod
    def _is_free(cls, value: str | None) -> str | None:
        if value == FLICKR:
            raise ValueError("should be another name, as 'flickr' is what comes from Flickr")
        return value

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, value: Any) -> Any:
        """Take a path alone for a folder with all defaults."""
        return {"path": value} if isinstance(value, str) else value

    @property
    def source(self) -> str:
        """Name of this source in rules and in the log."""
        return self.name or folder_name(self.path) or str(self.path)
