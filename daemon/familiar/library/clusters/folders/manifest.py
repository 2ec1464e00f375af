"""The manifest: the file in an exported folder that says what was exported, so that changes can be found."""

import errno
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from familiar.effects.temporary_files import written
from familiar.errors import RetryError, UsageError
from familiar.filesystem.files import no_pulse
from familiar.filesystem.folders import Entry, Folder, rename_new, replace
from familiar.library.manifests import ManifestFile

MANIFEST_NAME = ".familiar-clusters.json"

IGNORE = "_ignore"
"""Clusters and crops in this folder are ignored."""

NOT_A_FACE = "_not-a-face"
"""Crops in this folder are not faces."""

SPECIAL = (IGNORE, NOT_A_FACE)

_Id: TypeAlias = Annotated[int, Field(ge=1, lt=2**62)]
_Sha256: TypeAlias = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFace:
    """The folder of a crop, the cluster of its face at the export, and the SHA-256 of its photo.

    `missing` says that the crop is gone with all others of its folder, about which nothing was decided. `sha256` is
    that of the crop as it was written; None if it is unknown: earlier versions did not write it down.
    """

    folder: str
    cluster: _Id | None
    photo: str
    missing: bool = False
    sha256: _Sha256 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFolder:
    """The person of a folder, by their real name, or None; and the clusters that the folder stands for."""

    person: str | None
    clusters: tuple[_Id, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """What an export still has to do after its manifest was written.

    `staging` is the hidden folder that holds its crops. `crops` are the earlier crops to remove, by path, with the
    SHA-256 that proves that familiar wrote them, and `folders` are the earlier folders to remove if they are empty.
    """

    staging: str
    crops: Mapping[str, _Sha256]
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterManifest:
    """All folders by name, and all faces by id; `unfinished` until the export is complete."""

    folders: Mapping[str, ExportedFolder]
    faces: Mapping[_Id, ExportedFace]
    unfinished: Unfinished | None = None
    format: Literal["familiar clusters 1"] = "familiar clusters 1"


_FILE = ManifestFile(name=MANIFEST_NAME, content=TypeAdapter(ClusterManifest), remedy="export into an empty folder")


def read_manifest(folder: Path) -> ClusterManifest:
    """Return what was exported into a folder.

    Raises:
        UsageError: there is no such folder, it has no export, or the manifest is damaged.
    """
    manifest = _FILE.read(folder)
    if manifest is not None:
        return manifest
    if not folder.is_dir():
        raise UsageError(f"{folder}: the folder does not exist.")
    raise UsageError(
        f"{folder}: has no export: there is no {MANIFEST_NAME} in it; `familiar clusters export {folder}` writes one "
        "into an empty folder."
    )


def is_manifest(data: bytes) -> bool:
    """Return whether a file was written by `write_manifest`."""
    return _FILE.is_one(data)


def write_manifest(folder: Path, manifest: ClusterManifest, *, place: Path | None = None, new: bool = False) -> None:
    """Write the manifest of a folder, in one step.

    Args:
        folder: its path for messages.
        manifest: the manifest.
        place: another path of the folder, if it is held open.
        new: never replace an existing manifest.

    Raises:
        RetryError: it can't be written for now.
    """
    name = f".familiar-{secrets.token_hex(8)}.tmp"
    try:
        with Folder(folder, os.open(place or folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as held:
            target = Entry(held, MANIFEST_NAME)
            with written(_FILE.write(manifest), target.with_name(name), pulse=no_pulse) as made:
                if new:
                    rename_new(made.entry, target)
                else:
                    replace(made.entry, target)
    except OSError as error:
        where = folder / MANIFEST_NAME
        raise RetryError(f"{where}: can't be written: {error.strerror or errno.errorcode[error.errno or 0]}") from error
