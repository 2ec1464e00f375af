"""Apply what changed folders mean, one decision after another, and record the new state of the export."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from familiar.errors import UsageError
from familiar.library.clusters.folders.classification import classify
from familiar.library.clusters.folders.manifest import SPECIAL, ClusterManifest, ExportedFace, ExportedFolder
from familiar.library.clusters.folders.plan import (
    AssignFaces,
    ClusterDecision,
    FolderContents,
    IgnoreCluster,
    ImportChange,
    ImportPlan,
    MergeClusters,
    NameCluster,
    NewCluster,
    NotFaces,
    StoreSnapshot,
    TakeFacesOut,
)
from familiar.library.clusters.naming import name_cluster
from familiar.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeResult:
    """The result of a change: the events of the log, or the reason why it could not be made."""

    change: ImportChange
    events: tuple[int, ...] = ()
    error: str | None = None


def read_snapshot(store: Store, manifest: ClusterManifest, contents: FolderContents) -> StoreSnapshot:
    """Return what holds now about everything that was exported, or is in the folder."""
    live = {}
    for cluster in {cluster for folder in manifest.folders.values() for cluster in folder.clusters} | {
        exported.cluster for exported in manifest.faces.values() if exported.cluster is not None
    }:
        try:
            live[cluster] = store.clusters.live(cluster)
        except UsageError:
            continue  # of another store, like its faces, which are all refused
    cluster_of, photos = {}, {}
    for cluster in set(live.values()):
        for face in store.clusters.faces(cluster):
            cluster_of[face.id], photos[face.id] = cluster, face.hash
    marked = {file.mark.face for file in contents.files if file.mark is not None}
    for face_id in (manifest.faces.keys() | marked) - photos.keys():
        found = store.clusters.face(face_id)
        if found is not None:
            cluster_of[face_id], photos[face_id] = found.cluster, found.hash
        elif (photo := store.clusters.photo_of(face_id)) is not None:
            photos[face_id] = photo
    return StoreSnapshot(
        clusters={row.id: row for row in store.clusters.all()},
        live=live,
        cluster_of=cluster_of,
        photos=photos,
        people=tuple(store.people.names()),
    )


def carry_out(
    store: Store, changes: Sequence[ImportChange], *, model: str, progress: Callable[[int, int], None]
) -> list[ChangeResult]:
    """Apply one change after another; one that can't be made is reported, and the others are applied.

    No more faces join the cluster of a folder that could not be named.
    """
    outcomes: list[ChangeResult] = []
    nameless: set[str] = set()
    for number, change in enumerate(changes, start=1):
        if change.folder and change.folder in nameless:
            outcomes.append(
                ChangeResult(change=change, error=f"not tried, because {change.folder!r} could not be named")
            )
            continue
        try:
            with store.writing():
                events = _decide(store, change.step, model)
            outcomes.append(ChangeResult(change=change, events=tuple(events)))
        except UsageError as error:
            outcomes.append(ChangeResult(change=change, error=str(error)))
            if change.what == "name":
                nameless.add(change.folder)
        progress(number, len(changes))
    return outcomes


def _decide(store: Store, step: ClusterDecision, model: str) -> list[int]:
    match step:
        case NotFaces(faces=faces):
            return [store.decisions.faces.not_a_face(faces)]
        case TakeFacesOut(cluster=cluster, faces=faces):
            return [store.decisions.faces.take_out(cluster, faces)]
        case NameCluster(cluster=cluster, name=name):
            return [name_cluster(store, cluster, name, model=model)]
        case MergeClusters(cluster=cluster, into=into):
            return [store.decisions.clusters.merge(cluster, into)]
        case AssignFaces(cluster=cluster, faces=faces):
            return [store.decisions.faces.place(cluster, faces)]
        case IgnoreCluster(cluster=cluster):
            return [store.decisions.clusters.ignore(cluster)]
        case NewCluster():
            return _make_cluster(store, step, model)


def _make_cluster(store: Store, step: NewCluster, model: str) -> list[int]:
    if step.split_from is None:
        event, cluster = store.decisions.faces.gather(step.faces)
    else:
        event, cluster = store.decisions.clusters.split(step.split_from, step.faces)
    if step.ignored:
        return [event, store.decisions.clusters.ignore(cluster)]
    return [event] if step.name is None else [event, name_cluster(store, cluster, step.name, model=model)]


def settle(
    manifest: ClusterManifest,
    contents: FolderContents,
    plan: ImportPlan,
    outcomes: Iterable[ChangeResult],
    snapshot: StoreSnapshot,
) -> ClusterManifest:
    """Return the manifest as if the folder had just been exported in its present state.

    What was refused or could not be done stays as it was, so that the next import finds it again.

    Args:
        manifest: the manifest before.
        contents: the content of the folder.
        plan: what it meant.
        outcomes: the results of the changes.
        snapshot: what holds in the store after the changes.
    """
    done = [outcome.change for outcome in outcomes if outcome.error is None]
    open_ = plan.faulty | {outcome.change.folder for outcome in outcomes if outcome.error is not None}
    homes = {folder: home for folder, home in plan.homes.items() if home not in open_}
    taken_out = {face for change in done if not change.folder for face in change.faces}
    said = {face for change in done if change.folder for face in change.faces}
    faces = {
        face: replace(exported, folder=homes.get(exported.folder, exported.folder), missing=face in plan.missing)
        for face, exported in manifest.faces.items()
        if face not in taken_out
    }
    for face, folder in classify(manifest, contents, snapshot).crops.items():
        if folder in open_:
            continue
        before = faces.get(face)
        if before is None or before.folder != folder or face in said:
            cluster = snapshot.cluster_of.get(face)
            sha256 = None if before is None else before.sha256
            faces[face] = ExportedFace(folder=folder, cluster=cluster, photo=snapshot.photos[face], sha256=sha256)
    return ClusterManifest(folders=_folders(manifest, faces, contents, homes, snapshot), faces=faces)


def _folders(
    manifest: ClusterManifest,
    faces: dict[int, ExportedFace],
    contents: FolderContents,
    homes: dict[str, str],
    snapshot: StoreSnapshot,
) -> dict[str, ExportedFolder]:
    """Return the folders that exist, or whose faces are missing, with the clusters that they stand for now."""
    clusters: dict[str, set[int]] = {}
    for exported in faces.values():
        if exported.folder not in SPECIAL:
            clusters.setdefault(exported.folder, set())
            if exported.cluster is not None:
                clusters[exported.folder].add(exported.cluster)
    for folder, before in manifest.folders.items():
        if folder not in homes and (folder in clusters or folder in contents.folders):
            clusters.setdefault(folder, set()).update(before.clusters)
    return {
        folder: ExportedFolder(person=_person(manifest, folder, found, snapshot), clusters=tuple(sorted(found)))
        for folder, found in clusters.items()
    }


def _person(manifest: ClusterManifest, folder: str, clusters: Iterable[int], snapshot: StoreSnapshot) -> str | None:
    if folder in manifest.folders:
        return manifest.folders[folder].person
    rows = [row for cluster in clusters if (row := snapshot.clusters.get(snapshot.live.get(cluster, cluster)))]
    return next((row.name for row in rows if row.name is not None), None)
