"""The configuration: every setting with its default and its bounds.

The file is read by `read_settings`; whatever is wrong in it is reported with file, line, column, key, value and what
would be right. Without a file all defaults hold.
"""

import importlib.metadata
import importlib.util
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from familiar.errors import ConfigurationError, Problem
from familiar.yaml_source import Attempt, Value, parse, place_of

FLICKR = "flickr"
"""Name of the source of photos from Flickr; no folder has it."""

VIDEOS = (
    "*.mp4", "*.m4v", "*.mov", "*.3gp", "*.avi", "*.mkv", "*.webm", "*.mts", "*.m2ts", "*.mpg", "*.mpeg", "*.wmv",
)  # fmt: skip
"""Names of videos."""

RAWS = (
    "*.dng", "*.cr2", "*.cr3", "*.crw", "*.nef", "*.nrw", "*.arw", "*.srf", "*.sr2", "*.orf", "*.rw2", "*.raf",
    "*.pef", "*.srw", "*.erf", "*.mrw", "*.3fr", "*.iiq", "*.rwl", "*.kdc", "*.dcr", "*.x3f",
)  # fmt: skip
"""Names of RAW files."""

PHOTOS = (
    "*.jpg", "*.jpeg", "*.jpe", "*.jfif", "*.png", "*.webp", "*.tif", "*.tiff",
    "*.gif", "*.bmp", "*.heic", "*.heif", "*.avif",
)  # fmt: skip
"""Names of pictures."""

DEFAULT_INCLUDE = (*PHOTOS, *RAWS, *VIDEOS)
"""Names that are taken for photos, videos among them; upper and lower case are alike."""

DEFAULT_EXCLUDE = (
    ".*", "@eaDir", "#recycle", "#snapshot", "$RECYCLE.BIN", "System Volume Information", "lost+found",
    "*.part", "*.partial", "*.crdownload", "*.download", "*.tmp", "*.temp", "~*", "*~",
)  # fmt: skip
"""Names of folders and files that are never looked into: hidden ones, NAS indices, bins, snapshots, partial files."""


def _absolute(path: Path) -> Path:
    """Expand `~` and make the path absolute, without following links.

    Raises:
        ValueError: it begins with the home of a user who does not exist.
    """
    try:
        return Path(os.path.abspath(path.expanduser()))
    except RuntimeError as error:
        raise ValueError("should begin with / or ~/, or the home of a user who exists") from error


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def folder_name(path: Path) -> str:
    """Return the name of a folder as a source; `flickr` alone is what comes from Flickr."""
    return "flickr (folder)" if path.name == FLICKR else path.name


class FolderSettings(_Section):
    """One watched folder (a root) with everything below it."""

    path: AbsolutePath = Field(description="The folder; ~ is your home.")
    name: str | None = Field(default=None, description="Name of the source in rules; the folder's own name by default.")
    include: tuple[str, ...] = Field(default=DEFAULT_INCLUDE, description="File names to take, as shell patterns.")
    exclude: tuple[str, ...] = Field(
        default=DEFAULT_EXCLUDE,
        description="Names of files and folders to leave out; with a slash: path from the root.",
    )
    recursive: bool = Field(default=True, description="Take what lies in folders below it, too.")
    polling: bool | None = Field(
        default=None,
        description="Watch by polling; by default only on network file systems, which send no events.",
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


_PRESETS: dict[str, dict[str, Any]] = {
    "fast": {"detector": "mtcnn", "upsample": 1, "max_size": 800},
    "balanced": {"detector": "mtcnn", "upsample": 1, "max_size": 1200},
    "thorough": {"detector": "mtcnn", "upsample": 2, "max_size": 2000},
}
"""What each preset stands for (docs/detection.md)."""

_BALANCED = _PRESETS["balanced"]


class VisionSettings(_Section):
    """How photos are decoded and faces found."""

    preset: Literal["fast", "balanced", "thorough"] = Field(
        default="balanced", description="Sets detector, upsample and max_size; each may still be set by itself."
    )
    engine: Literal["onnx", "dlib"] = Field(
        default="onnx", description="onnx runs dlib's networks, with the same numbers, many times faster."
    )
    detector: Literal["mtcnn", "hog", "cnn"] = Field(
        default=_BALANCED["detector"], description="mtcnn is fast and finds turned faces; hog and cnn are dlib's."
    )
    upsample: int = Field(
        default=_BALANCED["upsample"], ge=0, le=3, description="Doublings before detection: each finds smaller faces."
    )
    max_size: int = Field(
        default=_BALANCED["max_size"],
        ge=256,
        le=20000,
        description="Photos are reduced to this longer side (pixels) for detection.",
    )
    mirror: bool = Field(
        default=True,
        description="Encode each face and its mirror image, and keep the mean: better, and twice the time.",
    )
    videos: bool = Field(default=True, description="Take videos, too.")
    video_interval: float = Field(
        default=1.0, gt=0, le=3600, description="Seconds between two frames of a video that are looked at."
    )
    video_frames: int = Field(
        default=1000, ge=1, description="Most frames of one video; in longer ones the interval grows."
    )
    video_time_limit: float = Field(
        default=600.0, gt=0, description="Seconds for one video; after them, what was found by then counts."
    )
    workers: int | None = Field(default=None, ge=1, le=256, description="Worker processes; one a core by default.")
    batch: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Photos that a worker looks at together; 16 by default on a GPU, else 1.",
    )
    time_limit: float = Field(default=60.0, gt=0, description="Seconds for one photo, then it is set aside.")
    memory_limit: int = Field(default=1500, ge=500, description="Megabytes a worker may use.")
    max_megapixels: int = Field(default=200, ge=1, description="Larger pictures are set aside undecoded.")
    recycle: int = Field(default=2000, ge=1, description="Photos after which a worker is replaced by a fresh one.")

    @property
    def model(self) -> str:
        """Id of the embeddings that these settings give: only those of the same id can be compared.

        Both engines run the same network, and give the same numbers.
        """
        return "dlib-resnet-v1-mirrored" if self.mirror else "dlib-resnet-v1"

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, value: Any) -> Any:
        """Fill in what the preset stands for, where nothing else is asked for."""
        if not isinstance(value, dict):
            return value
        preset = value.get("preset", "balanced")
        chosen = _PRESETS.get(preset, {}) if isinstance(preset, str) else {}
        if value.get("engine") == "dlib":
            chosen = {**chosen, "detector": "hog"}
        return {**chosen, **value}

    @field_validator("detector")
    @classmethod
    def _is_in_engine(cls, value: str, info: ValidationInfo) -> str:
        if value == "mtcnn" and info.data.get("engine") == "dlib":
            raise ValueError("should be 'hog' or 'cnn', as dlib has no mtcnn")
        return value


LONGEST_CLIP = 5.0
"""Longest moving part of a live photo, in seconds; what is longer beside a still is a video of its own."""


def is_photo(path: Path) -> bool:
    """Return whether a file is a photo by its name, and no video."""
    return f"*{path.suffix.lower()}" in PHOTOS or is_raw(path)


def is_video(path: Path) -> bool:
    """Return whether a file is a video by its name."""
    return f"*{path.suffix.lower()}" in VIDEOS


def is_raw(path: Path) -> bool:
    """Return whether a file is a RAW file by its name."""
    return f"*{path.suffix.lower()}" in RAWS


def has_gpu_build() -> bool:
    """Return whether ONNX Runtime is installed in its build for GPUs, an extra."""
    try:
        importlib.metadata.version("onnxruntime-gpu")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def has_raw_decoder() -> bool:
    """Return whether rawpy is installed, an extra that decodes RAW files."""
    return importlib.util.find_spec("rawpy") is not None


class MatchingSettings(_Section):
    """When a face counts as a person."""

    threshold: float = Field(
        default=0.44, gt=0, le=2, description="Largest distance of a match, unless a person has their own."
    )
    margin: float = Field(
        default=0.02, ge=0, le=1, description="Two people nearer to each other than this are ambiguous."
    )
    nearest: int = Field(
        default=7,
        ge=1,
        le=100,
        description="A face is compared with the centre of so many nearest references that look alike.",
    )


class ClusteringSettings(_Section):
    """How faces without a person are grouped."""

    every: float | None = Field(
        default=1.0, gt=0, le=24 * 365, description="Hours between two rounds of the daemon; null: only when asked for."
    )
    algorithm: Literal["linkage", "whispers", "hdbscan"] = Field(
        default="linkage", description="linkage suits few and many photos of a person; the others are for comparison."
    )
    threshold: float | None = Field(
        default=None, gt=0, le=2, description="Largest distance, in the algorithm's own sense; larger ones group more."
    )
    min_faces: int = Field(default=2, ge=2, le=1000, description="Fewest faces of a new cluster.")
    min_size: int = Field(default=0, ge=0, description="Faces with a shorter side (pixels) are left alone.")
    same_photo: bool = Field(
        default=False, description="Let two faces of one photo be one person: for mirrors and collages."
    )
    memory: int = Field(default=2000, ge=100, description="Megabytes that grouping may use, beside the faces.")


class FlickrSettings(_Section):
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


class SidecarSettings(_Section):
    """XMP files beside the photos, by which other programs learn who is on them, and say it."""

    write: bool = Field(default=False, description="Write names and faces into a sidecar beside each photo.")
    read: bool = Field(default=False, description="Take named faces in sidecars of other programs for confirmed.")

    @property
    def any(self) -> bool:
        """Whether sidecars are heeded at all."""
        return self.write or self.read


class LogSettings(_Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )
    format: Literal["auto", "json", "text"] = Field(default="auto", description="auto: text on a terminal, else JSON.")
    heartbeat: float = Field(default=60.0, ge=1, description="Seconds between two heartbeats of the daemon.")


class Settings(_Section):
    """The whole configuration."""

    folders: tuple[FolderSettings, ...] = Field(default=(), description="The folders to watch.")
    rules: AbsolutePath | None = Field(
        default=None, description="The file with the rules; beside this file if relative."
    )
    settle: float = Field(
        default=5.0, ge=0, le=3600, description="Seconds a file must lie unchanged before it is read."
    )
    rescan: float = Field(
        default=60.0, gt=0, description="Minutes between two comparisons of the folders with the store."
    )
    vision: VisionSettings = VisionSettings()
    matching: MatchingSettings = MatchingSettings()
    clustering: ClusteringSettings = ClusteringSettings()
    flickr: FlickrSettings = FlickrSettings()
    sidecars: SidecarSettings = SidecarSettings()
    log: LogSettings = LogSettings()

    def without_videos(self) -> "Settings":
        """Return these settings, with videos left alone."""
        return self.model_copy(update={"vision": self.vision.model_copy(update={"videos": False})})

    def watched(self, folder: FolderSettings) -> FolderSettings:
        """Return a folder without the kinds of files that are not wanted, or can't be decoded in this installation."""
        left_out = {*(() if self.vision.videos else VIDEOS), *(() if has_raw_decoder() else RAWS)}
        include = tuple(pattern for pattern in folder.include if pattern not in left_out)
        return folder.model_copy(update={"include": include})


def read_settings(file: Path, text: str) -> Settings:
    """Return the configuration in `text`; a relative path of `rules` counts from the folder of `file`.

    Raises:
        ConfigurationError: something is wrong; all of it is reported.
    """
    root = parse(file, text)
    if root is None:
        return Settings()
    with Attempt():
        _check_keys(root, Settings)
    root.document.check()
    plain: dict[str, Any] = {}
    with Attempt():
        plain = root.plain
    root.document.check()
    if isinstance(plain.get("rules"), str):
        plain["rules"] = str(file.parent / os.path.expanduser(plain["rules"]))
    try:
        settings = Settings.model_validate(plain)
    except ValidationError as error:
        raise ConfigurationError(_as_problem(root, file, dict(item)) for item in error.errors()) from error
    _check_folders(root, settings.folders)
    return settings


def settings_schema() -> dict[str, Any]:
    """Return the JSON schema of the configuration."""
    return Settings.model_json_schema()


def settings_as_yaml(settings: Settings) -> str:
    """Return all settings as YAML, which `read_settings` reads."""
    return yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _check_keys(value: Value, section: type[BaseModel]) -> None:
    """Complain of unknown keys, at their own places."""
    for key, inner in value.keys(section.model_fields).items():
        for model in _sections_in(section.model_fields[key].annotation):
            with Attempt():
                for item in inner.items() if key == "folders" else [inner]:
                    with Attempt():
                        if not (key == "folders" and isinstance(item.plain, str)):
                            _check_keys(item, model)


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    kinds = [annotation, *get_args(annotation)]
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]


def _as_problem(root: Value, file: Path, error: dict[str, Any]) -> Problem:
    line, column, key = place_of(root, error["loc"])
    if error["type"] == "missing":
        message = f"the key {error['loc'][-1]!r} is missing"
    else:
        wanted = str(error["msg"]).removeprefix("Input ").removeprefix("Value error, ")
        message = f"{error['input']!r} is wrong; it {wanted[:1].lower()}{wanted[1:]}"
    return Problem(file=file, line=line, column=column, key=key, message=message)


def _check_folders(root: Value, folders: tuple[FolderSettings, ...]) -> None:
    """Refuse folders that lie in each other, and two sources of one name.

    Raises:
        ConfigurationError: there are such.
    """
    values = root.keys(Settings.model_fields)["folders"].items() if folders else []
    for number, (folder, value) in enumerate(zip(folders, values, strict=True)):
        for other in folders[:number]:
            if folder.path.is_relative_to(other.path) or other.path.is_relative_to(folder.path):
                value.complain(
                    f"{folder.path} and {other.path} lie in each other; a folder is watched with all below it"
                )
            elif folder.source == other.source:
                value.complain(f"there is a source {folder.source!r} already; give this one another `name`")
    root.document.check()
