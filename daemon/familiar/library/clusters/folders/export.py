"""Write the crops of clusters into folders: all of them or none, and never over another file."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from familiar.errors import FamiliarError, UsageError
from familiar.library.clusters.folders.contents import visible
from familiar.library.clusters.folders.face_markers import crop_name
from familiar.library.clusters.folders.manifest import (
    SPECIAL,
    ClusterManifest,
    ExportedFace,
    ExportedFolder,
)
from familiar.library.clusters.folders.replacement import PreviousExport, staging
from familiar.library.folder_names import folder_names
from familiar.library.qualities import face_of_quality
from familiar.library.thumbnails import FaceThumbnails
from familiar.plurals import counted
from familiar.settings import FolderSettings
from familiar.sources.patterns import Patterns
from familiar.store.clusters.clusters import ClusterFace, ClusterRow
from familiar.store.store import Store

SIZE = 256
"""Width and height of a crop, in pixels."""

_AT_ONCE = 256
"""Number of crops in memory at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderExport:
    """A folder to write: its name, its person, its clusters, and the faces whose crops it gets."""

    name: str
    person: str | None
    clusters: tuple[int, ...]
    faces: tuple[ClusterFace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written, and the faces without a crop, whose photos are gone or can't be read.

    `kept` are the paths of earlier crops that are kept because they were changed.
    """

    manifest: ClusterManifest
    without: tuple[int, ...]
    kept: tuple[str, ...]


def choose_portions(
    store: Store, *, wanted: Sequence[int], unnamed: bool, most: int | None, min_quality: float = 0.0
) -> list[FolderExport]:
    """Return the folders to write, the largest cluster first; all clusters of a person share one.

    Args:
        store: the store.
        wanted: clusters; if there are none, all except the ignored ones.
        unnamed: only clusters without a name.
        most: largest number of faces of a cluster, those nearest to the centre first.
        min_quality: the least quality of a face.

    Raises:
        UsageError: there is no such cluster, or it is ignored.
        FamiliarError: there is nothing to export.
    """
    rows = {row.id: row for row in map(store.clusters.find, wanted)} or {row.id: row for row in store.clusters.all()}
    for row in rows.values():
        if wanted and row.kind == "ignored":
            raise UsageError(f"Cluster {row.id} is ignored, so it is not exported; undo that first.")
    by_person: dict[str, list[ClusterRow]] = {}
    alone = {f"cluster-{row.id}": [row] for row in rows.values() if row.kind == "unnamed"}
    for row in rows.values():
        if row.name is not None and not unnamed:
            by_person.setdefault(row.name, []).append(row)
    names = folder_names(list(by_person), taken=[*alone, *SPECIAL])
    whole = {**alone, **{names[person]: theirs for person, theirs in by_person.items()}}
    if not whole:
        raise FamiliarError("There are no clusters to export; `familiar clusters run` groups faces.")
    portions = [
        FolderExport(
            name=name,
            person=theirs[0].name,
            clusters=tuple(row.id for row in theirs),
            faces=tuple(
                face for row in theirs for face in store.clusters.faces(row.id, min_quality=min_quality)[:most]
            ),
        )
        for name, theirs in whole.items()
    ]
    portions = [portion for portion in portions if portion.faces]
    if not portions:
        raise FamiliarError(f"No cluster to export has a {face_of_quality(min_quality)}; lower --min-quality.")
    return portions


def check_target(folder: Path) -> None:
    """Check that crops can be written into a folder that is new, or empty.

    Raises:
        UsageError: it is neither.
    """
    try:
        entries = visible(folder)
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise UsageError(f"{folder}: is not a folder.") from error
    except OSError as error:
        raise UsageError(f"{folder}: can't be read: {error.strerror}.") from error
    if entries:
        raise UsageError(f"{folder}: is not empty (it has {entries[0].name!r}); use a folder that is new or empty.")


def refuse_watched(folder: Path, watched: Sequence[FolderSettings]) -> None:
    """Check that the daemon would not handle crops in a folder as photos.

    Raises:
        UsageError: it would.
    """
    real = Path(os.path.realpath(folder))
    for root in watched:
        top = Path(os.path.realpath(root.path))
        crop = real / "cluster-1" / crop_name(1)
        if crop.is_relative_to(top) and Patterns(root.model_copy(update={"path": top})).takes(crop):
            raise UsageError(
                f"{folder} is in {root.path}, which is watched, so that crops would be handled as photos; use a folder "
                "outside of it."
            )


async def export_crops(
    folder: Path,
    portions: Sequence[FolderExport],
    portraits: FaceThumbnails,
    progress: Callable[[int, int], None],
    former: PreviousExport | None = None,
) -> Exported:
    """Write the crops of all faces into a folder; they replace those of an earlier export.

    Raises:
        RetryError: they can't be written for now; the message says whether the folder is as it was.
        UsageError: another command exports into the folder, or has done so since `former` was read.
        FamiliarError: none of the photos can be read.
    """
    faces = [(portion, face) for portion in portions for face in portion.faces]
    written: dict[int, ExportedFace] = {}
    with staging(folder, former) as stage:
        for start in range(0, len(faces), _AT_ONCE):
            part = faces[start : start + _AT_ONCE]
            pictures = await portraits.of(
                [face for _, face in part],
                size=SIZE,
                suffix=".jpg",
                progress=_shifted(progress, before=start, total=len(faces)),
            )
            for portion, face in part:
                if face.id in pictures:
                    written[face.id] = stage.add(portion.name, face, pictures[face.id])
        if not written:
            wanted = counted(len(faces), "face")
            raise FamiliarError(f"Nothing was exported: {wanted}, but no photo of them can be read.")
        manifest, kept = stage.finish(ClusterManifest(folders=_folders(portions, written), faces=written))
    without = tuple(face.id for _, face in faces if face.id not in written)
    return Exported(manifest=manifest, without=without, kept=kept)


def _folders(portions: Sequence[FolderExport], written: Mapping[int, ExportedFace]) -> dict[str, ExportedFolder]:
    used = {exported.folder for exported in written.values()}
    return {
        portion.name: ExportedFolder(person=portion.person, clusters=portion.clusters)
        for portion in portions
        if portion.name in used
    }


def _shifted(progress: Callable[[int, int], None], *, before: int, total: int) -> Callable[[int, int], None]:
    return lambda done, _: progress(before + done, total)
