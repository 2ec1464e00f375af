"""Classify the content of an exported folder (pure): crops by their faces, and what is refused, with the reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from familiar.library.clusters.folders.face_markers import FaceMarker
from familiar.library.clusters.folders.manifest import ClusterManifest
from familiar.library.clusters.folders.plan import FolderContents, FolderFile, ImportRefusal, StoreSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """Crops, and the rest.

    `crops` has the one folder that holds the crop of each face. `spared` are faces whose files say nothing. `occupied`
    are the folders that have crops, `unclear` those that may hold missing crops: "" is everywhere.
    """

    crops: Mapping[int, str]
    spared: frozenset[int]
    occupied: frozenset[str]
    unclear: frozenset[str]
    refused: tuple[ImportRefusal, ...]


def classify(manifest: ClusterManifest, contents: FolderContents, snapshot: StoreSnapshot) -> Classification:
    """Classify the content of an exported folder."""
    crops: dict[int, list[FolderFile]] = {}
    refused: list[ImportRefusal] = []
    spared: set[int] = set()
    unclear: set[str] = set()
    for file in contents.files:
        mark = _mark_of(file, manifest)
        trouble = file.trouble or _trouble_with(file, mark, snapshot)
        if trouble is None and mark is not None:
            crops.setdefault(mark.face, []).append(file)
            continue
        refused.append(ImportRefusal(path=file.path, reason=trouble or ""))
        spared.update(face for face in (mark.face if mark else None, file.named) if face is not None)
        if mark is None and file.hides:
            unclear.add(file.folder)
    unique = {face: files[0].folder for face, files in crops.items() if len(_folders(files)) == 1}
    for face in crops.keys() - unique.keys():
        spared.add(face)
        refused += _copies(face, crops[face])
    return Classification(
        crops=unique,
        spared=frozenset(spared),
        occupied=frozenset(file.folder for files in crops.values() for file in files),
        unclear=frozenset(unclear),
        refused=tuple(sorted(refused, key=lambda one: one.path)),
    )


def _mark_of(file: FolderFile, manifest: ClusterManifest) -> FaceMarker | None:
    """Return what the comment in a crop says, or else its name, if that face was exported: editors drop comments."""
    exported = None if file.named is None else manifest.faces.get(file.named)
    if file.mark is not None or file.named is None or exported is None:
        return file.mark
    return FaceMarker(face=file.named, photo=exported.photo)


def _trouble_with(file: FolderFile, mark: FaceMarker | None, snapshot: StoreSnapshot) -> str | None:
    if mark is None:
        return "it is not a crop of this export: neither a comment in it nor its name says which face it shows"
    known = snapshot.photos.get(mark.face)
    if known is None:
        return f"its face {mark.face} is unknown in this store"
    if known != mark.photo:
        return f"its face {mark.face} is in another photo in this store: it was exported from another store"
    if not file.folder:
        return "it is not in a folder; move it into one"
    return None


def _copies(face: int, files: Iterable[FolderFile]) -> list[ImportRefusal]:
    where = " and in ".join(_folders(files))
    return [
        ImportRefusal(
            path=file.path, reason=f"face {face} is in {where}; keep it in one of them, and delete the copies"
        )
        for file in files
    ]


def _folders(files: Iterable[FolderFile]) -> list[str]:
    return sorted({file.folder for file in files})
