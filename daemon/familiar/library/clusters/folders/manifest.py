"""What was exported where: the file in an exported folder by which changes are known."""

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
"""Whoever is put into this folder, nobody wants to know who that is."""

NOT_A_FACE = "_not-a-face"
"""What is put into this folder is no face."""

SPECIAL = (IGNORE, NOT_A_FACE)

_Id: TypeAlias = Annotated[int, Field(ge=1, lt=2**62)]
_Sha256: TypeAlias = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFace:
    """The folder that a crop was put into, the cluster of its face then, and the SHA-256 of its photo.

    `missing` says that the crop has gone since with all others of its folder, about which nothing was decided. `sha256`
    is that of the crop as it was written; None if it is not known: earlier versions did not write it down.
    """

    folder: str
    cluster: _Id | None
    photo: str
    missing: bool = False
    sha256: _Sha256 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFolder:
    """Whose folder it is, under the real name, or None; and the clusters that it stands for."""

    person: str | None
    clusters: tuple[_Id, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """What an export still has to do once its manifest is written.

    `staging` is the hidden folder from which its crops come. `crops` are the former ones to remove, by their paths,
    with the SHA-256 that proves that they are ours, and `folders` are the former folders to remove if they are empty.
    """

    staging: str
    crops: Mapping[str, _Sha256]
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterManifest:
    """All folders by name, and all faces by id; `unfinished` until everything is in its place."""

    folders: Mapping[str, ExportedFolder]
    faces: Mapping[_Id, ExportedFace]
    unfinished: Unfinished | None = None
    format: Literal["familiar clusters 1"] = "familiar clusters 1"


_FILE = ManifestFile(name=MANIFEST_NAME, content=TypeAdapter(ClusterManifest), remedy="export into an empty folder")


def read_manifest(folder: Path) -> ClusterManifest:
    """Return what was exported into a folder.

    Raises:
        UsageError: there is no such folder, nothing was exported into it, or what says so is damaged.
    """
    manifest = _FILE.read(folder)
    if manifest is not None:
        return manifest
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder.")
    raise UsageError(
        f"{folder}: was not exported: it has no {MANIFEST_NAME}; `familiar clusters export {folder}` fills an empty "
        "folder."
    )


def is_manifest(data: bytes) -> bool:
    """Return whether a file was written by `write_manifest`."""
    return _FILE.is_one(data)


def write_manifest(folder: Path, manifest: ClusterManifest, *, place: Path | None = None, new: bool = False) -> None:
    """Write down what lies in a folder now, in one step.

    Args:
        folder: as messages call it.
        manifest: what lies there.
        place: another path to the folder, if it is held open.
        new: never replace one that is there.

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
