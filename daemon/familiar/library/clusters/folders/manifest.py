"""What was exported where: the file in an exported folder by which changes are known."""

import errno
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from familiar.effects.writing import written
from familiar.errors import RetryError, UsageError
from familiar.filesystem.files import no_pulse
from familiar.filesystem.folders import Entry, Folder, rename_new, replace
from familiar.filesystem.regular_files import read_regular
from familiar.names import name_key

MANIFEST_NAME = ".familiar-clusters.json"

IGNORE = "_ignore"
"""Whoever is put into this folder, nobody wants to know who that is."""

NOT_A_FACE = "_not-a-face"
"""What is put into this folder is no face."""

SPECIAL = (IGNORE, NOT_A_FACE)

_UNSAFE = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')
"""What can't stand in a folder's name here or on the file systems of sticks and network shares."""

_LONGEST = 230
"""Bytes of a folder's name, which leaves room for a number."""

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


_MANIFEST = TypeAdapter(ClusterManifest)


def read_manifest(folder: Path) -> ClusterManifest:
    """Return what was exported into a folder.

    Raises:
        UsageError: there is no such folder, nothing was exported into it, or what says so is damaged.
    """
    path = folder / MANIFEST_NAME
    try:
        return _MANIFEST.validate_json(read_regular(path))
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise UsageError(f"{folder}: there is no such folder.") from error
        raise UsageError(
            f"{folder}: was not exported: it has no {MANIFEST_NAME}; `familiar clusters export {folder}` fills an "
            "empty folder."
        ) from error
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"{path}: damaged ({f'{where}: ' if where else ''}{first['msg']}), so nothing can be told about this "
            "folder; export into an empty one."
        ) from error


def is_manifest(data: bytes) -> bool:
    """Say whether a file was written by `write_manifest`."""
    try:
        _MANIFEST.validate_json(data)
    except ValidationError:
        return False
    return True


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
            with written(_MANIFEST.dump_json(manifest, indent=1), target.with_name(name), pulse=no_pulse) as made:
                if new:
                    rename_new(made.entry, target)
                else:
                    replace(made.entry, target)
    except OSError as error:
        where = folder / MANIFEST_NAME
        raise RetryError(f"{where}: can't be written: {error.strerror or errno.errorcode[error.errno or 0]}") from error


def safe_name(person: str) -> str:
    """Return a person's name as a folder can have it on any file system; it is not hidden, and no special one."""
    cleaned = _UNSAFE.sub("_", person).strip()
    stem = cleaned.rstrip(". ")
    cleaned = stem + "_" * (len(cleaned) - len(stem))
    bare = cleaned.lstrip(".")
    cleaned = "_" * (len(cleaned) - len(bare)) + bare
    return cleaned.encode()[:_LONGEST].decode(errors="ignore").strip() or "_"


def folder_names(people: Sequence[str], *, taken: Sequence[str]) -> dict[str, str]:
    """Return a folder for each person, each another one; one that is taken or given already gets a number."""
    used = {name_key(name) for name in taken}
    names = {}
    for person in people:
        wish = name = safe_name(person)
        number = 1
        while name_key(name) in used:
            number += 1
            name = f"{wish} ({number})"
        used.add(name_key(name))
        names[person] = name
    return names
