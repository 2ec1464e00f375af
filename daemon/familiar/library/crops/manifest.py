"""faces.json: the crops in a folder, and their sources."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter

from familiar.effects.replacement import replace_files
from familiar.errors import FamiliarError
from familiar.library.crops.options import RecordedOptions
from familiar.library.manifests import ManifestFile
from familiar.logs import printable

MANIFEST_NAME = "faces.json"

_STRICT = ConfigDict(extra="forbid")
"""What is not known here would be lost when the file is written again."""

_FileName = Annotated[str, Field(pattern=r"^[^/\x00]+$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePhoto:
    """A reference photo of a person, with its path then; unknown fields are None.

    `embedding` is the SHA-256 of the face's embedding, which identifies the person after a rename.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    path: str | None
    hash: str | None
    width: int | None
    height: int | None
    embedding: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReference:
    """The person that was searched for, with all references of the model."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    person: str
    count: int
    photos: tuple[ReferencePhoto, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """A reference photo: its size in pixels, and the face's box in it."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    image: str
    hash: str
    image_width: int
    image_height: int
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CroppedFace:
    """One crop: its name in the folder, and the face in pixels of the upright original.

    `source` is for people, `uri` is exact; `copies` are other paths of the same content. `distance` and
    `score` are None for a face that can't be compared; `size` is the shorter side of its box, `scale` is pixels of the
    crop for one of the original; `quality` is that of the face, None if unknown; `time` is that of the frame in a
    video, in seconds.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    file: _FileName
    source: str
    hash: str
    x: int
    y: int
    width: int
    height: int
    distance: float | None
    score: float | None
    size: int
    sharpness: float
    scale: float
    engine: str
    quality: float | None = None
    time: float | None = None
    uri: str | None = None
    copies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """A photo without a crop; `hash` is None where the file could not be read, `copies` have the same content."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    path: str
    hash: str | None
    reason: str
    copies: tuple[str, ...] = ()


Reference: TypeAlias = PersonReference | ImageReference


@dataclass(frozen=True, slots=True, kw_only=True)
class CropManifest:
    """All that is known of a folder of crops."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    format: Literal["familiar faces 1"] = "familiar faces 1"
    coordinates: Literal["pixels of the upright original"] = "pixels of the upright original"
    engine: str
    reference: Reference
    settings: RecordedOptions
    faces: tuple[CroppedFace, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()

    @property
    def copies(self) -> set[str]:
        """All paths that have the same content as another one."""
        paths = (*(face.copies for face in self.faces), *(one.copies for one in self.unmatched))
        return set(chain.from_iterable(paths))


_FILE = ManifestFile(name=MANIFEST_NAME, content=TypeAdapter(CropManifest), remedy="choose another folder with --to")


def read_manifest(folder: Path) -> CropManifest | None:
    """Return the manifest of a folder of crops; None for a new folder, or one without a manifest.

    Raises:
        UsageError: it is not a folder, or its manifest is damaged or of another program; it is never replaced.
    """
    return _FILE.read(folder)


def write_manifests(manifests: Mapping[Path, CropManifest]) -> None:
    """Write the manifests of some folders, all or none; the folders are created if needed.

    Raises:
        FamiliarError: one can't be written; then the previous ones remain, and no folder was created.
    """
    missing = dict.fromkeys(
        above for folder in manifests for above in (folder, *folder.parents) if not os.path.exists(above)
    )
    try:
        replace_files({folder / MANIFEST_NAME: _FILE.write(manifest) + b"\n" for folder, manifest in manifests.items()})
    except FamiliarError:
        for folder in sorted(missing, key=lambda path: len(path.parts), reverse=True):
            with suppress(OSError):
                folder.rmdir()
        raise


def shown_path(path: Path) -> str:
    """Return a path as text; bytes that are not UTF-8 are escaped."""
    return printable(path)
