"""The whole configuration."""

from typing import Annotated, TypeAlias

from pydantic import Discriminator, Field, Tag

from familiar.media import JPEG_XL, RAWS, VIDEOS, has_raw_decoder, jpeg_xl_plugin
from familiar.settings.backlog import BacklogSettings
from familiar.settings.companions import CompanionSettings
from familiar.settings.faces import ClusteringSettings, MatchingSettings
from familiar.settings.flickr import FlickrSettings
from familiar.settings.folders import FolderSettings
from familiar.settings.output import LogSettings, SidecarSettings
from familiar.settings.review import ReviewSettings
from familiar.settings.section import AbsolutePath, Minutes, Seconds, Section
from familiar.settings.vision import VisionSettings
from familiar.settings.workers import WorkerSettings

FlickrAccounts: TypeAlias = Annotated[tuple[FlickrSettings, ...], Field(min_length=1)]


def _how_many(plain: object) -> str:
    return "several" if isinstance(plain, list | tuple) else "one"


class Settings(Section):
    """The whole configuration."""

    folders: tuple[FolderSettings, ...] = Field(
        default=(), description="The folders to watch, each with its subfolders."
    )
    rules: AbsolutePath | None = Field(
        default=None,
        description="The rules file; a relative path starts at the folder of this file. null: rules.yaml there, if it "
        "exists.",
    )
    settle: Seconds = Field(
        default=5.0,
        ge=0,
        le=3600,
        description="Time without changes and events before a file is read.",
    )
    rescan: Minutes = Field(
        default=60.0,
        gt=0,
        description="Time between two full scans of the folders, which find what events missed.",
    )
    wait_for_daemon: float = Field(
        default=600.0,
        ge=0,
        le=86_400,
        description="Seconds that a command waits for the daemon or another command that makes no progress, the daemon "
        "for a command when it starts, and a scan for a store that can't be written.",
    )
    give_up_after: Minutes = Field(
        default=60.0,
        gt=0,
        description="Time after which a daemon that can't work at all (a store that can't be written, failing calls of "
        "the system, workers that can't be started) exits with 1, so that the service manager starts it again and "
        "shows the failure.",
    )
    backlog: BacklogSettings = BacklogSettings()
    vision: VisionSettings = VisionSettings()
    workers: WorkerSettings = WorkerSettings()
    matching: MatchingSettings = MatchingSettings()
    clustering: ClusteringSettings = ClusteringSettings()
    flickr: Annotated[
        Annotated[FlickrSettings, Tag("one")] | Annotated[FlickrAccounts, Tag("several")], Discriminator(_how_many)
    ] = FlickrSettings()
    sidecars: SidecarSettings = SidecarSettings()
    companions: CompanionSettings = CompanionSettings()
    review: ReviewSettings = ReviewSettings()
    log: LogSettings = LogSettings()

    @property
    def accounts(self) -> tuple[FlickrSettings, ...]:
        """The accounts on Flickr, at least one; those that are not enabled are used by commands alone."""
        return self.flickr if isinstance(self.flickr, tuple) else (self.flickr,)

    @property
    def accounts_without_albums(self) -> tuple[str, ...]:
        """The names of the accounts whose albums Flickr is not asked about."""
        return tuple(account.name for account in self.accounts if not account.follows_albums)

    def without_videos(self) -> "Settings":
        """Return these settings without videos."""
        return self.model_copy(update={"vision": self.vision.model_copy(update={"videos": False})})

    @property
    def doubts(self) -> tuple[str, ...]:
        """What may be meant otherwise in the patterns of folders."""
        return tuple(doubt for folder in self.folders for doubt in folder.doubts)

    def watched(self, folder: FolderSettings) -> FolderSettings:
        """Return a folder without the file types that are switched off or can't be decoded in this installation."""
        left_out = {
            *(() if self.vision.videos else VIDEOS),
            *(() if has_raw_decoder() else RAWS),
            *(() if jpeg_xl_plugin() else JPEG_XL),
        }
        include = tuple(pattern for pattern in folder.include if pattern not in left_out)
        return folder.model_copy(update={"include": include})
