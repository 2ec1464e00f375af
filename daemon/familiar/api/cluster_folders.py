"""Clusters as folders of pictures: exported, changed with any file manager, and imported again."""

from collections.abc import Sequence
from pathlib import Path

from familiar.api.session import Session
from familiar.errors import UsageError
from familiar.library.arguments import check_instance, check_number
from familiar.library.clusters.folders.contents import read_folder
from familiar.library.clusters.folders.export import Exported, choose_portions, export_crops, refuse_watched
from familiar.library.clusters.folders.folder_import import (
    FolderImport,
    carry_out_import,
    previous_export,
    read_import,
    remember_import,
)
from familiar.library.clusters.folders.imports import ChangeResult
from familiar.library.clusters.folders.manifest import read_manifest
from familiar.library.clusters.folders.recovery import recover
from familiar.library.qualities import check_quality, rate_for
from familiar.library.thumbnails import FaceThumbnails
from familiar.settings import FolderSettings


def export_clusters(
    session: Session,
    folder: Path,
    *,
    clusters: Sequence[int],
    unnamed: bool,
    most: int | None,
    min_quality: float,
    again: bool,
) -> Exported:
    """Write a crop of each face into a folder; `FaceClusters.export` says more."""
    check_number("most", most, 1)
    check_quality(min_quality)
    if clusters and unnamed:
        raise UsageError("--cluster and --unnamed can't be used together: name clusters, or export all without a name.")
    settings, store = session.settings, session.store()
    known = [FolderSettings(path=root.path) for root in store.roots.all()]
    refuse_watched(folder, [*settings.folders, *known])
    former = previous_export(store, folder, model=session.model, again=again)
    rate_for(store, min_quality)
    portions = choose_portions(store, wanted=clusters, unnamed=unnamed, most=most, min_quality=min_quality)

    async def export() -> Exported:
        tasks = sum(len(portion.faces) for portion in portions)
        async with session.workers(tasks, networks=False) as workers:
            thumbnails = FaceThumbnails(store=store, workers=workers)
            with session.progress("cutting out faces") as count:
                return await export_crops(folder, portions, thumbnails, count, former)

    return session.run(export())


def plan_import(session: Session, folder: Path) -> FolderImport:
    """Return what was changed in a folder since its export; `FaceClusters.plan_import` says more."""
    model = session.model  # settings that are wrong are refused before anything is done
    recover(folder)
    manifest = read_manifest(folder)
    store = session.store()
    with session.progress("looking at crops") as count:
        contents = read_folder(folder, count)
    return read_import(store, folder, manifest, contents, model=model)


def apply_import(session: Session, wanted: FolderImport) -> list[ChangeResult]:
    """Apply a plan; `FaceClusters.apply_import` says more."""
    check_instance("wanted", wanted, FolderImport, "what plan_import returned")
    store = session.store()
    with session.progress("deciding") as count:
        results = carry_out_import(store, wanted, count)
    session.rematch()
    remember_import(store, wanted, results)
    return results
