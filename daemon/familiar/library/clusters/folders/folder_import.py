"""An exported folder as a whole: the changes that were made in it, and the export that it was before."""

import os
from dataclasses import dataclass
from pathlib import Path

from familiar.errors import RetryError, UsageError
from familiar.library.clusters.folders.contents import read_folder
from familiar.library.clusters.folders.diff import plan_changes
from familiar.library.clusters.folders.export import check_target
from familiar.library.clusters.folders.imports import ChangeResult, carry_out, read_snapshot, settle
from familiar.library.clusters.folders.manifest import MANIFEST_NAME, ClusterManifest, read_manifest, write_manifest
from familiar.library.clusters.folders.plan import FolderContents, ImportPlan
from familiar.library.clusters.folders.recovery import recover
from familiar.library.clusters.folders.replacement import PreviousExport, check_unchanged, former_of
from familiar.library.progress import Count
from familiar.plurals import counted
from familiar.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderImport:
    """A plan for an exported folder, with what it was made from: the manifest, and the content of the folder.

    `model` is the model in use, whose embeddings become references.
    """

    folder: Path
    model: str
    manifest: ClusterManifest
    contents: FolderContents
    plan: ImportPlan


def read_import(
    store: Store, folder: Path, manifest: ClusterManifest, contents: FolderContents, *, model: str
) -> FolderImport:
    """Return what was changed in a folder since it was exported.

    Raises:
        UsageError: it was exported from another store.
    """
    snapshot = read_snapshot(store, manifest, contents)
    faces = manifest.faces.items()
    if faces and not any(snapshot.photos.get(face) == exported.photo for face, exported in faces):
        raise UsageError(f"{folder}: was exported from another store; none of its faces is known here.")
    plan = plan_changes(manifest, contents, snapshot)
    return FolderImport(folder=folder, model=model, manifest=manifest, contents=contents, plan=plan)


def carry_out_import(store: Store, wanted: FolderImport, progress: Count) -> list[ChangeResult]:
    """Apply a plan, one change after another; one that can't be made is reported, and the others are applied.

    Raises:
        UsageError: clusters or the folder were changed since the plan was made; nothing is changed.
    """
    folder, manifest, model = wanted.folder, wanted.manifest, wanted.model
    if read_manifest(folder) != manifest or (
        read_import(store, folder, manifest, wanted.contents, model=model) != wanted
    ):
        raise UsageError("Clusters were changed in the meantime, so nothing was done; run the import again.")
    return carry_out(store, wanted.plan.changes, model=model, progress=progress)


def remember_import(store: Store, wanted: FolderImport, results: list[ChangeResult]) -> None:
    """Write down what is where now, unless another command has exported there since.

    Raises:
        RetryError: it can't be written.
    """
    snapshot = read_snapshot(store, wanted.manifest, wanted.contents)
    manifest = settle(wanted.manifest, wanted.contents, wanted.plan, results, snapshot)
    try:
        check_unchanged(wanted.folder, wanted.manifest)
        write_manifest(wanted.folder, manifest)
    except RetryError as error:
        raise RetryError(f"All changes are in `familiar clusters log`, but {error}; export again.") from error
    except UsageError as error:
        raise RetryError(f"All changes are in `familiar clusters log`, but {error}") from error


def previous_export(store: Store, folder: Path, *, model: str, again: bool) -> PreviousExport | None:
    """Check that crops can be written into a folder; return the earlier export in it.

    Args:
        store: the store.
        folder: the folder to export into.
        model: the model in use.
        again: an earlier export may be replaced.

    Raises:
        UsageError: it is not empty, was exported before, or has changes that were not imported.
    """
    recover(folder)
    if not os.path.lexists(folder / MANIFEST_NAME):
        check_target(folder)
        return None
    manifest = read_manifest(folder)
    if not again:
        raise UsageError(
            f"{folder}: has an earlier export; `familiar clusters import {folder}` applies the changes in it, and "
            "`familiar clusters export --again` replaces it."
        )
    contents = read_folder(folder)
    plan = read_import(store, folder, manifest, contents, model=model).plan
    if plan.changes:
        raise UsageError(
            f"{folder}: has {counted(len(plan.changes), 'change')} not imported yet; "
            f"run `familiar clusters import {folder}` first, or export into an empty folder."
        )
    if plan.refused:
        first = plan.refused[0]
        raise UsageError(f"{folder}: {first.path} can't be replaced: {first.reason}; move it elsewhere first.")
    return former_of(manifest, contents)
