"""The folders that are watched."""

from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from familiar.media import PHOTOS, RAWS, VIDEOS
from familiar.model import FLICKR
from familiar.path_patterns import doubt_about
from familiar.settings.section import AbsolutePath, Section

DEFAULT_INCLUDE = (*PHOTOS, *RAWS, *VIDEOS)
"""File name patterns of photos and videos; case is ignored."""

DEFAULT_EXCLUDE = (
    ".*", "@eaDir", "#recycle", "#snapshot", "$RECYCLE.BIN", "System Volume Information", "lost+found",
    "*.part", "*.partial", "*.crdownload", "*.download", "*.tmp", "*.temp", "~*", "*~",
)  # fmt: skip
"""Names of folders and files that are always skipped: hidden ones, NAS indices, bins, snapshots, partial files."""


def folder_name(path: Path) -> str:
    """Return the name of a folder as a source; `flickr` is reserved for photos from Flickr."""
    return "flickr (folder)" if path.name == FLICKR else path.name


class FolderSettings(Section):
    """The folders to watch, each with its subfolders. A path alone is enough: `- ~/Pictures`."""

    path: AbsolutePath = Field(description="The folder; ~ is your home.")
    name: str | None = Field(default=None, description="The name of this source in rules; null: the folder's own name.")
    include: tuple[str, ...] = Field(
        default=DEFAULT_INCLUDE,
        description="Patterns of file names to include: * is any text, ? one character, all else is literal, brackets, "
        "too; case is ignored.",
    )
    exclude: tuple[str, ...] = Field(
        default=DEFAULT_EXCLUDE,
        description="Patterns of names of files and folders to exclude; with a slash: of the path relative to this "
        "folder.",
    )
    recursive: bool = Field(default=True, description="Include subfolders.")
    outside_links: bool = Field(
        default=False,
        description="Include files outside of this folder to which symbolic links in it lead. Otherwise such links are "
        "skipped, so that nobody brings a private photo of somebody else into an album by a link.",
    )
    polling: bool | None = Field(
        default=None,
        description="true: scan the folder every 30 s instead of waiting for events, or less often if a scan takes "
        "more than 3 s; null: only on network file systems, which send no events.",
    )

    @field_validator("name")
    @classmethod
    def _is_free(cls, value: str | None) -> str | None:
        if value == FLICKR:
            raise ValueError("should be another name; 'flickr' is reserved for photos from Flickr")
        return value

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, value: Any) -> Any:
        """Accept a path alone as a folder with all defaults."""
        return {"path": value} if isinstance(value, str) else value

    @property
    def doubts(self) -> tuple[str, ...]:
        """What may be meant otherwise in the patterns."""
        doubts = (doubt_about(text) for text in (*self.include, *self.exclude))
        return tuple(f"folder {self.path}: {doubt}" for doubt in doubts if doubt is not None)

    @property
    def source(self) -> str:
        """Name of this source in rules and in the log."""
        return self.name or folder_name(self.path) or str(self.path)
